#!/usr/bin/env bash
# tools/python_tests.sh [asan|WHEEL]: builds the wheel of the Python package and its source archive (build/wheels), checks
# what is in them, installs the wheel into a clean virtual environment in build/ and runs the package's tests there. With
# WHEEL: tests that one. With `asan`: the same tests against an extension module built with the address and
# undefined-behaviour sanitizers. PYTHONS names the interpreters (python3); a wheel that serves several is built once.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
: "${PYTHONS:=python3}" "${JOBS:=$(nproc)}"
export CMAKE_BUILD_PARALLEL_LEVEL=$JOBS PIP_DISABLE_PIP_VERSION_CHECK=1

environment() {  # a virtual environment with the packages that are named
  local folder=$1
  shift
  [[ -x $folder/bin/python ]] || "$PYTHON" -m venv "$folder"
  "$folder/bin/pip" install --quiet --prefer-binary "$@"
}
requirements() {  # of a list in pyproject.toml
  "$PYTHON" -c 'import sys, tomllib
found = tomllib.load(open("pyproject.toml", "rb"))
for key in sys.argv[1].split("/"): found = found[key]
print(*found, sep="\n")' "$1"
}
run_tests() {  # by the interpreter that is named; of these files
  local python=$1
  shift
  "$python" -m pytest -q -n "$JOBS" -p no:cacheprovider -c "$root/pyproject.toml" --rootdir "$root" "$root/python/tests" "$@"
}

test_sanitized() {
  environment "$folder/asan" "${to_build[@]}" "${to_test[@]}"
  local python=$root/$folder/asan/bin/python package=$root/build/asan/python/sapwood
  # What another interpreter left would be taken for this one's.
  rm -f build/asan/_core*.so
  cmake --preset asan --log-level=WARNING -U 'Python*' -U '_Python*' -U 'nanobind*' -DSAPWOOD_BUILD_PYTHON=ON \
    -DPython_EXECUTABLE="$python" >/dev/null
  cmake --build --preset asan --target sapwood_python
  rm -rf "$package"
  mkdir -p "$package"
  cp python/sapwood/*.py build/asan/_core*.so "$package"
  # The interpreter's own leaks are not ours; a failed allocation is to raise MemoryError.
  (
    cd build/asan
    export LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)"
    export PYTHONPATH=$root/build/asan/python PYTHONMALLOC=malloc
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
    run_tests "$python"
  )
}

build_wheel() {
  environment "$folder/build" "${to_build[@]}" build "cmake>=3.26" ninja
  "$folder/build/bin/python" -m build --sdist --wheel --no-isolation --outdir build/wheels . >build/wheel.log 2>&1 ||
    { tail -40 build/wheel.log; exit 1; }
}
install_wheel() {  # that fits, of those in build/wheels
  "$folder/test/bin/pip" install --quiet --no-index --no-deps --only-binary :all: --find-links build/wheels sapwood
}
test_wheel() {
  rm -rf "$folder/test"
  environment "$folder/test" "${to_test[@]}"
  install_wheel 2>/dev/null || { [[ -n $given ]] || build_wheel; install_wheel; }
  "$PYTHON" tools/check_package.py build/wheels/*
  "$folder/test/bin/sapwood" --version
  (
    cd build  # where the sources are not found by chance
    "$root/$folder/test/bin/python" -m mypy --config-file "$root/pyproject.toml" -p sapwood
    "$root/$folder/test/bin/python" -m mypy --config-file "$root/pyproject.toml" "$root/python/tests/test_typing.py"
    run_tests "$root/$folder/test/bin/python" "$root/docs/python.md"
  )
}

given=${1:-}
if [[ $given != asan ]]; then
  rm -rf build/wheels
  mkdir -p build/wheels
  [[ -z $given ]] || cp "$given" build/wheels
fi
for PYTHON in $PYTHONS; do
  version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2] + sys.abiflags)')
  folder=build/python-$version
  echo "--- Python $version"
  mapfile -t to_build < <(requirements build-system/requires)
  mapfile -t to_test < <(requirements project/optional-dependencies/test)
  if [[ $given == asan ]]; then test_sanitized; else test_wheel; fi
done
