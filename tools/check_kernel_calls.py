#!/usr/bin/env python3
"""check_kernel_calls.py LAYER OBJECT...: no layer but os calls the kernel.

Reads the undefined symbols of the layer's compiled objects and fails on any that does input or output, maps memory,
asks for processes, time or randomness: all of these go through os/file.h, or the simulated disk could not see them.
"""
import re
import subprocess
import sys

FILES = """open creat close read write pread pwrite preadv pwritev lseek mmap munmap mremap mprotect msync madvise
    ftruncate truncate fallocate posix_fallocate posix_fadvise fsync fdatasync sync sync_file_range syncfs fcntl flock lockf
    ioctl unlink unlinkat remove rename renameat renameat2 link symlink readlink realpath mkdir rmdir mkstemp mkostemp tmpfile
    stat fstat lstat fstatat statx access faccessat chmod fchmod chown opendir readdir dup dup2 pipe poll select
    fopen fdopen freopen fread fwrite fclose fflush fseek fgets fputs puts putchar printf vprintf""".split()
SYSTEM = """syscall fork vfork execve execvp waitpid kill getpid gettid gethostname getrandom getentropy time gettimeofday
    clock_gettime nanosleep usleep sleep getenv setenv sysconf socket connect signal sigaction""".split()
FORBIDDEN = re.compile(r"^(?:__)?(?:%s)(?:64|v2|64v2|_2|64_2)?(?:_chk)?(?:@.*)?$" % "|".join(FILES + SYSTEM))
FORBIDDEN_CXX = re.compile(
    r"std::(?:__cxx11::)?(?:random_device|basic_[io]?fstream|basic_filebuf|filesystem|cout|cerr|clog|_V2::system_clock)|"
    r"std::chrono::_V2::system_clock")

# base/assert.cc prints and aborts: the end of the process, not an access to a file.
ALLOWED = {("base", "assert.cc.o"): {"fputs", "fprintf", "fwrite"}}


def undefined_symbols(path):
    output = subprocess.run(["nm", "-C", "--undefined-only", path], check=True, capture_output=True, text=True).stdout
    return [line.split(maxsplit=1)[1].strip() for line in output.splitlines() if line.strip()]


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    layer, objects = arguments[0], arguments[1:]
    found, references_to_kernel = [], 0
    for path in objects:
        allowed = ALLOWED.get((layer, path.rsplit("/", 1)[-1]), set())
        for symbol in undefined_symbols(path):
            if symbol not in allowed and (FORBIDDEN.match(symbol) or FORBIDDEN_CXX.search(symbol)):
                references_to_kernel += 1
                if layer != "os":
                    found.append(f"{path}: calls {symbol}: only os/ may; use the seam in os/file.h")
    print("\n".join(found) if found else f"{layer}: {len(objects)} objects, {references_to_kernel} kernel symbols")
    if layer == "os" and any("posix" in path for path in objects) and references_to_kernel == 0:
        print("os: no kernel symbol found at all: this checker no longer sees anything")
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
