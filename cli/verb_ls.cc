// sapwood ls FILE [COLLECTION]: the collections.
#include <fmt/format.h>

#include <algorithm>

#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

void print_table(const std::vector<CollectionInfo>& collections) {
  std::size_t name_width = 4, types_width = 5;
  for (const CollectionInfo& info : collections) {
    name_width = std::max(name_width, escaped(info.name).size());
    types_width = std::max(types_width, describe(info.types).size());
  }
  for (const CollectionInfo& info : collections) {
    print(fmt::format("{:<{}}  {:<{}}  {:>12}\n", escaped(info.name), name_width, describe(info.types), types_width,
                      with_thousands(info.count)));
  }
}

}  // namespace

int run_ls(Command& command) {
  WantedVersion version;
  std::optional<std::string> name;
  command.optional("COLLECTION", name, "only this one");
  version.declare(command);
  command.footer("Examples:\n  sapwood ls lab.sapwood\n  sapwood ls lab.sapwood --json | jq '.collections[].name'");
  command.parse();

  const Database database = open_to_read(command.file());
  const ReadTxn txn = version.read(database);
  std::vector<CollectionInfo> collections = txn.collections();
  if (name) {
    find_collection(database, txn, *name);
    std::erase_if(collections, [&](const CollectionInfo& info) { return info.name != *name; });
  }
  if (!command.json()) {
    print_table(collections);
    return kOk;
  }
  Json list = Json::array();
  for (const CollectionInfo& info : collections) list.push_back(collection_json(info));
  print_json(Json::object({{"file", command.file()}, {"collections", list}}));
  return kOk;
}

}  // namespace sapwood::cli
