#!/usr/bin/env bash
# tools/run_tests.sh PRESET [CTEST-OPTION...]: ctest on a preset's build, its summary last. JOBS sets the parallelism.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
: "${JOBS:=$(nproc)}"

run=()
if [[ $preset == tsan ]]; then
  # The thread sanitizer of this age cannot place its shadow under a very random address space.
  setarch "$(uname -m)" -R true 2>/dev/null && run=(setarch "$(uname -m)" -R)
fi
export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:${TSAN_OPTIONS:-}"
exec "${run[@]}" ctest --test-dir "build/$preset" -j "$JOBS" --output-on-failure --no-tests=error --no-label-summary "$@"
