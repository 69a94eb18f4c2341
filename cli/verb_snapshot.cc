// sapwood snapshot FILE [NAME]: names versions, lists and drops them.
#include <fmt/format.h>

#include <algorithm>

#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

int list(const std::string& path, bool json) {
  const Database database = open_to_read(path);
  const std::uint64_t page_size = database.info().page_size;
  const std::vector<SnapshotInfo> snapshots = database.snapshots();
  if (json) {
    Json all = Json::array();
    for (const SnapshotInfo& snapshot : snapshots) {
      all.push_back(Json::object({{"name", snapshot.name},
                                  {"commit", snapshot.txn},
                                  {"time", time_text(snapshot.commit_time_us)},
                                  {"held_bytes", snapshot.held_pages * page_size}}));
    }
    print_json(Json::object({{"file", path}, {"snapshots", all}}));
    return kOk;
  }
  std::size_t width = 4;
  for (const SnapshotInfo& snapshot : snapshots) width = std::max(width, escaped(snapshot.name).size());
  for (const SnapshotInfo& snapshot : snapshots) {
    print(fmt::format("{:<{}}  {}  holds {}\n", escaped(snapshot.name), width, time_text(snapshot.commit_time_us),
                      size_text(snapshot.held_pages * page_size)));
  }
  return kOk;
}

}  // namespace

int run_snapshot(Command& command) {
  std::optional<std::string> name;
  bool drop = false;
  command.optional("NAME", name, "name the newest version so; without it: list the snapshots");
  command.flag("--drop", drop, "forget the snapshot NAME and free what it alone holds");
  command.footer(
      "A snapshot stays as it is until it is dropped. `holds` is what dropping it alone would free.\n\n"
      "Examples:\n  sapwood snapshot lab.sapwood monday\n  sapwood snapshot lab.sapwood\n"
      "  sapwood scan lab.sapwood mass --snapshot monday\n  sapwood diff lab.sapwood monday\n"
      "  sapwood snapshot lab.sapwood monday --drop");
  command.parse();
  if (drop && !name) throw UsageError("--drop needs the NAME of a snapshot");
  if (!name) return list(command.file(), command.json());

  Database database = open_to_write(command.file());
  if (drop) {
    const bool dropped = database.drop_snapshot(*name);
    if (!dropped) throw Error(ErrorCode::not_found, "there is no snapshot '" + *name + "' in " + command.file());
  } else {
    database.snapshot(*name);
  }
  database.close();
  if (command.json()) print_json(Json::object({{"name", *name}, {drop ? "dropped" : "made", true}}));
  return kOk;
}

}  // namespace sapwood::cli
