#include "python/native/context.h"

#include <pthread.h>

#include <chrono>
#include <cmath>
#include <thread>

namespace sapwood::python {

void count_forks() {
  if (::pthread_atfork(nullptr, nullptr, [] { ++forks_so_far; }) != 0) throw std::bad_alloc();
}

void Transaction::refuse() const {
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

const char* durability_name(Durability durability) {
  return durability == Durability::sync ? "sync" : durability == Durability::async ? "async" : "none";
}

std::chrono::milliseconds timeout_of(double seconds) {
  if (std::isnan(seconds)) throw nb::value_error("a timeout is a number of seconds, not NaN");
  if (seconds < 0 || seconds > 1e9) return std::chrono::milliseconds(-1);
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

Context::Context(std::string path, const Options& options, bool is_temporary)
    : path_(std::move(path)), options_(options), is_temporary_(is_temporary) {
  const nb::gil_scoped_release release;
  open();
}

std::uint64_t Context::this_thread() {
  static std::atomic<std::uint64_t> threads{0};
  thread_local const std::uint64_t id = ++threads;
  return id;
}

int& Context::calls_of_thread() {
  thread_local int calls = 0;
  return calls;
}

// Without the GIL.
void Context::open() {
  database_ = is_temporary_ ? Database::temporary(options_) : Database::open(path_, options_);
  if (options_.mode == OpenMode::create_new) options_.mode = OpenMode::write;
  forks_.store(fork_count(), std::memory_order_release);
}

void Context::reopen_or_throw() {
  if (closed_) throw Error(ErrorCode::ended, "the database is closed");
  if (is_temporary_) throw Error(ErrorCode::ended, "a temporary database is not shared with the child of a fork");
  const nb::gil_scoped_release release;
  const std::lock_guard lock(reopening_);
  if (forks_ == fork_count()) return;  // another thread has done it
  // The parent's transactions, and its threads in calls, are not ours.
  batch_thread_ = 0;
  batch_.reset();
  calls_ = 0;
  ++epoch_;  // before others see that the file is open
  open();
}

nb::object Context::make_lock() { return own(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(&PyBaseObject_Type))); }

void Context::make_lock_anew() {
  lock_.release();  // for ever: who called fork() may hold it
  lock_ = make_lock();
}

void Context::close(bool wait) {
  if (closed_) return;
  if (forks_ != fork_count()) {  // nothing here is ours
    closed_ = true;
    return;
  }
  if (calls_of_thread() != 0 || (!wait && calls_ != 0)) {
    throw Error(ErrorCode::in_use, path_ + ": a call is under way, which needs the file open");
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

std::uint64_t Context::begin_batch() {
  Database& db = database();
  auto batch = std::make_shared<Transaction>();
  without_gil([&] { batch->write = db.begin_write(); });
  batch_ = std::move(batch);
  batch_thread_ = this_thread();
  return ++batch_generation_;
}

void Context::end_batch(std::uint64_t generation, bool commit, const std::optional<std::string>& durability) {
  const std::optional<Durability> asked = durability_of(durability);
  if (!batch_ || batch_generation_ != generation) throw Error(ErrorCode::ended, "the batch is over");
  batch_->check();
  const bool is_others = batch_generation() == 0;
  batch_thread_ = 0;
  const std::shared_ptr<Transaction> batch = std::move(batch_);  // the next one may begin before this one has ended
  without_gil(*batch, [&] {
    if (!commit || is_others) batch->write->rollback();
    else if (asked) batch->write->commit(*asked);
    else batch->write->commit();
  });
  *batch->is_committed = commit && !is_others;
  if (is_others) throw Error(ErrorCode::ended, "the batch was of another thread, and is rolled back");
}

HeldSavepoint::HeldSavepoint(std::shared_ptr<Context> context, std::shared_ptr<Transaction> transaction)
    : context_(std::move(context)), transaction_(std::move(transaction)) {
  transaction_->check();
  savepoint_ = transaction_->write->savepoint();
}
HeldSavepoint::~HeldSavepoint() {
  if (context_ == nullptr) return;
  const FileLock lock(*context_);
  transaction_->give_back(std::move(savepoint_));
}
void HeldSavepoint::rollback() {
  transaction_->check();
  savepoint_->rollback();
}
void HeldSavepoint::release() {
  transaction_->check();
  savepoint_->release();
}

}  // namespace sapwood::python
