#include "cli/command.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "cli/nearest.h"

namespace sapwood::cli {
namespace {

// CLI11 takes every argument that starts with '-' for an option; keys, values and positions may be negative numbers.
// Those are marked before parsing, and unmarked where they arrive.
constexpr char kMark = '\x01';

bool is_negative_number(const std::string& argument) {
  if (argument.size() < 2 || argument[0] != '-') return false;
  return std::isdigit(static_cast<unsigned char>(argument[1])) != 0 || argument[1] == '.' || argument == "-inf";
}

std::string unmarked(const std::string& argument) {
  return !argument.empty() && argument[0] == kMark ? argument.substr(1) : argument;
}

}  // namespace

Command::Command(const std::string& verb, const std::string& summary, std::vector<std::string> arguments)
    : app_(summary, "sapwood " + verb), verb_(verb), arguments_(std::move(arguments)) {
  app_.get_formatter()->column_width(26);
  app_.get_formatter()->label("REQUIRED", "");
  app_.get_formatter()->label("TEXT", "");
  app_.set_help_flag("--help", "print this help, as -h does");  // as an option of CLI11, -h would take "-hot" too
  required("FILE", file_, "the database");
  flag("--json", json_, "print JSON");
}

void Command::without_file() {
  app_.remove_option(app_.get_option("FILE"));
  needs_file_ = false;
}

void Command::required(const std::string& name, std::string& target, const std::string& help) {
  app_.add_option_function<std::string>(
          name, [&target](const std::string& text) { target = unmarked(text); }, help)
      ->required();
}

void Command::optional(const std::string& name, std::optional<std::string>& target, const std::string& help) {
  app_.add_option_function<std::string>(
      name, [&target](const std::string& text) { target = unmarked(text); }, help);
}

void Command::repeated(const std::string& name, std::vector<std::string>& target, const std::string& help) {
  app_.add_option_function<std::vector<std::string>>(
      name,
      [&target](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) target.push_back(unmarked(text));
      },
      help);
}

void Command::option(const std::string& name, std::optional<std::string>& target, const std::string& help) {
  const std::size_t space = name.find(' ');  // "--from KEY"
  CLI::Option* added = app_.add_option_function<std::string>(
      name.substr(0, space), [&target](const std::string& text) { target = unmarked(text); }, help);
  if (space != std::string::npos) added->type_name(name.substr(space + 1));
}

void Command::option(const std::string& name, std::uint64_t& target, const std::string& help) {
  const auto read = [name, &target](const std::string& marked) {
    const std::string text = unmarked(marked);
    const char* end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, target);
    if (error == std::errc{} && after == end) return;
    throw UsageError(name + " needs a whole number from 0, not '" + text + "'");
  };
  app_.add_option_function<std::string>(name, read, help)->type_name("N");
}

void Command::flag(const std::string& name, bool& target, const std::string& help) {
  app_.add_flag(name, target, help);
}

void Command::parse() {
  std::vector<std::string> reversed;  // as CLI11 wants them
  bool only_positionals = false;
  for (const std::string& argument : arguments_) {
    if (argument == "--") only_positionals = true;
    const bool mark = argument.starts_with(kMark) || (!only_positionals && is_negative_number(argument));
    reversed.push_back(mark ? kMark + argument : argument);
  }
  std::reverse(reversed.begin(), reversed.end());
  try {
    app_.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    if (asks_for_help()) throw CLI::CallForHelp();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) throw_unexpected();
    throw;
  }
  if (needs_file_ && file_.empty()) throw UsageError("FILE is empty; name a database");
}

std::vector<std::string> Command::option_names() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : app_.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool Command::asks_for_help() const {
  const std::vector<std::string> extras = app_.remaining();
  return std::find(extras.begin(), std::find(extras.begin(), extras.end(), "--"), "-h") !=
         std::find(extras.begin(), extras.end(), "--");
}

void Command::throw_unexpected() const {
  std::vector<std::string> extras = app_.remaining();
  if (const auto found = std::find(extras.begin(), extras.end(), "--"); found != extras.end()) extras.erase(found);
  std::string argument;
  for (const std::string& extra : extras) {
    if (argument.empty() || extra.starts_with("--")) argument = unmarked(extra);
  }
  const std::vector<std::string> names = option_names();
  const auto dashes = std::find(arguments_.begin(), arguments_.end(), "--");
  const auto is_option = [&](const std::string& text) {
    return std::find(names.begin(), names.end(), text.substr(0, text.find('='))) != names.end();
  };
  if (const auto late = std::find_if(dashes, arguments_.end(), is_option); late != arguments_.end()) {
    throw UsageError("options go before `--`; behind it " + *late + " is a key or value, and one too many");
  }
  if (!argument.starts_with("-") || std::find(arguments_.begin(), dashes, argument) == dashes) {
    throw UsageError("'" + argument + "' is one argument too many");
  }
  const std::string near = nearest(argument, names);
  throw UsageError("there is no option " + argument +
                   (near.empty() ? "; a key or value that starts with '-' goes after `--`, and options before it"
                                 : "; did you mean " + near + "?"));
}

}  // namespace sapwood::cli
