// sapwood repair DAMAGED NEW: saves what can be read of a damaged file into a new one.
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text_value.h"
#include "cli/verbs.h"
#include "sapwood/repair.h"

namespace sapwood::cli {
namespace {

Json loss_json(const RepairLoss& loss) {
  Json json = Json::object({{"what", loss.what}, {"why", loss.why}});
  if (loss.entries) json["entries"] = *loss.entries;
  return json;
}

Json losses_json(const std::vector<RepairLoss>& losses) {
  Json json = Json::array();
  for (const RepairLoss& loss : losses) json.push_back(loss_json(loss));
  return json;
}

Json report_json(const RepairReport& report) {
  Json collections = Json::array();
  for (const RepairedCollection& one : report.collections) {
    Json json = Json::object({{"name", to_json(AnyValue(one.name))},
                              {"kind", kind_name(one.types.kind)},
                              {"saved", one.saved},
                              {"lost", one.lost},
                              {"losses", losses_json(one.losses)}});
    if (one.more_losses != 0) json["more_losses"] = one.more_losses;
    collections.push_back(std::move(json));
  }
  return Json::object({{"ok", report.nothing_lost()},
                       {"replayed_commits", report.replayed_commits},
                       {"losses", losses_json(report.losses)},
                       {"collections", std::move(collections)}});
}

void print_losses(const std::vector<RepairLoss>& losses) {
  for (const RepairLoss& loss : losses) {
    std::string count;
    if (loss.entries && *loss.entries > 1) count = " (" + with_thousands(*loss.entries) + ")";
    print("  lost: " + loss.what + count + ": " + loss.why + "\n");
  }
}

void print_report(const RepairReport& report, const std::string& to) {
  print_losses(report.losses);
  std::uint64_t saved = 0;
  for (const RepairedCollection& one : report.collections) {
    saved += one.saved;
    print(std::string(kind_name(one.types.kind)) + " '" + one.name + "': " + with_thousands(one.saved) + " saved" +
          (one.lost != 0 ? ", " + with_thousands(one.lost) + " lost" : "") + "\n");
    print_losses(one.losses);
    if (one.more_losses != 0) print("  and " + counted(one.more_losses, "more loss") + "\n");
  }
  print(to + (report.nothing_lost() ? " holds everything: " : " holds what could be saved: ") +
        counted(report.collections.size(), "collection") + ", " + with_thousands(saved) +
        (saved == 1 ? " entry" : " entries") + "\n");
}

}  // namespace

int run_repair(Command& command) {
  std::string to;
  command.required("NEW", to, "The file to make; it must not exist");
  command.footer(
      "Nothing is written to FILE and its log. On a disk that fails, copy both to another one first. Positions are "
      "those in the old list; in the new one the items after them close up.\n"
      "Exit code 0 if nothing was lost, 1 if something was: each loss is listed; 2 if nothing could be saved.\n\n"
      "Examples:\n  sapwood repair lab.sapwood saved.sapwood\n"
      "  sapwood repair lab.sapwood saved.sapwood --json | jq '.collections[].losses[]'");
  command.parse();

  if (!file_exists(command.file())) throw Error(ErrorCode::not_found, command.file() + " does not exist");
  RepairReport report;
  {
    ProgressLine line("repair", "pages");
    RepairOptions options;
    options.progress = [&line](std::uint64_t done, std::uint64_t total) {
      line.update({done, total});
      return true;
    };
    report = repair(command.file(), to, options);
  }
  if (command.json()) print_json(report_json(report));
  else print_report(report, to);
  return report.nothing_lost() ? kOk : kFoundNothing;
}

}  // namespace sapwood::cli
