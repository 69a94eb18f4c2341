#!/usr/bin/env bash
# tools/bench.sh [OPTION...]: runs the benchmarks of the release build with these options of store_bench; what they print
# is kept in build/release/bench.txt, the results in build/release/bench.json.
set -euo pipefail
cd "$(dirname "$0")/.."
export SAPWOOD_BENCH_DIR=build/release
build/release/bench/store_bench --json build/release/bench.json "$@" | tee build/release/bench.txt
