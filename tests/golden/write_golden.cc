// write_golden FOLDER: makes those golden files of the present format version that FOLDER lacks: v1.sapwood,
// v1-records.sapwood, v1-types.sapwood, v1-killed.sapwood with its log, both of nested collections, small ones of
// which are inline today and were not in v1-nested, and both of forms. Files of a released version are never made
// again; a look at what would be made today goes to another folder.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/support/golden.h"
#include "tests/support/golden_forms.h"
#include "tests/support/golden_nested.h"
#include "tests/support/golden_types.h"

namespace {

void write_absent(const std::filesystem::path& path, const std::string& bytes) {
  const bool there = std::filesystem::exists(path);
  if (!there && !(std::ofstream(path, std::ios::binary) << bytes).flush())
    throw std::runtime_error("cannot write " + path.string());
  std::printf("%s %s\n", there ? "kept" : "made", path.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: write_golden FOLDER\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = arguments[1];
    write_absent(folder / "v1.sapwood", sapwood::test::make_golden(sapwood::test::golden_model()));
    write_absent(folder / "v1-records.sapwood", sapwood::test::make_golden(sapwood::test::golden_records_model()));
    const sapwood::test::GoldenImages types = sapwood::test::make_golden_types();
    write_absent(folder / "v1-types.sapwood", types.closed);
    write_absent(folder / "v1-killed.sapwood", types.killed);
    write_absent(folder / "v1-killed.sapwood-log", types.killed_log);
    const sapwood::test::GoldenImages nested = sapwood::test::make_golden_nested();
    write_absent(folder / "v1-nested.sapwood", nested.closed);
    write_absent(folder / "v1-nested-killed.sapwood", nested.killed);
    write_absent(folder / "v1-nested-killed.sapwood-log", nested.killed_log);
    write_absent(folder / "v1-inline.sapwood", nested.closed);
    write_absent(folder / "v1-inline-killed.sapwood", nested.killed);
    write_absent(folder / "v1-inline-killed.sapwood-log", nested.killed_log);
    const sapwood::test::GoldenImages forms = sapwood::test::make_golden_forms();
    write_absent(folder / "v1-forms.sapwood", forms.closed);
    write_absent(folder / "v1-forms-killed.sapwood", forms.killed);
    write_absent(folder / "v1-forms-killed.sapwood-log", forms.killed_log);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_golden: %s\n", error.what());
    return 1;
  }
  return 0;
}
