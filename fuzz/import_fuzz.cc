// The input is what `sapwood import` reads: the first bytes choose format and types, the rest is the file. Whatever it
// holds ends in an error or in a sound database.
#include <cstdio>
#include <stdexcept>

#include "cli/command.h"
#include "cli/import_csv.h"
#include "cli/import_reader.h"
#include "cli/importer.h"
#include "fuzz/use_database.h"
#include "sapwood/any.h"

namespace sapwood::fuzz {
namespace {

using cli::ImportFields;
using cli::ImportFormat;
using cli::ImportReader;
using cli::ImportTarget;

constexpr std::size_t kChoices = 4;  // bytes before the file
constexpr const char* kTypes[] = {"string", "bytes", "int32",    "int64", "int128", "double",
                                  "bool",   "uuid",  "datetime", "json",  "any",    "tuple<int64, string>"};

struct Choices {
  ImportFormat format;
  CollectionTypes types;
  ImportFields fields;
  cli::CsvOptions csv;
  cli::Importer::Settings settings;
};

const char* type_at(std::uint8_t byte) { return kTypes[byte % std::size(kTypes)]; }

Choices choose(const std::uint8_t* bytes) {
  Choices choices;
  choices.format = static_cast<ImportFormat>(bytes[0] % 4);
  choices.types.kind = static_cast<CollectionKind>(1 + bytes[0] / 4 % 5);
  if (choices.types.has_keys()) choices.types.key = type_of_name(type_at(bytes[1]));
  if (choices.types.has_values()) choices.types.value = type_of_name(type_at(bytes[2]));
  if (choices.types.has_keys()) choices.fields.key = "key";
  if (bytes[3] % 2 == 0) choices.fields.value = "value";
  choices.csv.has_header = bytes[3] / 2 % 2 == 0;
  if (!choices.csv.has_header) choices.fields = {choices.fields.key ? "1" : choices.fields.key, "2"};
  choices.settings.batch = 1 + bytes[3] / 4 % 8;
  choices.settings.replace = bytes[3] / 32 % 2 == 1;
  return choices;
}

void import(Database& database, const Choices& choices, cli::LineSource& source) {
  cli::Importer importer(database, source, choices.settings);
  const ImportTarget target{"main", choices.types};
  if (choices.format == ImportFormat::csv) {
    cli::CsvReader reader(source, choices.csv, choices.fields);
    reader.set_target(target);
    importer.run(reader, target);
  } else if (choices.format == ImportFormat::exported) {
    importer.run(*cli::read_exported(source), std::nullopt);
  } else if (choices.format == ImportFormat::debian) {
    importer.run(*cli::read_debian(source, choices.types, choices.fields), target);
  } else {
    importer.run(*cli::read_json_lines(source, choices.types, choices.fields), target);
  }
}

void run(const std::uint8_t* data, std::size_t size) {
  if (size <= kChoices) return;
  os::SimDisk disk(1);
  Database database = Database::open(kPath, fuzz_options(disk));
  std::string text(reinterpret_cast<const char*>(data) + kChoices, size - kChoices);
  try {
    cli::LineSource source("input", ::fmemopen(text.data(), text.size(), "r"));
    import(database, choose(data), source);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw;
  } catch (const std::runtime_error&) {
  }
  if (!database.check().empty()) throw std::logic_error("an import damaged the database");
}

}  // namespace
}  // namespace sapwood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sapwood::fuzz::run(data, size);
  return 0;
}
