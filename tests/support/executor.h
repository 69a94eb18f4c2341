// Runs operations on a database and on the model beside it, and throws Disagreement where they differ.
//
// With Executor::Settings::faults, an Error that the operating system's failure explains is taken as such: the open
// transaction is rolled back, and what the database shows then must be a whole state. See recover_from().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/support/history.h"
#include "tests/support/operation.h"

namespace sapwood::test {

class Executor {
 public:
  struct Settings {
    std::string path = "/test.sapwood";
    Options options{};
    Scale scale{};
    bool faults = false;      // the disk fails, or memory does
    bool crashes = false;     // the history is asked for states that a crash may leave
    bool all_states = false;  // the history is asked for all states
    std::size_t max_snapshots = 6;
    // Called around every call of the library that may fail, for tests that fail allocations only there.
    std::function<void(bool inside)> around_calls;
    // Called after each commit and each open.
    std::function<void()> after_commit;
  };

  // Nothing is opened yet. `history`: what is in the file; empty if absent.
  Executor(Settings settings, History history = History());
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Opens and compares. After a crash: `floor` is the oldest state that may be found; the history starts with the one
  // that was. False if a fault prevented it.
  bool open(std::optional<std::size_t> crash_floor = std::nullopt);
  // Ends everything that is open and closes.
  void close();
  // Forgets everything that is open without closing: as if the process had been killed (the files are dead).
  void abandon();

  void execute(const Operation& operation);
  // Compares the newest state and snapshots, and runs check().
  void verify();

  bool is_open() const { return database_.has_value(); }
  Database& database() { return *database_; }
  const History& history() const { return history_; }
  u64 failures() const { return failures_; }
  // The oldest state that reopening may find: after a failed sync, async commits can be lost.
  std::size_t floor() const { return failed_since_open_ ? history_.durable() : history_.newest_index(); }

 private:
  struct OpenSavepoint {
    Savepoint point;
    Model model;
  };
  struct HeldSnapshot {
    ReadTxn snapshot;
    Model model;
  };

  template <class Function>
  decltype(auto) library(Function&& function);
  void execute_checked(const Operation& operation);
  void change(const Operation& operation);
  void change_automatically(const Operation& operation, const KnownCollection& known);
  void change_in_transaction(const Operation& operation, const KnownCollection& known);
  void drop(const Operation& operation, const KnownCollection& known);
  void rename(const Operation& operation);
  void nest(const Operation& operation);
  void read(const Operation& operation, const KnownCollection& known);
  void commit(Durability durability);
  void big_commit(const Operation& operation);
  void begin();
  void end_transaction();
  void savepoint();
  void roll_back_to(u64 which);
  void take_snapshot();
  void check_snapshot(u64 which);
  void toggle_named(const Operation& operation);
  void automatic_commit(Model next, const std::function<void()>& call);
  void recover_from(const std::exception& error, std::optional<ErrorCode> code);
  void compare_after_failure();

  Settings settings_;
  History history_;
  std::optional<Database> database_;
  std::optional<WriteTxn> txn_;
  std::optional<Model> working_;
  std::vector<OpenSavepoint> savepoints_;
  std::vector<HeldSnapshot> snapshots_;
  std::unordered_map<std::string, std::unique_ptr<Face>> txn_faces_;
  std::unordered_map<std::string, std::unique_ptr<Face>> automatic_faces_;
  u64 failures_ = 0;
  u64 steps_ = 0;
  bool in_commit_ = false;
  bool in_creation_ = false;  // of a collection for an automatic handle: it may be there although the handle failed
  bool failed_since_open_ = false;
};

// A collection operation on one face: its result in comparable words. Errors for wrong arguments are results.
std::string perform(const Operation& operation, const KnownCollection& known, const Scale& scale, Face& face);
// The same for `read`.
std::string perform_read(const Operation& operation, const KnownCollection& known, const Scale& scale,
                         const Face& face);

}  // namespace sapwood::test
