// The command line of one verb: what it takes, its help, and what was given.
//
// A verb is a function int(Command&): it declares its arguments, calls parse(), does its work and returns an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sapwood::cli {

// Exit codes, documented in `sapwood --help`.
inline constexpr int kOk = 0;
inline constexpr int kFoundNothing = 1;  // no such key or position; for `check`: findings
inline constexpr int kFailed = 2;        // wrong usage, or an error

// Arguments that parse but make no sense together. Ends with exit code 2 and a hint at the verb's help.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Command {
 public:
  // Every verb has --json, and FILE first unless it says without_file() before anything else.
  Command(const std::string& verb, const std::string& summary, std::vector<std::string> arguments);
  void without_file();

  // References must live until parse() has returned.
  void required(const std::string& name, std::string& target, const std::string& help);
  void optional(const std::string& name, std::optional<std::string>& target, const std::string& help);
  // Any number of them, the last arguments.
  void repeated(const std::string& name, std::vector<std::string>& target, const std::string& help);
  void option(const std::string& name, std::optional<std::string>& target, const std::string& help);
  void option(const std::string& name, std::uint64_t& target, const std::string& help);
  void flag(const std::string& name, bool& target, const std::string& help);
  // Text under the options: examples, one a line.
  void footer(const std::string& text) { app_.footer(text); }

  // Throws UsageError, or CLI::ParseError, also for --help.
  void parse();
  std::string help() const { return app_.help(); }

  const std::string& verb() const { return verb_; }
  const std::string& file() const { return file_; }
  bool json() const { return json_; }

 private:
  bool asks_for_help() const;                     // by -h
  std::vector<std::string> option_names() const;  // "--json" and so on
  [[noreturn]] void throw_unexpected() const;

  CLI::App app_;
  std::string verb_;
  std::vector<std::string> arguments_;
  std::string file_;
  bool json_ = false;
  bool needs_file_ = true;
};

}  // namespace sapwood::cli
