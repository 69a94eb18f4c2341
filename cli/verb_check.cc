// sapwood check FILE: verifies every page and value.
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

struct Outcome {
  std::vector<std::string> findings;
  Info info;
};

// A file too damaged to be opened is a finding too.
Outcome check_file(const std::string& path) {
  Outcome outcome;
  ProgressLine progress("check", "pages");
  try {
    Database database = open_to_read(path);
    outcome.findings = database.check([&progress](std::uint64_t done, std::uint64_t total) {
      progress.update({done, total});
      return true;
    });
    if (outcome.findings.empty()) outcome.info = database.info();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
    outcome.findings.emplace_back(error.what());
  }
  return outcome;
}

}  // namespace

int run_check(Command& command) {
  command.footer(
      "Exit code 0 if all is well, 1 if something was found, 2 if the file could not be checked.\n\n"
      "Examples:\n  sapwood check lab.sapwood\n  sapwood check lab.sapwood --json | jq '.findings[]'");
  command.parse();

  const Outcome outcome = check_file(command.file());
  const bool is_sound = outcome.findings.empty();
  if (command.json()) {
    print_json(Json::object({{"file", command.file()}, {"ok", is_sound}, {"findings", outcome.findings}}));
    return is_sound ? kOk : kFoundNothing;
  }
  for (const std::string& finding : outcome.findings) print(finding + "\n");
  if (is_sound) {
    print(command.file() + " is sound: " + counted(outcome.info.collections, "collection") + ", " +
          counted(outcome.info.live_pages, "live page") + " of " + with_thousands(outcome.info.page_count) + "\n");
  } else {
    print(counted(outcome.findings.size(), "finding") + " in " + command.file() +
          ". Restore it from a copy, or save the rest: sapwood repair " + command.file() + " NEW\n");
  }
  return is_sound ? kOk : kFoundNothing;
}

}  // namespace sapwood::cli
