// Chapter "killing a writer": what was acknowledged before a kill -9 is there afterwards.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>

#include "chapters.h"
#include "print.h"

namespace {

constexpr const char* kArrivals = "arrivals";  // list, in the order of arrival
constexpr const char* kArrivalsByNumber = "arrivals_by_number";

// What the writer stores as its record `number`; the reader knows it too.
std::string arrival(std::uint64_t number) {
  return "Package: arrival-" + std::to_string(number) + "\nVersion: " + std::to_string(number * 2654435761u % 1000) +
         "\nDescription: stored by a process that was killed";
}

[[noreturn]] void fail(const std::string& action) { throw std::runtime_error(action + ": " + std::strerror(errno)); }

struct Child {
  pid_t pid = -1;
  int output = -1;
};

Child start_writer(const std::string& path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl("/proc/self/exe", "packages", "--write-until-killed", path.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

// Reads what the writer tells; waits `patience` at most. False at the end of it.
bool read_some(const Child& child, std::string& told, std::chrono::milliseconds patience) {
  pollfd waiting{child.output, POLLIN, 0};
  if (poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return true;
  char buffer[4096];
  const ssize_t count = read(child.output, buffer, sizeof buffer);
  if (count > 0) told.append(buffer, static_cast<std::size_t>(count));
  return count > 0;
}

// The last whole line: how many commits the writer had acknowledged.
std::uint64_t acknowledged(const std::string& told) {
  const std::size_t end = told.rfind('\n');
  if (end == std::string::npos) return 0;
  const std::size_t before = end == 0 ? std::string::npos : told.rfind('\n', end - 1);
  return std::stoull(told.substr(before == std::string::npos ? 0 : before + 1));
}

// Lets the writer work for a while of random length, kills it, and returns how many commits it had told of.
std::uint64_t run_and_kill(const std::string& path) {
  line("a second process adds records, each its own `async` transaction in two collections, and tells of each commit;");
  line("in a second or less it gets a kill -9, which `async` commits survive (a power cut may take the newest ones)");
  std::random_device entropy;
  const std::chrono::milliseconds life(300 + entropy() % 700);
  const Child child = start_writer(path);
  std::string told;
  bool alive = true;
  while (alive && told.find('\n') == std::string::npos) alive = read_some(child, told, std::chrono::milliseconds(50));
  const auto start = std::chrono::steady_clock::now();
  while (alive && std::chrono::steady_clock::now() - start < life) {
    alive = read_some(child, told, std::chrono::milliseconds(1));
  }
  kill(child.pid, SIGKILL);
  while (alive) alive = read_some(child, told, std::chrono::milliseconds(1000));  // what it told before
  close(child.output);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFSIGNALED(status)) throw std::runtime_error("the writer ended by itself, before it was killed");
  line("kill -9 after %s: it had told of %s commits", duration(std::chrono::duration<double>(life).count()).c_str(),
       with_thousands(acknowledged(told)).c_str());
  return acknowledged(told);
}

}  // namespace

void write_until_killed(const std::string& path) {
  sapwood::Options options;
  options.mode = sapwood::OpenMode::write;
  options.durability = sapwood::Durability::async;  // survives the process; a power cut may take the last moments
  sapwood::Database db = sapwood::Database::open(path, options);
  for (std::uint64_t number = 0;; ++number) {
    db.write([number](sapwood::WriteTxn& txn) {
      txn.list<std::string>(kArrivals).push_back(arrival(number));
      txn.sorted_map<std::int64_t, std::string>(kArrivalsByNumber)
          .put(static_cast<std::int64_t>(number), arrival(number));
    });
    const std::string told = std::to_string(number + 1) + "\n";
    if (write(STDOUT_FILENO, told.data(), told.size()) < 0) _exit(1);  // nobody listens
  }
}

void kill_a_writer(const std::string& path) {
  const std::uint64_t promised = run_and_kill(path);
  expect(promised > 0, "the writer could commit");

  const Stopwatch watch;
  sapwood::Options options;
  options.mode = sapwood::OpenMode::write;
  const sapwood::Database db = sapwood::Database::open(path, options);
  const std::string time = watch.text();
  const sapwood::RecoveryInfo recovery = db.info().recovery;
  line("reopened in %s: %s commits were replayed from %s of log", time.c_str(),
       with_thousands(recovery.records).c_str(), megabytes(recovery.log_bytes).c_str());

  const sapwood::ReadTxn snapshot = db.read();
  const auto arrivals = snapshot.list<std::string>(kArrivals);
  const auto by_number = snapshot.sorted_map<std::int64_t, std::string>(kArrivalsByNumber);
  const std::uint64_t found = arrivals.size();
  expect(found >= promised,
         std::to_string(promised) + " commits were acknowledged, " + std::to_string(found) + " found");
  expect(found <= promised + 1, "one commit at most was under way");
  expect(by_number.size() == found, "a transaction is whole: both collections have it, or none");
  for (std::uint64_t i = 0; i < found; ++i) {
    expect(arrivals.at(i) == arrival(i), "record " + std::to_string(i) + " is in the list");
    expect(by_number.get(static_cast<std::int64_t>(i)) == arrival(i), "record " + std::to_string(i) + " is in the map");
  }
  line("all %s acknowledged records are there, whole, in both collections%s", with_thousands(promised).c_str(),
       found == promised ? "" : ", and the one that was under way");
}

void check(const std::string& path) {
  const Stopwatch watch;
  sapwood::Options options;
  options.mode = sapwood::OpenMode::write;
  sapwood::Database db = sapwood::Database::open(path, options);
  const std::vector<std::string> findings = db.check();
  expect(findings.empty(), findings.empty() ? "" : findings.front());
  line("every page and every value of the %s file was verified, in %s: sound", megabytes(db.info().file_bytes).c_str(),
       watch.text().c_str());
  db.close();
}
