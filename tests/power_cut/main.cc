// A program whose disk may stop at any moment; tools/device_mapper.sh runs it on disks that record what reaches them,
// or that begin to fail.
//   power_cut write PATH COMMITS [COMMAND]   appends commits; prints how many there are when one more is acknowledged,
//                                            and runs COMMAND with that number before the next
//   power_cut check PATH COUNT               requires COUNT commits or more, each whole, and a sound file
#include <sapwood/sapwood.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

using sapwood::Database;
using sapwood::Error;
using sapwood::Options;

Options small_log() {
  Options options;
  options.log_size = 64 << 10;
  options.log_size_max = 256 << 10;
  return options;
}

// Every twentieth is a large one.
std::string text_of(std::int64_t i) {
  return std::string(i % 20 == 19 ? 100'000 : 100 + static_cast<std::size_t>(i % 7) * 300,
                     static_cast<char>('a' + i % 26));
}

int fail(const std::string& what) {
  std::fprintf(stderr, "power_cut: %s\n", what.c_str());
  return 1;
}

int write(const std::string& path, std::int64_t commits, const std::string& command) {
  Database database = Database::open(path, small_log());
  const auto first = static_cast<std::int64_t>(database.list<std::int64_t>("numbers").size());
  for (std::int64_t i = first; i < first + commits; ++i) {
    database.write([&](sapwood::WriteTxn& txn) {
      txn.list<std::int64_t>("numbers").push_back(i);
      txn.sorted_map<std::int64_t, std::string>("map").put(i, text_of(i));
      auto dict = txn.dict<std::string, std::string>("newest");
      dict.put(std::to_string(i), text_of(i));
      if (i >= 50) dict.erase(std::to_string(i - 50));
    });
    if (i % 37 == 36) database.checkpoint();
    const std::string number = std::to_string(i + 1);
    std::puts(number.c_str());
    std::fflush(stdout);
    if (command.empty()) continue;
    std::string call = command;
    call += ' ';
    call += number;
    if (std::system(call.c_str()) != 0) return fail(command + " failed");
  }
  database.close();
  return 0;
}

int check(const std::string& path, std::int64_t least) {
  if (!std::filesystem::exists(path)) return least == 0 ? 0 : fail(path + " is gone");
  Database database = Database::open(path, small_log());
  const std::vector<std::string> findings = database.check();
  if (!findings.empty()) return fail(findings.front());
  const sapwood::ReadTxn snapshot = database.read();
  if (!snapshot.has("newest")) return least == 0 ? 0 : fail("commits are gone");
  const auto numbers = snapshot.list<std::int64_t>("numbers");
  const auto map = snapshot.sorted_map<std::int64_t, std::string>("map");
  const auto newest = snapshot.dict<std::string, std::string>("newest");
  const auto count = static_cast<std::int64_t>(numbers.size());
  if (count < least) return fail(std::to_string(count) + " commits of " + std::to_string(least) + " are left");
  if (map.size() != numbers.size() || newest.size() != std::min<std::uint64_t>(numbers.size(), 50)) {
    return fail("a commit is not whole");
  }
  for (std::int64_t i = 0; i < count; ++i) {
    if (numbers.at(static_cast<std::uint64_t>(i)) != i || map.at(i) != text_of(i)) return fail("a commit is wrong");
    if (i >= count - 50 && newest.at(std::to_string(i)) != text_of(i)) return fail("a commit is wrong");
  }
  std::puts(std::to_string(count).c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string verb = count > 1 ? arguments[1] : "";
  try {
    if (verb == "write" && (count == 4 || count == 5)) {
      return write(arguments[2], std::atoll(arguments[3]), count == 5 ? arguments[4] : "");
    }
    if (verb == "check" && count == 4) return check(arguments[2], std::atoll(arguments[3]));
  } catch (const Error& error) {
    return fail(error.what());
  }
  return fail("usage: power_cut write PATH COMMITS [COMMAND] | power_cut check PATH COUNT");
}
