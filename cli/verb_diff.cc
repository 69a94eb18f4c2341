// sapwood diff FILE A [B]: what changed between two snapshots, or between one and the newest version.
#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

struct Request {
  std::string before;
  std::optional<std::string> after;
  std::optional<std::string> collection;
  bool summary = false;
};

// Prints the changes of collections, and counts them.
class Printer {
 public:
  Printer(const Request& request, bool json) : request_(request), json_(json) {}

  void whole(const CollectionInfo& info, bool is_added) {
    ++changes_;
    if (json_) {
      Json json =
          Json::object({{"collection", to_json(AnyValue(info.name))}, {"change", is_added ? "created" : "dropped"}});
      json["entries"] = info.count;
      print_json(json);
      return;
    }
    print(std::string(is_added ? "created " : "dropped ") + describe(info.types) + " '" + escaped(info.name) +
          "': " + counted(info.count, info.count == 1 ? "entry" : "entrie") + "\n");
  }

  void compare(const AnyCollection& before, const AnyCollection& after) {
    bool is_first = true;
    const CollectionTypes types = after.types();
    const ChangeSummary summary = after.changes_since(before, [&](const AnyChange& change) {
      if (request_.summary) return true;
      if (json_) {
        print_json(as_json(after.name(), types, change));
      } else {
        if (std::exchange(is_first, false)) print(describe(types) + " '" + escaped(after.name()) + "'\n");
        print("  " + as_line(types, change) + "\n");
      }
      return true;
    });
    const std::uint64_t found = summary.added + summary.removed + summary.changed + summary.touched;
    changes_ += found;
    if (!request_.summary || found == 0) return;
    if (json_) {
      print_json(Json::object({{"collection", to_json(AnyValue(after.name()))},
                               {"added", summary.added},
                               {"removed", summary.removed},
                               {"changed", summary.changed},
                               {"touched", summary.touched},
                               {"pages_read", summary.pages_read}}));
    } else {
      print(describe(types) + " '" + escaped(after.name()) + "': " + with_thousands(summary.added) + " added, " +
            with_thousands(summary.removed) + " removed, " + with_thousands(summary.changed) + " changed" +
            (summary.touched != 0 ? ", " + with_thousands(summary.touched) + " touched" : "") + "\n");
    }
  }

  bool found_any() const { return changes_ != 0; }

 private:
  static std::string entry(const CollectionTypes& types, const AnyChange& change, const AnyValue& value,
                           std::uint64_t index) {
    if (!types.has_keys()) return "[" + std::to_string(index) + "] " + line_text(types.value, value);
    if (!types.has_values()) return line_text(types.key, change.key);
    return line_text(types.key, change.key) + "\t" + line_text(types.value, value);
  }

  static std::string as_line(const CollectionTypes& types, const AnyChange& change) {
    if (change.kind == ChangeKind::touched) return "~ " + entry(types, change, *change.after, change.after_index);
    std::string text;
    if (change.before) text = "- " + entry(types, change, *change.before, change.before_index);
    if (change.before && change.after) text += "\n  ";
    if (change.after) text += "+ " + entry(types, change, *change.after, change.after_index);
    return text;
  }

  static Json as_json(const std::string& name, const CollectionTypes& types, const AnyChange& change) {
    Json json = Json::object({{"collection", to_json(AnyValue(name))}, {"change", change_name(change.kind)}});
    if (types.has_keys()) json["key"] = to_json(types.key, change.key);
    if (change.before) {
      if (!types.has_keys()) json["before_position"] = change.before_index;
      if (types.has_values()) json["before"] = to_json(types.value, *change.before);
    }
    if (change.after) {
      if (!types.has_keys()) json["position"] = change.after_index;
      if (types.has_values()) json["after"] = to_json(types.value, *change.after);
    }
    return json;
  }

  const Request& request_;
  bool json_;
  std::uint64_t changes_ = 0;
};

void compare_all(const ReadTxn& before, const ReadTxn& after, const Request& request, Printer& printer) {
  const auto is_asked_for = [&](const CollectionInfo& info) {
    return !request.collection || info.name == *request.collection;
  };
  for (const CollectionInfo& info : before.collections()) {
    if (is_asked_for(info) && !after.has(info.name)) printer.whole(info, false);
  }
  for (const CollectionInfo& info : after.collections()) {
    if (!is_asked_for(info)) continue;
    const bool is_same = before.has(info.name) && before.any(info.name).types() == info.types;
    if (is_same) printer.compare(before.any(info.name), after.any(info.name));
    else printer.whole(info, true);
  }
}

}  // namespace

int run_diff(Command& command) {
  Request request;
  command.required("A", request.before, "name of a snapshot");
  command.optional("B", request.after, "name of another one; without it: the newest version");
  command.option("--collection", request.collection, "only this one");
  command.flag("--summary", request.summary, "only how many entries changed in each collection");
  command.footer(
      "What leads from A to B: lines with - are in A only, with + in B only; both for an entry whose value changed;\n"
      "with ~ where only its time or expiry did.\n"
      "Reads only what differs. Exit code 0 if nothing does, 1 if something does.\n\n"
      "Examples:\n  sapwood diff lab.sapwood monday tuesday\n"
      "  sapwood diff lab.sapwood monday --summary\n"
      "  sapwood diff lab.sapwood monday --collection mass --json");
  command.parse();

  const Database database = open_to_read(command.file());
  const ReadTxn before = database.at(request.before);
  const ReadTxn after = request.after ? database.at(*request.after) : database.read();
  if (request.collection && !before.has(*request.collection)) find_collection(database, after, *request.collection);
  Printer printer(request, command.json());
  compare_all(before, after, request, printer);
  return printer.found_any() ? kFoundNothing : kOk;
}

}  // namespace sapwood::cli
