#!/usr/bin/env bash
# tools/arm64.sh [CTEST-OPTION...]: builds the tests for ARM64 with Debian's cross compiler and runs them under QEMU; by
# default the tests of base, os and storage and those of threads. Installs the compiler and QEMU (root), and unpacks the
# ARM64 libraries under build/arm64/root; the system's own list of architectures stays as it is.
#
# What this shows: that the code compiles for another processor, that atomics are free of locks and aligned, that nothing
# relies on the sign of char. What it does not: QEMU on x86 reorders memory hardly more than x86 does, so a barrier that
# is missing is likely to go unnoticed; run `make test` on an ARM64 machine for that.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${JOBS:=$(nproc)}"
tools/setup.sh arm64

root=build/arm64/root
if [[ ! -e $root/usr/include/zstd.h ]]; then
  mkdir -p "$root" build/arm64/apt/lists/partial build/arm64/apt/archives/partial
  touch build/arm64/apt/status
  (
    cd build/arm64/apt
    options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$PWD/lists"
      -o "Dir::State::status=$PWD/status" -o "Dir::Cache=$PWD" -o APT::Sandbox::User= -o Acquire::Languages=none)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" download libgtest-dev librapidcheck-dev libxxhash-dev libzstd-dev libzstd1
    for package in *.deb; do dpkg -x "$package" ../root; done
  )
  rm -rf build/arm64/apt
fi

cmake --preset arm64 --log-level=WARNING --no-warn-unused-cli >/dev/null
if (($# > 0)); then
  cmake --build --preset arm64 -j "$JOBS"
  exec tools/run_tests.sh arm64 "$@"
fi
cmake --build --preset arm64 -j "$JOBS" --target base_tests os_tests storage_tests threads_test
failed=0
for tests in base_tests os_tests storage_tests threads_test; do
  echo "== $tests"
  # The crash sweep of storage takes minutes here and has no threads.
  qemu-aarch64-static -L /usr/aarch64-linux-gnu "build/arm64/$tests" --gtest_brief=1 --gtest_filter=-CrashTest.* || failed=1
done
exit "$failed"
