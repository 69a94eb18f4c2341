// sapwood info FILE: facts about the file.
#include <fmt/format.h>

#include <algorithm>

#include "cli/open.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "Pages are live (part of the newest state), pending (freed, but still needed by a reader or a checkpoint) or free\n"
    "(used again by later commits). Processes are named by the ids that they see themselves: outside of a container\n"
    "they may have others. Readers are listed with the oldest commit first.\n\n"
    "Examples:\n"
    "  sapwood info lab.sapwood\n"
    "  sapwood info lab.sapwood --json | jq .readers";

constexpr std::size_t kMostListed = 10;  // in text; JSON has all

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json as_json(const ProcessInfo& process) {
  return Json::object({{"process", process.id}, {"command", process.command}, {"since_us", process.since_us}});
}

Json as_json(const std::optional<WriterInfo>& writer) {
  if (!writer) return nullptr;
  Json json = as_json(writer->process);
  json["open_us"] = optional_json(writer->open_us);
  return json;
}

Json as_json(const ReaderInfo& reader, const Info& info) {
  Json json = Json::object({{"txn", reader.txn}});
  json.update(as_json(reader.process));
  json["open_us"] = optional_json(reader.open_us);
  json["held_pages"] = optional_json(reader.held_pages);
  json["held_bytes"] = reader.held_pages ? Json(*reader.held_pages * info.page_size) : Json(nullptr);
  return json;
}

// Of pages and the log: null while it is not known.
Json space_json(const Info& info, std::uint64_t fact) { return info.space_txn == 0 ? Json(nullptr) : Json(fact); }

Json as_json(const Info& info) {
  Json processes = Json::array();
  for (const ProcessInfo& process : info.processes) processes.push_back(as_json(process));
  Json readers = Json::array();
  for (const ReaderInfo& reader : info.readers) readers.push_back(as_json(reader, info));
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
                       {"space_txn", info.space_txn},
                       {"live_pages", space_json(info, info.live_pages)},
                       {"pending_pages", space_json(info, info.pending_pages)},
                       {"free_pages", space_json(info, info.free_pages)},
                       {"collections", info.collections},
                       {"txn", info.txn},
                       {"checkpoint_txn", info.checkpoint_txn},
                       {"log_bytes", space_json(info, info.log_bytes)},
                       {"log_segment_bytes", space_json(info, info.log_segment_bytes)},
                       {"created_us", info.created_us},
                       {"writer", as_json(info.writer)},
                       {"processes", processes},
                       {"readers", readers},
                       {"recovery", recovery}});
}

void print_fact(const std::string& name, const std::string& fact) { print(fmt::format("{:<16}{}\n", name, fact)); }

std::string pages_text(const Info& info, std::uint64_t pages) {
  return counted(pages, "page") + ", " + size_text(pages * info.page_size);
}

std::string process_text(const ProcessInfo& process) {
  return "process " + std::to_string(process.id) + " (" + process.command + ")";
}

// ", for 2 min 5 s"; nothing if that is not known.
std::string age_text(const std::optional<std::int64_t>& open_us) {
  return open_us ? ", for " + duration_text(static_cast<double>(*open_us) / 1e6) : "";
}

// A line for each of the first ones, under each other, and how many there are more.
template <class T, class TextOf>
void print_list(const std::string& name, const std::vector<T>& list, TextOf text_of) {
  for (std::size_t i = 0; i < std::min(list.size(), kMostListed); ++i) {
    print_fact(i == 0 ? name : "", text_of(list[i]));
  }
  if (list.size() > kMostListed) print_fact("", "and " + with_thousands(list.size() - kMostListed) + " more");
}

void print_users(const Info& info) {
  print_fact("writer", info.writer ? process_text(info.writer->process) + age_text(info.writer->open_us) : "nobody");
  if (info.processes.empty()) print_fact("open in", "no other process");
  print_list("open in", info.processes, [](const ProcessInfo& process) {
    return process_text(process) + ", since " + time_text(process.since_us);
  });
  if (info.readers.empty()) print_fact("readers", "0");
  print_list("readers", info.readers, [&info](const ReaderInfo& reader) {
    std::string text = "commit " + with_thousands(reader.txn) + ", " + process_text(reader.process);
    text += age_text(reader.open_us);
    if (reader.held_pages && *reader.held_pages != 0) text += ", holds back " + pages_text(info, *reader.held_pages);
    return text;
  });
}

void print_space(const Info& info) {
  if (info.space_txn == 0) return print_fact("live", "not known while another process writes");
  print_fact("live", pages_text(info, info.live_pages));
  print_fact("free", pages_text(info, info.free_pages));
  if (info.pending_pages != 0) print_fact("pending", pages_text(info, info.pending_pages));
}

void print_facts(const Info& info) {
  print_fact("file", info.path);
  print_fact("uuid", info.uuid);
  print_fact("created", time_text(info.created_us));
  print_fact("size",
             size_text(info.file_bytes) + ", " + counted(info.page_count, "page") + " of " + size_text(info.page_size));
  print_space(info);
  print_fact("collections", with_thousands(info.collections));
  print_fact("last commit", with_thousands(info.txn));
  print_fact("checkpoint", "holds all up to commit " + with_thousands(info.checkpoint_txn));
  if (info.space_txn != 0) print_fact("redo log", size_text(info.log_bytes) + " in use");
  print_users(info);
  const RecoveryInfo& recovery = info.recovery;
  if (!recovery.recovered) return;
  const double seconds = static_cast<double>(recovery.scan_us + recovery.replay_us + recovery.checkpoint_us) / 1e6;
  print_fact("recovered", counted(recovery.records, "commit") + " from " + size_text(recovery.log_bytes) +
                              " of log in " + duration_text(seconds));
}

}  // namespace

int run_info(Command& command) {
  command.footer(kHelp);
  command.parse();
  const Database database = open_to_read(command.file());
  Info info = database.info();
  info.path = command.file();
  std::erase_if(info.processes, [](const ProcessInfo& process) { return process.is_self; });
  if (command.json()) {
    print_json(as_json(info));
  } else {
    print_facts(info);
  }
  return kOk;
}

}  // namespace sapwood::cli
