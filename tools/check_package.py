#!/usr/bin/env python3
"""check_package.py FILE...: whether each wheel and source archive of the Python package has all that is needed, and
nothing else. Prints what is wrong."""
import os
import re
import sys
import tarfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODULE = r"sapwood/_core\.[\w.-]*so"
COMMAND = r"[\w.-]+\.data/scripts/sapwood"
# `auditwheel repair` adds the libraries, moves the command, and lists both.
REPAIRED = r"sapwood\.(libs/lib[\w.-]+|scripts/sapwood)"
WHEEL = rf"sapwood/(\w+\.py|py\.typed|_core\.pyi)|{MODULE}|{COMMAND}|{REPAIRED}|[\w.-]+\.dist-info/.*"

# The layers come from CMakeLists.txt.
BUILT_OF = ["cli", "cmake", "include", "python/native", "python/sapwood"]
TOP = {"CHANGELOG.md", "CMakeLists.txt", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "python/README.md"}
LEFT_OUT = r".*_test\.cc|.*\.so|.*\.pyc"


def wheel_findings(names):
    source = os.path.join(ROOT, "python", "sapwood")
    wanted = {f"sapwood/{name}" for name in os.listdir(source) if name.endswith(".py")}
    wanted |= {"sapwood/py.typed", "sapwood/_core.pyi"}
    wrong = [f"missing: {name}" for name in sorted(wanted - names)]
    for what, pattern in [("extension module", MODULE), ("command", COMMAND)]:
        if sum(1 for name in names if re.fullmatch(pattern, name)) != 1:
            wrong.append(f"not just one {what}: {pattern}")
    return wrong + [f"unexpected: {name}" for name in sorted(names) if not re.fullmatch(WHEEL, name)]


def source_findings(names):
    names = {name.partition("/")[2] for name in names}
    wanted = set(TOP)
    with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as build:
        layers = re.search(r"set\(SAPWOOD_LAYERS ([^)]*)\)", build.read())[1].split()
    for folder in BUILT_OF + layers:
        for path, _, files in os.walk(os.path.join(ROOT, folder)):
            wanted |= {os.path.relpath(os.path.join(path, name), ROOT) for name in files}
    wanted = {name for name in wanted if not re.fullmatch(LEFT_OUT, name)}
    folders = ["docs", "python/bench", "python/tests"]
    unexpected = [name for name in names - wanted if not any(name.startswith(f"{folder}/") for folder in folders)]
    return [f"missing: {name}" for name in sorted(wanted - names)] + [f"unexpected: {name}" for name in sorted(unexpected)]


def findings(package):
    if package.endswith(".whl"):
        with zipfile.ZipFile(package) as archive:
            names = {name for name in archive.namelist() if not name.endswith("/")}
        return names, wheel_findings(names)
    with tarfile.open(package) as archive:
        names = {member.name for member in archive if member.isfile()}
    return names, source_findings(names)


def main(packages):
    failed = False
    for package in packages:
        names, wrong = findings(package)
        print(*wrong, f"{os.path.basename(package)}: {len(names)} files, {len(wrong)} findings", sep="\n")
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
