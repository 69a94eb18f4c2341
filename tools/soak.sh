#!/usr/bin/env bash
# tools/soak.sh SECONDS ITEMS: builds, changes and checks a list of ITEMS numbers, then runs the randomised tests with new
# seeds until the time is over; stops at the first failure and prints the seed. SAPWOOD_SEED=<seed> make test replays it.
set -euo pipefail
cd "$(dirname "$0")/.."
SAPWOOD_BENCH_DIR=build build/release/bench/list_soak "${2:-100000000}"
end=$((SECONDS + ${1:-600}))
round=0
while ((SECONDS < end)); do
  round=$((round + 1))
  export SAPWOOD_SEED=$((RANDOM << 30 | RANDOM << 15 | RANDOM))
  echo "round $round, SAPWOOD_SEED=$SAPWOOD_SEED"
  tools/run_tests.sh dev -R 'Model|Random|Sweep|Crash|Fault|Thread|Oracle|AgreesWith|Churn' >build/soak.log 2>&1 || {
    tail -n 80 build/soak.log
    echo "failed with SAPWOOD_SEED=$SAPWOOD_SEED (whole output: build/soak.log)"
    exit 1
  }
done
echo "$round rounds passed"
