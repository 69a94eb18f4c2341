#!/usr/bin/env bash
# tools/soak.sh SECONDS ITEMS KILLS: builds, changes and checks a list of ITEMS numbers, kills processes KILLS times while
# others go on, then runs the randomised tests with new seeds until the time is over; stops at the first failure and prints
# the seed. SAPWOOD_SEED=<seed> make test replays it.
set -euo pipefail
cd "$(dirname "$0")/.."
SAPWOOD_BENCH_DIR=build build/release/bench/list_soak "${2:-100000000}"
new_seed() { echo $((RANDOM << 30 | RANDOM << 15 | RANDOM)); }

kills=0
: >build/kills.log
while ((kills < ${3:-10000})); do
  export SAPWOOD_SEED=$(new_seed)
  SAPWOOD_SOAK=4 build/dev/processes_test >build/soak.log 2>&1 || {
    tail -n 80 build/soak.log
    echo "failed with SAPWOOD_SEED=$SAPWOOD_SEED SAPWOOD_SOAK=4 (whole output: build/soak.log)"
    exit 1
  }
  grep ' kills, ' build/soak.log >>build/kills.log
  kills=$(awk '{ kills += $1 } END { print kills }' build/kills.log)
done
awk '{ kills += $1; stops += $3; commits += $10; if ($(NF - 1) > longest) longest = $(NF - 1) }
  END { print kills " kills, " stops " stops, " commits " acknowledged commits; longest wait to write " longest " ms" }' build/kills.log

end=$((SECONDS + ${1:-600}))
round=0
while ((SECONDS < end)); do
  round=$((round + 1))
  export SAPWOOD_SEED=$(new_seed)
  echo "round $round, SAPWOOD_SEED=$SAPWOOD_SEED"
  tools/run_tests.sh dev -R 'Model|Random|Sweep|Crash|Fault|Thread|Oracle|AgreesWith|Churn' >build/soak.log 2>&1 || {
    tail -n 80 build/soak.log
    echo "failed with SAPWOOD_SEED=$SAPWOOD_SEED (whole output: build/soak.log)"
    exit 1
  }
done
echo "$round rounds passed"
