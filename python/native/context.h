// Context: an open file as Python's threads and processes share it.
//
// Reads hold the GIL: they are shorter than giving it up. What may wait or take long (opening, commits, writes without
// a transaction, bulk calls) runs without it; close() waits for that. In a child of fork() the file is opened anew when
// it is first used.
//
// What is not atomic here, and the state of handles, iterators and transactions, is guarded by the GIL; in a
// free-threaded Python, where there is none, by the FileLock.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "python/native/objects.h"

namespace sapwood::python {

// How often fork() was on the way to this process: a child has one more than its parent.
inline std::atomic<std::uint32_t> forks_so_far{0};
inline std::uint32_t fork_count() { return forks_so_far.load(std::memory_order_relaxed); }
void count_forks();  // from now on

// A transaction, which lives as long as handles of its collections. It may be used by one thread at a time, of the
// process that began it; check() finds those that do not.
struct Transaction {
  std::optional<WriteTxn> write{};
  std::optional<ReadTxn> read{};                                             // or this
  bool in_call = false;                                                      // without the GIL
  const std::shared_ptr<bool> is_committed = std::make_shared<bool>(false);  // of a batch; for handles that outlive it
  const std::uint32_t forks = fork_count();
  std::vector<std::shared_ptr<void>> given_back{};  // while a call runs without the GIL, until it ends

  // Throws RuntimeError while another thread is in a call of the transaction, Error{ended} in a child of fork().
  void check() const {
    if (in_call || forks != fork_count()) [[unlikely]]
      refuse();
  }
  // Destroys what is part of a write transaction: a mark, a savepoint, a batch.
  template <class Part>
  void give_back(Part part) {
    if (in_call) given_back.push_back(std::make_shared<Part>(std::move(part)));
  }

 private:
  [[noreturn]] void refuse() const;
};

// "sync", "async" or "none"; throws ValueError for others.
std::optional<Durability> durability_of(const std::optional<std::string>& name);
const char* durability_name(Durability durability);
// Of seconds; negative or past 30 years: without limit. Throws ValueError for NaN.
std::chrono::milliseconds timeout_of(double seconds);

class Context {
 public:
  Context(std::string path, const Options& options, bool is_temporary);

  // The open database. Throws Error{ended} once closed.
  Database& database() {
    check();
    return *database_;
  }
  // One more each time the file was opened anew: handles of before must be made again.
  std::uint32_t epoch() const { return epoch_; }
  void check() {
    if (closed_ || forks_.load(std::memory_order_acquire) != fork_count()) [[unlikely]]
      reopen_or_throw();
  }

  // Calls `function` without the GIL.
  template <class Function>
  auto without_gil(Function&& function) {
    const InCall in_call(*this);
    const nb::gil_scoped_release release;
    return function();
  }
  // The same within a transaction.
  template <class Function>
  auto without_gil(Transaction& transaction, Function&& function) {
    struct Mark {
      explicit Mark(Transaction& of) : transaction(of) { transaction.in_call = true; }
      ~Mark() {
        transaction.in_call = false;
        transaction.given_back.clear();
      }
      Transaction& transaction;
    };
    transaction.check();
    const Mark mark(transaction);
    return without_gil(function);
  }

  // Throws Error{in_use}, and leaves it open, while transactions or iterators are open, from a callback of a call of
  // the file, and unless `wait` while other threads are in calls; else waits for those.
  void close(bool wait);
  bool is_closed() const { return closed_; }
  bool is_temporary() const { return is_temporary_; }
  const std::string& path() const { return path_; }
  const Options& options() const { return options_; }
  nb::handle lock() const { return lock_; }
  // In a child of fork(), while it has one thread: another one of the parent may have had the lock.
  void make_lock_anew();

  // The batch of this thread: a write transaction that all handles of the file take part in. Generations are never used
  // again; 0: there is none. Any thread may roll a batch back, the one that began it may commit it.
  std::uint64_t begin_batch();
  void end_batch(std::uint64_t generation, bool commit, const std::optional<std::string>& durability);
  std::uint64_t batch_generation() const {
    return batch_thread_ != 0 && batch_thread_ == this_thread() ? batch_generation_ : 0;
  }
  const std::shared_ptr<Transaction>& batch() const { return batch_; }

 private:
  class InCall {
   public:
    explicit InCall(Context& context) : context_(context) {
      ++context_.calls_;
      ++calls_of_thread();
    }
    ~InCall() {
      --context_.calls_;
      --calls_of_thread();
    }

   private:
    Context& context_;
  };
  static std::uint64_t this_thread();  // never 0, and of no other thread ever
  static int& calls_of_thread();       // of any context, without the GIL
  static nb::object make_lock();
  void open();
  void reopen_or_throw();

  const std::string path_;
  Options options_;
  const bool is_temporary_;
  std::optional<Database> database_;
  bool closed_ = false;
  std::atomic<int> calls_{0};  // without the GIL
  std::mutex reopening_;
  std::atomic<std::uint32_t> forks_{0};
  std::uint32_t epoch_ = 0;
  std::uint64_t batch_thread_ = 0;
  std::uint64_t batch_generation_ = 0;
  std::shared_ptr<Transaction> batch_;
  nb::object lock_ = make_lock();  // of FileLock
};

// What the GIL is in other Pythons, for one file, in a free-threaded one; elsewhere nothing. Calls on a file hold it.
// It is given up wherever the GIL would be: in without_gil(), and by Python code that waits.
class FileLock {
 public:
  explicit FileLock(const Context& file) : guard_(file.lock()) {}

 private:
  nb::ft_object_guard guard_;
};

// A savepoint, and what it needs to live.
class HeldSavepoint {
 public:
  HeldSavepoint(std::shared_ptr<Context> context, std::shared_ptr<Transaction> transaction);
  HeldSavepoint(HeldSavepoint&&) = default;
  HeldSavepoint& operator=(HeldSavepoint&&) = delete;
  ~HeldSavepoint();

  const std::shared_ptr<Context>& context() const { return context_; }
  void rollback();
  void release();

 private:
  std::shared_ptr<Context> context_;  // null: moved from
  std::shared_ptr<Transaction> transaction_;
  std::optional<Savepoint> savepoint_;
};

}  // namespace sapwood::python
