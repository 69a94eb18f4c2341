// sapwood export FILE [COLLECTION]: JSON lines that import reads back.
#include "cli/import_json.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "All is of one moment, even while others write. Each collection starts with a header line:\n"
    "  "
    "{\"sapwood\":{\"collection\":\"mass\",\"kind\":\"sorted_map\",\"key\":\"string\",\"value\":\"double\",\"count\":2}"
    "}\n"
    "  {\"key\":\"H\",\"value\":1.008}\n"
    "Nothing is lost: bytes, and strings that are not UTF-8, are {\"base64\":\"...\"}; doubles that are no number are\n"
    "\"nan\", \"inf\" and \"-inf\"; values of type any are JSON with {\"$bytes\":\"00ff\"} and the like; a document of "
    "type\n"
    "json that is not written as compact as it can be is {\"$json\":\"...\"}. The output is JSON with or without "
    "--json.\n\n"
    "Examples:\n"
    "  sapwood export lab.sapwood > lab.jsonl\n"
    "  sapwood export lab.sapwood frames | sapwood import copy.sapwood - --into frames\n"
    "  sapwood export lab.sapwood mass --no-header | jq .value";

}  // namespace

int run_export(Command& command) {
  std::optional<std::string> name;
  bool no_header = false;
  command.optional("COLLECTION", name, "only this one; by default all");
  command.flag("--no-header", no_header, "entries only");
  command.footer(kHelp);
  command.parse();

  const Database database = open_to_read(command.file());
  const ReadTxn txn = database.read();
  if (name) find_collection(database, txn, *name);
  std::vector<CollectionInfo> collections = txn.collections();
  std::erase_if(collections, [&](const CollectionInfo& info) { return name && info.name != *name; });
  std::uint64_t done = 0, total = 0;
  for (const CollectionInfo& info : collections) total += info.count;

  ProgressLine progress("export", "entries", true);
  for (const CollectionInfo& info : collections) {
    if (!no_header) print_json(export_header(info.name, info.types, info.count));
    txn.any(info.name).scan({}, [&](const AnyEntry& entry) {
      Json line = Json::object();
      if (info.types.has_keys()) line["key"] = to_json(info.types.key, entry.key);
      if (info.types.has_values()) line["value"] = to_json(info.types.value, entry.value);
      print_json(line);
      if (++done % 256 == 0) progress.update({done, total});
      return true;
    });
  }
  return kOk;
}

}  // namespace sapwood::cli
