#!/usr/bin/env python3
"""Tests of check_style.py and check_kernel_calls.py: each rule sees its offence, and clean code passes."""
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_kernel_calls
import check_style


def findings(path, text):
    """What check_style says of a file at `path` with the given text."""
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, os.path.dirname(path)))
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)
        return [what for _, what in check_style.check_file(root, path)]


class Layers(unittest.TestCase):
    def test_lower_layer_is_fine(self):
        self.assertEqual(findings("tree/a.cc", '#include "base/types.h"\n#include "sapwood/error.h"\n#include <span>\n'), [])

    def test_upper_layer_is_found(self):
        self.assertIn("later layer", findings("storage/a.cc", '#include "tree/tree.h"\n')[0])

    def test_simulated_disk_only_in_tests(self):
        self.assertEqual(len(findings("storage/a.cc", '#include "os/sim_disk.h"\n')), 1)
        self.assertEqual(findings("storage/a_test.cc", '#include "os/sim_disk.h"\n'), [])

    def test_programs_use_public_headers(self):
        self.assertEqual(len(findings("cli/a.cc", '#include "tree/tree.h"\n')), 1)
        self.assertEqual(len(findings("examples/p/a.cc", '#include "base/types.h"\n')), 1)
        self.assertEqual(findings("bench/a.cc", '#include "os/file.h"\n'), [])

    def test_public_header_is_light(self):
        self.assertEqual(len(findings("include/sapwood/a.h", '#pragma once\n#include "base/types.h"\n')), 1)


    def test_headers_that_only_tests_include(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "tree"))
            files = {"tree/a_test.cc": '#include "tree/fake.h"\n', "tree/fake.h": '#include "tree/seed.h"\n',
                     "tree/seed.h": "", "tree/b.cc": '#include "tree/b.h"\n', "tree/b.h": "", "tree/c.h": ""}
            for path, text in files.items():
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertEqual(check_style.headers_of_tests(root, set(files)), {"tree/fake.h", "tree/seed.h"})


class Kernel(unittest.TestCase):
    def test_headers_and_calls_outside_os(self):
        for text in ("#include <unistd.h>\n", "#include <sys/mman.h>\n", "#include <fstream>\n",
                     "void f() { auto* x = std::fopen(name, mode); }\n", "auto t = std::chrono::system_clock::now();\n"):
            self.assertEqual(len(findings("tree/a.cc", text)), 1, text)
            self.assertEqual(findings("os/a.cc", text), [], text)

    def test_symbols_of_objects(self):
        for name in ("open", "open64", "pwritev", "__pread_chk", "fsync", "mmap", "fopen@GLIBC_2.2.5", "syscall"):
            self.assertTrue(check_kernel_calls.FORBIDDEN.match(name), name)
        for name in ("memcpy", "reopen", "open_database", "sapwood::os::open(int)", "pthread_mutex_lock", "malloc"):
            self.assertFalse(check_kernel_calls.FORBIDDEN.match(name), name)

    def test_compiled_call_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            source, compiled = os.path.join(folder, "x.cc"), os.path.join(folder, "x.o")
            with open(source, "w", encoding="utf-8") as file:
                file.write("#include <fcntl.h>\nint f(const char* p) { return open(p, O_RDONLY); }\n")
            subprocess.run(["c++", "-c", source, "-o", compiled], check=True)
            self.assertEqual(check_kernel_calls.main(["tree", compiled]), 1)
            self.assertEqual(check_kernel_calls.main(["os", compiled]), 0)


class Text(unittest.TestCase):
    def test_words(self):
        for text in ("using namespace std;\n", "  friend class B;\n", "#define MAX 3\n", 'void f() { std::printf(x); }\n',
                     "int x" * 30 + ";\n"):
            self.assertEqual(len(findings("tree/a.cc", text)), 1, text)

    def test_comments_and_strings_are_not_code(self):
        self.assertEqual(findings("tree/a.cc", '// using namespace std; fopen(x)\nauto s = "std::fopen(x)";\n'), [])

    def test_header_without_guard(self):
        self.assertEqual(findings("tree/a.h", "int f();\n"), ["no #pragma once"])


class Lengths(unittest.TestCase):
    def body(self, lines):
        return "void Tree::split(int a,\n                 int b) {\n" + "  if (a) {\n    ++a;\n  }\n" * (lines // 3) + "}\n"

    def test_long_function(self):
        self.assertEqual(findings("tree/a.cc", "namespace sapwood {\n" + self.body(60) + "}\n"), [])
        self.assertIn("function of 7", findings("tree/a.cc", "namespace sapwood {\n" + self.body(69) + "}\n")[0])

    def test_long_class_is_not_a_function(self):
        self.assertEqual(findings("tree/a.cc", "class A : public B {\n" + "  int f();\n" * 100 + "};\n"), [])

    def test_long_method_in_class(self):
        text = "class A {\n  void f() const {\n" + "    ++x;\n" * 80 + "  }\n};\n"
        self.assertIn("function of 82", findings("tree/a.cc", text)[0])

    def test_long_files(self):
        self.assertIn("public header", findings("include/sapwood/a.h", "#pragma once\n" + "int f();\n" * 200)[0])
        self.assertIn("two concepts", findings("tree/a.cc", "int f();\n" * 501)[0])


if __name__ == "__main__":
    unittest.main()
