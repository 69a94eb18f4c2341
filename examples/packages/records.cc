#include "records.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <source_location>
#include <stdexcept>

namespace {

constexpr std::size_t kFewRecords = 1000;  // a machine that never fetched an index knows what is installed only

std::string read_apt_cache() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen("apt-cache dumpavail 2>/dev/null", "r"), pclose);
  std::string text;
  if (!pipe) return text;
  std::vector<char> buffer(1 << 20);
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    text.append(buffer.data(), count);
  }
  return text;
}

std::string read_sample() {
  const std::filesystem::path here = std::source_location::current().file_name();
  const std::filesystem::path sample = here.parent_path().parent_path() / "data" / "packages-sample.txt";
  for (const std::filesystem::path& path : {sample, std::filesystem::path("examples/data/packages-sample.txt")}) {
    std::ifstream file(path, std::ios::binary);
    if (file) return {std::istreambuf_iterator<char>(file), {}};
  }
  throw std::runtime_error("found neither `apt-cache dumpavail` nor " + sample.string());
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> records;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    std::string_view record = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    while (record.ends_with('\n')) record.remove_suffix(1);
    while (record.starts_with('\n')) record.remove_prefix(1);
    if (!field(record, "Package").empty()) records.push_back(record);
  }
  return records;
}

}  // namespace

std::string_view field(std::string_view record, std::string_view name) {
  while (!record.empty()) {
    const std::size_t end = record.find('\n');
    std::string_view line = record.substr(0, end);
    record.remove_prefix(end == std::string_view::npos ? record.size() : end + 1);
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }
  return {};
}

void read_package_index(PackageIndex& index, bool only_sample) {
  if (!only_sample) {
    index.text = read_apt_cache();
    index.records = split(index.text);
    index.origin = "`apt-cache dumpavail`";
    if (index.records.size() >= kFewRecords) return;
  }
  index.text = read_sample();
  index.records = split(index.text);
  index.origin = "the sample that comes with the source";
  if (index.records.empty()) throw std::runtime_error("the sample in examples/data has no records");
}
