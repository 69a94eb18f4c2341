#!/usr/bin/env bash
# Runs every benchmark of the release build, one after the other, and keeps what they print in build/release/bench.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
programs=(build/release/bench/*_bench)
if ((${#programs[@]} == 0)); then
  echo "no benchmark was built (bench/*_bench.cc)" >&2
  exit 1
fi
for program in "${programs[@]}"; do
  echo "== ${program##*/}"
  "$program" "$@"
done | tee build/release/bench.txt
