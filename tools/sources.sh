#!/usr/bin/env bash
# Prints the C++ sources of the project, one a line, from its root.
cd "$(dirname "$0")/.."
find base os storage tree collections search db include cli examples bench python fuzz tests \
  \( -name '*.h' -o -name '*.cc' \) -type f 2>/dev/null | LC_ALL=C sort
