#!/usr/bin/env bash
# tools/setup.sh [demo|python|test|bench|arm64]: installs the Debian packages that are missing to build and run the demo
# (default), to build the Python package, to run all tests and checks, to build the benchmarks with every store that they
# know, or to build for ARM64 and run that. Says what it installs. Without root it changes nothing, prints the one command
# and exits 2.
set -euo pipefail

build=(cmake ninja-build g++ ccache pkg-config libxxhash-dev libzstd-dev libfmt-dev libcli11-dev nlohmann-json3-dev)
python=(python3 python3-dev python3-venv)
checks=(libgtest-dev librapidcheck-dev clang-16 clang-format-16 clang-tidy-16 libclang-rt-16-dev xfsprogs)
peers=(python3 liblmdb-dev libsqlite3-dev librocksdb-dev libleveldb-dev libwiredtiger-dev libdb-dev libtkrzw-dev libkyotocabinet-dev)
arm64=(cmake ninja-build g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static)

case "${1:-demo}" in
  demo) packages=("${build[@]}") ;;
  python) packages=("${build[@]}" "${python[@]}") ;;
  test) packages=("${build[@]}" "${python[@]}" "${checks[@]}") ;;
  bench) packages=("${build[@]}" "${peers[@]}") ;;
  arm64) packages=("${arm64[@]}") ;;
  *) echo "usage: tools/setup.sh [demo|python|test|bench|arm64]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query apt-get >/dev/null; then
  echo "Not a Debian system. Sapwood needs these, under whatever name your system gives them:"
  printf '  %s\n' "${packages[@]}"
  echo "(a C++20 compiler, CMake 3.25 and Ninja are enough to build the library; xxhash.h and zstd are its dependencies)"
  for tool in cmake ninja c++; do
    command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 2; }
  done
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

echo "Missing Debian packages: ${missing[*]}"
if ((EUID != 0)); then
  echo "Run this once, then try again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 2
fi
echo "Installing them."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
