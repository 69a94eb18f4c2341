// Which format a source has.
#include "cli/command.h"
#include "cli/import_json.h"
#include "cli/import_reader.h"

namespace sapwood::cli {
namespace {

bool looks_exported(std::string_view line) {
  if (!line.starts_with("{\"sapwood\":")) return false;
  const Json json = Json::parse(line, nullptr, false);
  return is_export_header(json);
}

bool looks_debian(std::string_view line) {
  const std::size_t colon = line.find(':');
  return line.starts_with('#') || (colon != std::string_view::npos && colon != 0 && line[0] != '-' &&
                                   line.substr(0, colon).find_first_of(" \t{\"[") == std::string_view::npos);
}

}  // namespace

ImportFormat format_of_name(const std::string& name) {
  if (name == "jsonl") return ImportFormat::json_lines;
  if (name == "csv") return ImportFormat::csv;
  if (name == "deb") return ImportFormat::debian;
  if (name == "export") return ImportFormat::exported;
  throw UsageError("unknown format '" + name + "': the formats are jsonl, csv, deb and export");
}

ImportFormat guess_format(LineSource& source) {
  const std::string_view line = source.peek();
  if (looks_exported(line)) return ImportFormat::exported;
  if (source.name().ends_with(".csv")) return ImportFormat::csv;
  for (const char* ending : {".jsonl", ".ndjson", ".json"}) {
    if (source.name().ends_with(ending)) return ImportFormat::json_lines;
  }
  if (line.empty() || Json::accept(line) || line.starts_with('{')) return ImportFormat::json_lines;
  if (looks_debian(line)) return ImportFormat::debian;
  throw UsageError("the format of " + source.name() +
                   " cannot be told from its first line; say --format jsonl, csv or deb");
}

}  // namespace sapwood::cli
