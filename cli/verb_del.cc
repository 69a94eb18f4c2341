// sapwood del FILE COLLECTION [KEY|POSITION]: deletes an entry, a range, or a collection.
#include <cstdio>

#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "Exit code 1 if there was nothing to delete. A range is deleted in one transaction: all of it or nothing.\n\n"
    "Examples:\n"
    "  sapwood del lab.sapwood mass H               a key\n"
    "  sapwood del lab.sapwood frames -1            the last item of a list\n"
    "  sapwood del lab.sapwood mass --from H --to P keys from H up to, not including, P\n"
    "  sapwood del lab.sapwood frames --from 10     all items from position 10 on\n"
    "  sapwood del lab.sapwood mass --all           all entries; the collection stays\n"
    "  sapwood del lab.sapwood mass --drop          the collection with all it holds";

struct Request {
  std::string collection;
  std::optional<std::string> key;
  Selection selection;
  bool all = false;
  bool drop = false;
};

void check(const Request& request) {
  const int ways =
      (request.key ? 1 : 0) + (request.selection.is_given() ? 1 : 0) + (request.all ? 1 : 0) + (request.drop ? 1 : 0);
  if (ways == 0) throw UsageError("say what to delete: a KEY, a range (--from, --to, --prefix), --all or --drop");
  if (ways > 1) throw UsageError("give only one of KEY, a range, --all and --drop");
}

std::uint64_t erase_one(const Request& request, AnyCollection& collection) {
  if (collection.types().has_keys()) {
    return collection.erase(parse_argument(collection.types().key, *request.key)) ? 1 : 0;
  }
  const std::optional<std::uint64_t> position = parse_position(*request.key, collection.size());
  if (!position) return 0;
  collection.erase_at(*position);
  return 1;
}

std::uint64_t erase_selected(const Request& request, AnyCollection& collection) {
  if (collection.types().has_keys()) {
    return collection.erase_range(scan_of(request.selection, collection));
  }
  const Positions positions = positions_of(request.selection, collection);
  if (positions.count != 0) collection.erase_at(positions.first, positions.count);
  return positions.count;
}

std::uint64_t erase(const Request& request, WriteTxn& txn, AnyCollection& collection) {
  if (request.key) return erase_one(request, collection);
  if (request.selection.is_given()) return erase_selected(request, collection);
  const std::uint64_t count = collection.size();
  if (request.drop) txn.drop(request.collection);
  else collection.clear();
  return count;
}

}  // namespace

int run_del(Command& command) {
  Request request;
  command.required("COLLECTION", request.collection, "where to delete");
  command.optional("KEY", request.key, "a key; in a list a position, -1 is the last");
  request.selection.declare(command);
  command.flag("--all", request.all, "all entries; the collection stays");
  command.flag("--drop", request.drop, "the collection itself");
  command.footer(kHelp);
  command.parse();
  check(request);

  Database database = open_to_write(command.file());
  WriteTxn txn = database.begin_write();
  AnyCollection collection = find_collection(database, txn, request.collection);
  const std::uint64_t size = collection.size();
  const bool is_list = !collection.types().has_keys();
  const std::uint64_t count = erase(request, txn, collection);
  if (count != 0 || request.drop) txn.commit();
  else txn.rollback();
  database.close();
  if (command.json()) {
    print_json(
        Json::object({{"collection", to_json(request.collection)}, {"deleted", count}, {"dropped", request.drop}}));
  } else if (!request.key) {
    print(counted(count, "item") + " deleted\n");
  }
  if (count != 0 || request.drop) return kOk;
  if (request.key) {
    std::fprintf(stderr, "sapwood: del: %s: %s has no %s '%s'; it has %s\n", command.file().c_str(),
                 request.collection.c_str(), is_list ? "position" : "key", escaped(*request.key).c_str(),
                 counted(size, "item").c_str());
  }
  return kFoundNothing;
}

}  // namespace sapwood::cli
