#!/usr/bin/env python3
"""check_style.py [ROOT]: the rules of the source that a compiler does not check. Prints `file:line: what`; exit 1 if any.

Layers: base -> os -> storage -> tree -> collections -> search -> db; each includes itself and those before it. cli and
examples see public headers only, bench also os/, python also collections/; tests may include anything. Only os/ touches the system. Tests are
*_test.cc, tests/, fuzz/, and headers of a layer that only tests include.
"""
import os
import re
import sys

LAYERS = ["base", "os", "storage", "tree", "collections", "search", "db"]
PROGRAMS = {"cli": {"cli"}, "examples": {"examples"}, "bench": {"bench", "os", "base"},
            "python": {"python", "collections"}}
FREE = ["tests", "fuzz"]  # may include anything
PUBLIC_HEADER_LINES = 200
FILE_LINES = 500
FUNCTION_LINES = 70
COLUMNS = 120

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SYSTEM_HEADER = re.compile(
    r"^(unistd|fcntl|dirent|poll|signal|spawn|termios|pthread|sched|syscall|ftw|glob|netdb|pwd|grp|semaphore|mqueue)\.h$|"
    r"^(sys|linux|asm|arpa|net|netinet)/|^(fstream|filesystem|iostream)$")
SYSTEM_CALL = re.compile(
    r"(?<![\w.>])(?:std::|::)?(fopen|freopen|fread|tmpfile|mkstemp|popen|system|getenv|time)\s*\(|"
    r"std::random_device|(?:system_clock|steady_clock|high_resolution_clock)::now")
PRINTING = re.compile(r"\bstd::(?:printf|puts|cout|cerr|clog|exit|_Exit|quick_exit)\b")
FUNCTION_END = re.compile(r"^(?P<indent> *)\}\s*(?:;|//.*)?$")


def without_comments_and_strings(text):
    """The text with comments and literals blanked, so that lines and columns stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    raw = r'R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"'
    pattern = raw + r'|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def check_includes(folder, is_test, number, kind, header):
    """Complaints on one include of a file in `folder`."""
    own_part = header.split("/")[0] if "/" in header else None
    if own_part == "sapwood":
        return
    if folder in LAYERS:
        if kind == "<":
            if folder != "os" and not is_test and SYSTEM_HEADER.search(header):
                yield number, f"<{header}> outside os/: the system is reached through os/file.h"
        elif own_part in LAYERS:
            if LAYERS.index(own_part) > LAYERS.index(folder):
                yield number, f'"{header}": {folder} may not include {own_part}, a later layer'
            elif header.startswith("os/sim_") and not is_test and folder != "os":
                yield number, f'"{header}": the simulated disk is for tests'
        elif not is_test:
            yield number, f'"{header}": includes are written from the root, and stay within the library'
    elif folder in PROGRAMS and kind == '"' and not is_test:
        if own_part in LAYERS and own_part not in PROGRAMS[folder]:
            yield number, f'"{header}": {folder} uses public headers only (<sapwood/...>)'
    elif folder == "include":
        if kind == '"' or SYSTEM_HEADER.search(header):
            yield number, f"{header}: public headers include light standard headers and sapwood/ only"


def check_lengths(path, lines, code_lines):
    """Complaints on the length of the file and of its functions."""
    if path.startswith("include/") and len(lines) > PUBLIC_HEADER_LINES:
        yield 1, f"{len(lines)} lines: a public header has at most {PUBLIC_HEADER_LINES}"
    elif len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines: past {FILE_LINES} a file holds two concepts"
    for start, length, signature in functions(code_lines):
        if length > FUNCTION_LINES:
            yield start, f"function of {length} lines (at most {FUNCTION_LINES}): {signature}"


def functions(code_lines):
    """(line, length, signature) of each function body, found by indentation as clang-format leaves it.

    A body opens with a line that ends in `{` after a `)`, `const`, `noexcept`, `override` or an initialiser list, and
    closes with `}` at the indentation of the line that the declaration starts on.
    """
    open_stack = []
    for number, line in enumerate(code_lines, 1):
        stripped = line.strip()
        if not stripped:
            continue
        indent = len(line) - len(line.lstrip())
        end = FUNCTION_END.match(line)
        if end:
            while open_stack and open_stack[-1][0] > indent:
                open_stack.pop()
            if open_stack and open_stack[-1][0] == indent:
                _, start, signature, is_function = open_stack.pop()
                if is_function:
                    yield start, number - start + 1, signature
            continue
        if stripped.endswith("{"):
            start, signature = declaration_start(code_lines, number)
            start_line = code_lines[start - 1]
            start_indent = len(start_line) - len(start_line.lstrip())
            text = " ".join(part.strip() for part in code_lines[start - 1:number])
            open_stack.append((start_indent, start, signature, is_function_head(text)))


def declaration_start(code_lines, number):
    """The line on which the statement that ends in `{` on line `number` starts, and its text."""
    start = number
    while start > 1:
        above = code_lines[start - 2].strip()
        if not above or above[-1] in ";{}:" or above.startswith("#"):
            break
        start -= 1
    return start, code_lines[start - 1].strip()[:80]


def is_function_head(text):
    if re.match(r"(?:\} )?(?:if|else|for|while|do|switch|try|catch|case|default|return|namespace)\b", text):
        return False
    if re.match(r"(?:template\s*<.*>\s*)?(?:class|struct|union|enum|extern)\b", text) and "(" not in text:
        return False
    return "(" in text


def check_text(folder, path, is_test, code_lines):
    """Complaints on words that the style forbids."""
    for number, line in enumerate(code_lines, 1):
        if re.search(r"\busing\s+namespace\b", line):
            yield number, "using namespace"
        if re.search(r"^\s*friend\b", line):
            yield number, "friend: change the structure instead"
        macro = re.match(r"\s*#\s*define\s+(\w+)", line)
        if macro and folder in LAYERS and not macro.group(1).startswith(("SAPWOOD_", "XXH_")):
            yield number, f"macro {macro.group(1)}"
        if folder in LAYERS and not is_test and folder != "os":
            call = SYSTEM_CALL.search(line)
            if call:
                yield number, f"{call.group().strip()}: the system is reached through os/file.h"
        if folder in LAYERS and not is_test and PRINTING.search(line):
            yield number, f"{PRINTING.search(line).group()}: the library never prints and never exits"


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def is_test_file(path):
    return path.endswith("_test.cc") or path.split("/")[0] in FREE


def headers_of_tests(root, paths):
    """The headers that tests include, straight or through such a header, and nothing else does."""
    includers = {}
    for path in paths:
        for line in read(root, path).splitlines():
            include = INCLUDE.match(line)
            if include:
                includers.setdefault(include.group(2), set()).add(path)
    found = set()
    while True:
        more = {header for header, by in includers.items()
                if header in paths and header not in found and all(is_test_file(path) or path in found for path in by)}
        if not more:
            return found
        found |= more


def check_file(root, path, is_test=None):
    """All complaints on one file, as (line, text)."""
    text = read(root, path)
    folder = path.split("/")[0]
    if is_test is None:
        is_test = is_test_file(path)
    lines = text.splitlines()
    code_lines = without_comments_and_strings(text).splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns (at most {COLUMNS})"
        include = INCLUDE.match(line)
        if include:
            yield from check_includes(folder, is_test, number, *include.groups())
    yield from check_text(folder, path, is_test, code_lines)
    yield from check_lengths(path, lines, code_lines)
    if path.endswith(".h") and "#pragma once" not in text:
        yield 1, "no #pragma once"


def source_files(root):
    for folder in LAYERS + list(PROGRAMS) + FREE + ["include"]:
        for where, subfolders, names in os.walk(os.path.join(root, folder)):
            subfolders.sort()
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(where, name), root)


def main(arguments):
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    files, complaints = list(source_files(root)), 0
    test_headers = headers_of_tests(root, set(files))
    for path in files:
        for number, what in sorted(check_file(root, path, is_test_file(path) or path in test_headers)):
            complaints += 1
            print(f"{path}:{number}: {what}")
    print(f"style: {len(files)} files, {complaints} findings")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
