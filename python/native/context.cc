#include "python/native/context.h"

#include <pthread.h>

#include <chrono>
#include <thread>

namespace sapwood::python {

std::uint32_t fork_count() {
  static std::atomic<std::uint32_t> forks{0};
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  (void)registered;
  return forks.load(std::memory_order_relaxed);
}

void TransactionState::refuse() const {
  if (forks == fork_count()) throw std::runtime_error("the transaction is in use by another thread");
  throw Error(ErrorCode::ended, "the transaction is of the process that this one was forked from: begin another one");
}

std::optional<Durability> durability_of(const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  if (*name == "sync") return Durability::sync;
  if (*name == "async") return Durability::async;
  if (*name == "none") return Durability::none;
  throw nb::value_error("durability is 'sync', 'async' or 'none'");
}

Context::Context(std::string path, const Options& options, bool is_temporary)
    : path_(std::move(path)), options_(options), is_temporary_(is_temporary) {
  open();
}

void Context::open() {
  forks_ = fork_count();
  without_gil([&] { database_ = is_temporary_ ? Database::temporary(options_) : Database::open(path_, options_); });
  if (options_.mode == OpenMode::create_new) options_.mode = OpenMode::write;
}

void Context::reopen_or_throw() {
  if (closed_) throw Error(ErrorCode::ended, "the database is closed");
  if (is_temporary_) throw Error(ErrorCode::ended, "a temporary database is not shared with the child of a fork");
  // The parent's transactions, and its threads in calls, are not ours.
  batch_thread_ = 0;
  batch_.reset();
  calls_ = 0;
  open();
  ++epoch_;
}

void Context::close() {
  if (closed_) return;
  if (forks_ != fork_count()) {  // nothing here is ours
    closed_ = true;
    return;
  }
  closed_ = true;  // nobody begins a call from now on
  try {
    const nb::gil_scoped_release release;
    while (calls_ != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    database_->close();
  } catch (...) {
    closed_ = false;
    throw;
  }
}

void Context::begin_batch() {
  Database& db = database();
  std::optional<WriteTxn> txn = without_gil([&] { return std::optional<WriteTxn>(db.begin_write()); });
  batch_ = std::move(txn);
  batch_state_ = std::make_shared<TransactionState>();
  ++batch_generation_;
  batch_thread_ = PyThread_get_thread_ident();
}

void Context::end_batch(bool commit, const std::optional<std::string>& durability) {
  const std::optional<Durability> asked = durability_of(durability);
  if (batch_generation() == 0) throw Error(ErrorCode::ended, "the batch is over, or of another thread");
  batch_thread_ = 0;
  WriteTxn txn = std::move(*batch_);
  batch_.reset();
  without_gil(*batch_state_, [&] {
    if (!commit) txn.rollback();
    else if (asked) txn.commit(*asked);
    else txn.commit();
  });
}

}  // namespace sapwood::python
