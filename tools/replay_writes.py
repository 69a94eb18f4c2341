#!/usr/bin/env python3
"""tools/replay_writes.py LOG IMAGE POINTS SEED CHECK...: makes IMAGE, a file of zeros, as a disk was at random points of
what a dm-log-writes device recorded in LOG (the kernel's Documentation/admin-guide/device-mapper/log-writes.rst), and runs
CHECK... IMAGE MARK there, MARK being the last one in LOG before. Ends at the first check that fails. For
tools/device_mapper.sh.
"""
import dataclasses
import random
import struct
import subprocess
import sys

MAGIC = 0x6A736677736872
DISCARD, MARK = 4, 8  # FLUSH 1, FUA 2: they tell no bytes


@dataclasses.dataclass
class Entry:
    offset: int  # in the device, bytes
    size: int  # bytes
    flags: int
    data: bytes

    def mark(self):
        return self.data.split(b"\0")[0].decode() if self.flags & MARK else None


def read_entries(log):
    """Yields the entries of an open log, in the order in which the device finished them."""
    magic, _version, count, block = struct.unpack("<QQQI", log.read(28))
    if magic != MAGIC:
        raise ValueError("not the log of a dm-log-writes device")
    at = block
    for _ in range(count):
        log.seek(at)
        sector, sectors, flags, data_size = struct.unpack("<QQQQ", log.read(32))
        if flags & MARK:
            data = log.read(data_size)  # in the entry's own block
            stored = 0
        else:
            stored = 0 if flags & DISCARD else sectors * block
            log.seek(at + block)
            data = log.read(stored)
        yield Entry(sector * block, sectors * block, flags, data)
        at += block + stored


def apply(entry, image):
    """Does to an open image what the entry did to the device."""
    if entry.flags & MARK or entry.size == 0:
        return
    image.seek(entry.offset)
    image.write(bytes(entry.size) if entry.flags & DISCARD else entry.data)


def main(log_path, image_path, points, seed, check):
    with open(log_path, "rb") as log:
        marks = [entry.mark() for entry in read_entries(log)]
    first = next(i for i, mark in enumerate(marks) if mark is not None)  # the file system is made
    chosen = set(random.Random(seed).sample(range(first, len(marks)), min(points, len(marks) - first)))
    chosen.add(len(marks) - 1)
    last = None
    with open(log_path, "rb") as log, open(image_path, "r+b") as image:
        for number, entry in enumerate(read_entries(log)):
            apply(entry, image)
            last = entry.mark() or last
            if number not in chosen:
                continue
            image.flush()
            if subprocess.run([*check, image_path, last]).returncode != 0:
                print(f"failed at entry {number} of {len(marks)}, after mark {last}", file=sys.stderr)
                return 1
    print(f"{len(chosen)} of {len(marks)} points of the record passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
