#!/usr/bin/env bash
# Builds the release preset and runs the example `packages`.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Building (build/release); the first time this takes a few minutes ..."
start=$SECONDS
if ! {
  cmake --preset release &&
    cmake --build --preset release -j "${JOBS:-$(nproc)}" --target example_packages sapwood_cli
} >"$log" 2>&1; then
  cat "$log"
  exit 1
fi
echo "Built in $((SECONDS - start)) s."
echo
exec build/release/examples/packages "$@"
