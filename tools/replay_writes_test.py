#!/usr/bin/env python3
"""Tests of tools/replay_writes.py, on a record made here."""
import io
import pathlib
import struct
import sys
import tempfile
import unittest

import replay_writes

BLOCK = 512


def record(entries):
    """Bytes of a record of (offset, size, flags, data)."""
    blocks = [struct.pack("<QQQI", replay_writes.MAGIC, 1, len(entries), BLOCK)]
    for offset, size, flags, data in entries:
        header = struct.pack("<QQQQ", offset // BLOCK, size // BLOCK, flags, len(data))
        if flags & replay_writes.MARK:
            blocks.append(header + data)
        else:
            blocks += [header, data]
    return b"".join(block.ljust(-(-len(block) // BLOCK) * BLOCK, b"\0") for block in blocks)


ENTRIES = [
    (0, 1024, 0, b"a" * 1024),
    (0, 0, replay_writes.MARK, b"made\0"),
    (512, 512, 2, b"b" * 512),
    (0, 0, 1, b""),
    (0, 512, replay_writes.DISCARD, b""),
    (0, 0, replay_writes.MARK, b"7\0"),
]


class ReplayWrites(unittest.TestCase):
    def test_entries_come_back_and_do_what_they_did(self):
        image = io.BytesIO(bytes(1024))
        states, marks = [], []
        for entry in replay_writes.read_entries(io.BytesIO(record(ENTRIES))):
            replay_writes.apply(entry, image)
            states.append(image.getvalue())
            marks.append(entry.mark())
        self.assertEqual(marks, [None, "made", None, None, None, "7"])
        self.assertEqual(states[1], b"a" * 1024)
        self.assertEqual(states[3], b"a" * 512 + b"b" * 512)
        self.assertEqual(states[5], bytes(512) + b"b" * 512)

    def test_a_check_that_fails_ends_it(self):
        with tempfile.TemporaryDirectory() as folder:
            log, image = pathlib.Path(folder, "log"), pathlib.Path(folder, "image")
            log.write_bytes(record(ENTRIES))
            for code in ("0", "1"):
                image.write_bytes(bytes(1024))
                check = [sys.executable, "-c", f"import sys; sys.exit({code} if sys.argv[2] == '7' else 0)"]
                self.assertEqual(replay_writes.main(log, image, 10, 1, check), int(code))
            self.assertEqual(image.read_bytes(), bytes(512) + b"b" * 512)

    def test_other_files_are_refused(self):
        with self.assertRaises(ValueError):
            next(replay_writes.read_entries(io.BytesIO(bytes(4096))))


if __name__ == "__main__":
    unittest.main()
