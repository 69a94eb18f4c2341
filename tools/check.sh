#!/usr/bin/env bash
# tools/check.sh [BASE]: format, style and clang-tidy. clang-tidy is slow: it sees the .cc files that differ from BASE
# (default: origin/main, else the last commit; TIDY_ALL=1: all) and stops after TIDY_SECONDS (80).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${JOBS:=$(nproc)}" "${TIDY_SECONDS:=80}" "${TIDY_ALL:=0}"
failed=0

mapfile -t sources < <(tools/sources.sh)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
clang-format-16 --dry-run -Werror "${sources[@]}" >"$log" 2>&1 || {
  grep 'error:' "$log" | cut -d: -f1 | uniq | sed 's/$/: not formatted (make format)/'
  failed=1
}
python3 tools/check_style.py || failed=1
python3 tools/check_style_test.py >/dev/null 2>&1 || { echo "tools/check_style_test.py fails"; failed=1; }

cmake --preset tidy >/dev/null
changed() {
  if [[ $TIDY_ALL == 1 ]]; then
    cat
    return
  fi
  local base=${1:-}
  [[ -n $base ]] || base=$(git rev-parse -q --verify origin/main || git rev-parse -q --verify HEAD || true)
  if [[ -n $base && $base != $(git rev-parse -q --verify HEAD || true) ]] || [[ -n $(git status --porcelain) ]]; then
    grep -Fxf <(git diff --name-only "${base:-HEAD}" 2>/dev/null; git ls-files -o --exclude-standard) || true
  fi  # a clean checkout with nothing to compare to: nothing has changed
}
mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep '\.cc$' | grep -v '^tests/consumer/\|^fuzz/\|^python/' | changed "${1:-}")
if ((${#units[@]})); then
  printf '%s\0' "${units[@]}" | timeout "$TIDY_SECONDS" xargs -0 -n 1 -P "$JOBS" \
    sh -c 'clang-tidy-16 -p build/tidy --quiet "$0" 2>/dev/null && echo "tidy: clean $0" || echo "tidy: findings $0"' >"$log" || true
  grep -v '^tidy: ' "$log" || true
  clean=$(grep -c '^tidy: clean' "$log" || true)
  findings=$(grep -c '^tidy: findings' "$log" || true)
  echo "clang-tidy: $clean files clean, $findings with findings," \
    "$((${#units[@]} - clean - findings)) not reached within TIDY_SECONDS=$TIDY_SECONDS"
  ((findings == 0)) || failed=1
fi
exit "$failed"
