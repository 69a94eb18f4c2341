// sapwood info FILE: facts about the file.
#include <fmt/format.h>

#include "cli/open.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

Json as_json(const Info& info) {
  Json recovery = nullptr;
  if (info.recovery.recovered) {
    recovery = Json::object({{"records", info.recovery.records},
                             {"log_bytes", info.recovery.log_bytes},
                             {"scan_us", info.recovery.scan_us},
                             {"replay_us", info.recovery.replay_us},
                             {"checkpoint_us", info.recovery.checkpoint_us}});
  }
  return Json::object({{"file", info.path},
                       {"uuid", info.uuid},
                       {"page_size", info.page_size},
                       {"file_bytes", info.file_bytes},
                       {"pages", info.page_count},
                       {"live_pages", info.live_pages},
                       {"pending_pages", info.pending_pages},
                       {"free_pages", info.free_pages},
                       {"collections", info.collections},
                       {"txn", info.txn},
                       {"checkpoint_txn", info.checkpoint_txn},
                       {"log_bytes", info.log_bytes},
                       {"log_segment_bytes", info.log_segment_bytes},
                       {"readers", info.readers},
                       {"oldest_reader", info.oldest_reader},
                       {"created_us", info.created_us},
                       {"recovery", recovery}});
}

void print_fact(const std::string& name, const std::string& fact) { print(fmt::format("{:<16}{}\n", name, fact)); }

std::string pages_text(const Info& info, std::uint64_t pages) {
  return counted(pages, "page") + ", " + size_text(pages * info.page_size);
}

void print_facts(const Info& info) {
  print_fact("file", info.path);
  print_fact("uuid", info.uuid);
  print_fact("created", time_text(info.created_us));
  print_fact("size",
             size_text(info.file_bytes) + ", " + counted(info.page_count, "page") + " of " + size_text(info.page_size));
  print_fact("live", pages_text(info, info.live_pages));
  print_fact("free", pages_text(info, info.free_pages));
  if (info.pending_pages != 0) print_fact("pending", pages_text(info, info.pending_pages));
  print_fact("collections", with_thousands(info.collections));
  print_fact("last commit", with_thousands(info.txn));
  print_fact("checkpoint", "holds all up to commit " + with_thousands(info.checkpoint_txn));
  print_fact("redo log", size_text(info.log_bytes) + " in use");
  print_fact("readers", with_thousands(info.readers) +
                            (info.readers == 0 ? "" : ", the oldest at commit " + with_thousands(info.oldest_reader)));
  const RecoveryInfo& recovery = info.recovery;
  if (!recovery.recovered) return;
  const double seconds = static_cast<double>(recovery.scan_us + recovery.replay_us + recovery.checkpoint_us) / 1e6;
  print_fact("recovered", counted(recovery.records, "commit") + " from " + size_text(recovery.log_bytes) +
                              " of log in " + duration_text(seconds));
}

}  // namespace

int run_info(Command& command) {
  command.footer(
      "Pages are live (part of the newest state), pending (freed, but still needed by a reader or a checkpoint) or "
      "free\n"
      "(used again by later commits).\n\nExamples:\n  sapwood info lab.sapwood\n  sapwood info lab.sapwood --json");
  command.parse();
  const Database database = open_to_read(command.file());
  Info info = database.info();
  info.path = command.file();
  if (command.json()) {
    print_json(as_json(info));
  } else {
    print_facts(info);
  }
  return kOk;
}

}  // namespace sapwood::cli
