#include "cli/command.h"

#include <algorithm>
#include <cctype>
#include <utility>

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
  app_.get_formatter()->label("UINT", "N");
  required("FILE", file_, "the database");
  flag("--json", json_, "print JSON");
}

void Command::required(const std::string& name, std::string& target, const std::string& help) {
  app_.add_option_function<std::string>(
          name, [&target](const std::string& text) { target = unmarked(text); }, help)
      ->required();
}

void Command::optional(const std::string& name, std::optional<std::string>& target, const std::string& help) {
  app_.add_option_function<std::string>(name, [&target](const std::string& text) { target = unmarked(text); }, help);
}

void Command::option(const std::string& name, std::optional<std::string>& target, const std::string& help) {
  const std::size_t space = name.find(' ');  // "--from KEY"
  CLI::Option* added = app_.add_option_function<std::string>(
      name.substr(0, space), [&target](const std::string& text) { target = unmarked(text); }, help);
  if (space != std::string::npos) added->type_name(name.substr(space + 1));
}

void Command::option(const std::string& name, std::uint64_t& target, const std::string& help) {
  app_.add_option(name, target, help);
}

void Command::flag(const std::string& name, bool& target, const std::string& help) { app_.add_flag(name, target, help); }

void Command::parse() {
  std::vector<std::string> reversed;  // as CLI11 wants them
  bool only_positionals = false;
  for (const std::string& argument : arguments_) {
    if (argument == "--") only_positionals = true;
    reversed.push_back(!only_positionals && is_negative_number(argument) ? kMark + argument : argument);
  }
  std::reverse(reversed.begin(), reversed.end());
  app_.parse(std::move(reversed));
}

}  // namespace sapwood::cli
