// sapwood backup FILE COPY and sapwood restore BACKUP NEW [INCREMENT...].
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

Progress show_on(ProgressLine& line) {
  return [&line](std::uint64_t done, std::uint64_t total) {
    line.update({done, total});
    return true;
  };
}

// Leaves alone what has no values to compress.
void compress(Database& database, const std::string& collection, std::uint8_t level, const Progress& progress) {
  try {
    database.recompress(collection, level, progress);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
  }
}

}  // namespace

int run_backup(Command& command) {
  std::string to;
  std::optional<std::string> snapshot;
  std::optional<std::string> since;
  command.required("COPY", to, "the file to make; it must not exist");
  command.option("--snapshot", snapshot, "name of the version to copy; without it: the newest one");
  command.option("--since", since, "name of an older snapshot: copy only what was written after it, for `restore`");
  command.footer(
      "Writers go on meanwhile. A whole backup is a database like any other; checksums are verified on the way.\n\n"
      "Examples:\n  sapwood backup lab.sapwood copy.sapwood\n\n"
      "  sapwood snapshot lab.sapwood monday\n"
      "  sapwood backup lab.sapwood whole.sapwood --snapshot monday\n"
      "  sapwood snapshot lab.sapwood tuesday\n"
      "  sapwood backup lab.sapwood tuesday.increment --snapshot tuesday --since monday\n"
      "  sapwood restore whole.sapwood again.sapwood tuesday.increment");
  command.parse();

  BackupReport report;
  std::uint64_t page_size = 0;
  {
    ProgressLine line("backup", "pages");
    const Database database = open_to_read(command.file());
    page_size = database.info().page_size;
    report = database.backup(
        to, {.snapshot = snapshot.value_or(""), .since = since.value_or(""), .progress = show_on(line)});
  }
  if (command.json()) {
    print_json(Json::object({{"file", to},
                             {"commit", report.txn},
                             {"time", time_text(report.commit_time_us)},
                             {"bytes", report.pages * page_size}}));
  } else {
    print(to + ": " + size_text(report.pages * page_size) + ", of " + time_text(report.commit_time_us) + "\n");
  }
  return kOk;
}

int run_restore(Command& command) {
  std::string to;
  std::vector<std::string> increments;
  command.required("NEW", to, "the file to make; it must not exist");
  command.repeated("INCREMENT", increments, "incremental backups that follow FILE, in their order");
  command.footer(
      "FILE is a whole backup. What is restored is checked before it gets its name.\n\n"
      "Examples:\n  sapwood restore whole.sapwood again.sapwood\n"
      "  sapwood restore whole.sapwood again.sapwood tuesday.increment wednesday.increment");
  command.parse();

  {
    ProgressLine line("restore", "pages");
    restore(command.file(), increments, to, {.progress = show_on(line)});
  }
  if (command.json()) print_json(Json::object({{"file", to}, {"increments", increments.size()}}));
  else print(to + " is restored and sound\n");
  return kOk;
}

int run_compact(Command& command) {
  std::optional<std::string> to;
  std::optional<std::string> level;
  command.option("--to", to, "make a compact copy with this name instead; FILE stays as it is");
  command.option("--compress LEVEL", level,
                 "first compress anew all values that vary in size, but those of records: 1 (fast) to 19 (small)");
  command.footer(
      "Others may go on to read and write FILE; the end of the file is cut off when the last one closes it.\n\n"
      "Examples:\n  sapwood compact lab.sapwood\n  sapwood compact lab.sapwood --to small.sapwood\n"
      "  sapwood compact lab.sapwood --compress 19");
  command.parse();
  if (to && level) throw UsageError("--compress changes FILE itself; leave out --to, or compact the copy");
  const std::uint64_t new_level = level ? parse_whole("--compress", *level, kHighestLevel) : 0;

  CompactReport report;
  {
    ProgressLine line("compact", "entries");
    Database database = to ? open_to_read(command.file()) : open_to_write(command.file());
    for (const CollectionInfo& info : database.collections()) {
      if (new_level != 0) compress(database, info.name, static_cast<std::uint8_t>(new_level), show_on(line));
    }
    report = to ? database.compact_to(*to, show_on(line)) : database.compact(show_on(line));
    database.close();
  }
  if (command.json()) {
    print_json(Json::object({{"file", to.value_or(command.file())},
                             {"bytes_before", report.bytes_before},
                             {"bytes_after", report.bytes_after}}));
  } else {
    print(to.value_or(command.file()) + ": " + size_text(report.bytes_after) + ", before " +
          size_text(report.bytes_before) + "\n");
  }
  return kOk;
}

}  // namespace sapwood::cli
