#!/usr/bin/env python3
"""check_wheel.py WHEEL: whether all that the package needs is in the wheel, and nothing else. Prints what is wrong."""
import os
import re
import sys
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    source = os.path.join(ROOT, "python", "sapwood")
    wanted = {f"sapwood/{name}" for name in os.listdir(source) if name.endswith(".py")}
    wanted |= {"sapwood/py.typed", "sapwood/_core.pyi"}
    wrong = [f"missing: {name}" for name in sorted(wanted - set(names))]
    for what, pattern in [("extension module", r"sapwood/_core\.[\w.-]*so"), ("command", r"[\w.-]+\.data/scripts/sapwood")]:
        if sum(1 for name in names if re.fullmatch(pattern, name)) != 1:
            wrong.append(f"not just one {what}: {pattern}")
    known = r"sapwood/(\w+\.py|py\.typed|_core\.pyi|_core\.[\w.-]*so)|[\w.-]+\.data/scripts/sapwood|[\w.-]+\.dist-info/.*"
    wrong += [f"unexpected: {name}" for name in names if not re.fullmatch(known, name)]
    print(*wrong, f"{os.path.basename(wheel)}: {len(names)} files, {len(wrong)} findings", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
