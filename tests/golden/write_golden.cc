// write_golden PATH: makes the golden file of the present format version. Run once a version; never to replace a file.
#include <cstdio>

#include "tests/support/golden.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: write_golden PATH\n");
    return 2;
  }
  try {
    sapwood::test::write_golden(arguments[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_golden: %s\n", error.what());
    return 1;
  }
  return 0;
}
