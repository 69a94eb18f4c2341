#!/usr/bin/env bash
# tools/python_tests.sh [asan]: builds the wheel, installs it into a clean virtual environment in build/, checks what is in
# it and runs the tests of the Python package against it. With `asan`: the same tests against an extension module built
# with the address and undefined-behaviour sanitizers. PYTHON names the interpreter (python3).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
: "${PYTHON:=python3}" "${JOBS:=$(nproc)}"

environment() {  # a virtual environment with the packages that are named
  local folder=$1
  shift
  [[ -x $folder/bin/python ]] || "$PYTHON" -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}
requirements() {  # of a list in pyproject.toml
  "$PYTHON" -c 'import sys, tomllib
found = tomllib.load(open("pyproject.toml", "rb"))
for key in sys.argv[1].split("/"): found = found[key]
print(*found, sep="\n")' "$1"
}
mapfile -t to_build < <(requirements build-system/requires)
mapfile -t to_test < <(requirements project/optional-dependencies/test)

if [[ ${1:-} == asan ]]; then
  environment build/python-asan "${to_build[@]}" "${to_test[@]}"
  python=$root/build/python-asan/bin/python
  cmake --preset asan --log-level=WARNING -DSAPWOOD_BUILD_PYTHON=ON -DPython_EXECUTABLE="$python" >/dev/null
  cmake --build --preset asan -j "$JOBS" --target sapwood_python
  package=$root/build/asan/python/sapwood
  mkdir -p "$package"
  cp python/sapwood/*.py build/asan/_core*.so "$package"
  # The interpreter's own leaks are not ours; a failed allocation is to raise MemoryError.
  cd build/asan
  LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)" PYTHONPATH=$root/build/asan/python \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 PYTHONMALLOC=malloc \
    "$python" -m pytest -q -p no:cacheprovider -c "$root/pyproject.toml" --rootdir "$root" "$root/python/tests"
  exit 0
fi

environment build/python-build "${to_build[@]}" build "cmake>=3.26" ninja
rm -rf build/wheels
build/python-build/bin/python -m build --wheel --no-isolation --outdir build/wheels . >build/wheel.log 2>&1 ||
  { tail -40 build/wheel.log; exit 1; }
wheel=$(echo build/wheels/*.whl)
"$PYTHON" tools/check_wheel.py "$wheel"
rm -rf build/python-test
environment build/python-test "$wheel" "${to_test[@]}"
build/python-test/bin/sapwood --version
cd build  # where the sources are not found by chance
"$root/build/python-test/bin/python" -m mypy --config-file "$root/pyproject.toml" -p sapwood
"$root/build/python-test/bin/python" -m mypy --config-file "$root/pyproject.toml" "$root/python/tests/test_typing.py"
"$root/build/python-test/bin/python" -m pytest -q -p no:cacheprovider -c "$root/pyproject.toml" --rootdir "$root" \
  "$root/python/tests" "$root/docs/python.md"
