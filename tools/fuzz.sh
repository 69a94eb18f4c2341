#!/usr/bin/env bash
# tools/fuzz.sh SECONDS [NAME]: runs the fuzz targets of the fuzz build side by side for so long, from the kept inputs in
# fuzz/corpus/<name>; new inputs go to build/fuzz/corpus/<name>, a failing one to build/fuzz/found/.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
seconds=${1:-60}
found=build/fuzz/found
mkdir -p "$found"
programs=(build/fuzz/fuzz/${2:-*_fuzz})
if ((${#programs[@]} == 0)); then
  echo "no fuzz target was built (fuzz/*_fuzz.cc)" >&2
  exit 1
fi
pids=()
for program in "${programs[@]}"; do
  name=${program##*/}
  folders=("build/fuzz/corpus/$name")
  mkdir -p "${folders[0]}"
  [[ -d fuzz/corpus/$name ]] && folders+=("fuzz/corpus/$name")
  "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$found/$name-" "${folders[@]}" 2>"build/fuzz/$name.log" &
  pids+=($!)
done
failed=0
for i in "${!programs[@]}"; do
  name=${programs[i]##*/}
  echo "== $name, $seconds s"
  if wait "${pids[i]}"; then
    grep -E 'stat::(number_of_executed_units|peak_rss_mb|slowest_unit_time_sec)' "build/fuzz/$name.log"
  else
    tail -n 60 "build/fuzz/$name.log"
    echo "$name failed; the input is in $found/; copy it to fuzz/corpus/$name/ with the repair"
    failed=1
  fi
done
exit "$failed"
