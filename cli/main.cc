// The command `sapwood`: finds the verb, runs it, and turns errors into messages and exit codes.
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "sapwood/error.h"

namespace sapwood::cli {
namespace {

struct Verb {
  const char* name;
  const char* arguments;
  const char* summary;
  int (*run)(Command&);
};

constexpr std::array<Verb, 18> kVerbs{{
    {"info", "FILE", "Facts about the file: pages, sizes, log, last commit", run_info},
    {"ls", "FILE [COLLECTION]", "List the collections with their kinds, types and sizes", run_ls},
    {"get", "FILE COLLECTION [KEY]", "Print the value of a key or of many, or the item at a position", run_get},
    {"put", "FILE COLLECTION [KEY] VALUE", "Store a value, creating file and collection if absent", run_put},
    {"insert", "FILE LIST POSITION VALUE", "Insert an item into a list or a row into records", run_insert},
    {"del", "FILE COLLECTION [KEY]", "Delete a key, a position, a range or a whole collection", run_del},
    {"scan", "FILE COLLECTION", "Print entries in order, all or a range", run_scan},
    {"import", "FILE SOURCE", "Read JSON lines, CSV, Debian control files or an export", run_import},
    {"export", "FILE [COLLECTION]", "Write collections as JSON lines or CSV, which import reads", run_export},
    {"check", "FILE", "Verify every page and value", run_check},
    {"repair", "FILE NEW", "Save what can be read of a damaged file into a new one", run_repair},
    {"stats", "FILE [COLLECTION]", "Where pages and bytes are, and how full", run_stats},
    {"compact", "FILE", "Make the file as small as it can be", run_compact},
    {"snapshot", "FILE [NAME]", "Name the newest version, list named ones, or drop one", run_snapshot},
    {"diff", "FILE A [B]", "What changed between two snapshots, or since one", run_diff},
    {"backup", "FILE COPY", "Copy a version while others write, whole or what is new", run_backup},
    {"restore", "FILE NEW [INCREMENT...]", "Make a database of a backup and its increments", run_restore},
    {"bench", "[FOLDER]", "Measure this machine, in a temporary file in FOLDER", run_bench},
}};

constexpr const char* kVersion = "sapwood 0.1.0\n";

std::string help() {
  std::string text =
      "Sapwood keeps lists and sorted maps in one crash-safe file. This command looks into such files and changes "
      "them.\n\n"
      "Usage: sapwood VERB FILE [COLLECTION] [ARGUMENT...] [OPTIONS]\n\nVerbs:\n";
  for (const Verb& verb : kVerbs) {
    const std::string usage = std::string(verb.name) + " " + verb.arguments;
    text += "  " + usage + std::string(usage.size() < 34 ? 34 - usage.size() : 1, ' ') + verb.summary + "\n";
  }
  return text +
         "\n`sapwood VERB --help` tells a verb's options, with examples. All verbs take --json.\n\n"
         "Examples:\n"
         "  sapwood put lab.sapwood mass H 1.008 --type double   create lab.sapwood, and in it a sorted map\n"
         "  sapwood scan lab.sapwood mass --from H --to P        its keys from H up to, not including, P\n"
         "  apt-cache dumpavail | sapwood import apt.sapwood - --into packages --key Package\n"
         "  sapwood get apt.sapwood packages bash\n\n"
         "Exit codes: 0 all is well; 1 there is no such key or position, `check` found something, or `repair` lost\n"
         "something; 2 wrong usage or an error, told on standard error.\n";
}

void complain(const std::string& message) { std::fprintf(stderr, "sapwood: %s\n", message.c_str()); }

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : kVerbs) {
    if (name == verb.name) return &verb;
  }
  return nullptr;
}

int unknown_verb(const std::string& name) {
  if (name.starts_with("-")) {
    complain("the verb comes first, options after it; '" + name +
             "' is no verb\nRun `sapwood --help` for the list of verbs.");
    return kFailed;
  }
  std::vector<std::string> names;
  names.reserve(kVerbs.size());
  for (const Verb& verb : kVerbs) names.emplace_back(verb.name);
  const std::string near = nearest(name, names);
  complain("there is no verb '" + name + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?") +
           "\nRun `sapwood --help` for the list of verbs.");
  return kFailed;
}

int run_verb(const Verb& verb, std::vector<std::string> arguments) {
  Command command(verb.name, verb.summary, std::move(arguments));
  try {
    const int code = verb.run(command);
    flush_output();
    return code;
  } catch (const OutputClosed&) {
    return kOk;  // the reader, such as `head`, has seen enough
  } catch (const CLI::CallForHelp&) {
    print(command.help());
    flush_output();
    return kOk;
  } catch (const CLI::ParseError& error) {
    complain(command.verb() + ": " + error.what() + "\nRun `sapwood " + command.verb() + " --help` for its arguments.");
  } catch (const UsageError& error) {
    complain(command.verb() + ": " + error.what() + "\nRun `sapwood " + command.verb() + " --help` for its arguments.");
  } catch (const std::bad_alloc&) {
    complain(command.verb() + ": out of memory");
  } catch (const std::exception& error) {
    complain(command.verb() + ": " + error.what());
  }
  return kFailed;
}

int run(std::vector<std::string> arguments) {
  if (arguments.empty()) {
    std::fputs(help().c_str(), stderr);
    return kFailed;
  }
  std::string name = arguments.front();
  arguments.erase(arguments.begin());
  if (name == "help" && !arguments.empty()) {
    name = arguments.front();
    arguments = {"--help"};
  }
  if (name == "help" || name == "--help" || name == "-h" || name == "--version") {
    std::fputs(name == "--version" ? kVersion : help().c_str(), stdout);
    return std::fflush(stdout) == 0 ? kOk : kFailed;
  }
  const Verb* verb = find_verb(name);
  return verb != nullptr ? run_verb(*verb, std::move(arguments)) : unknown_verb(name);
}

}  // namespace
}  // namespace sapwood::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of a write: sapwood::cli::OutputClosed
  try {
    return sapwood::cli::run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sapwood: %s\n", error.what());
    return sapwood::cli::kFailed;
  }
}
