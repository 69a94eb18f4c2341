// The byte level of every collection, compiled once; List, SortedMap and AnyCollection encode, call and decode.
//
// A handle belongs to a read transaction, to a write transaction, or to none ("automatic": each call is its own
// transaction). It keeps the open file alive. Every call throws Error{ended} after the transaction or close(), and
// changes throw Error{read_only} on a snapshot, Error{poisoned} after a failed write, Error{would_deadlock} through an
// automatic handle while this thread has a write transaction open.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sapwood/types.h"

namespace sapwood::collections {
class HandleState;
class ScanState;
class BatchState;
}  // namespace sapwood::collections

namespace sapwood::detail {

// Receives bytes while they can be read. `take` may be null: not wanted.
struct Receiver {
  void* to = nullptr;
  void (*take)(void* to, std::string_view bytes) = nullptr;
};

// The same for one of many.
struct ManyReceiver {
  void* to = nullptr;
  void (*take)(void* to, std::size_t index, std::string_view bytes) = nullptr;
};

// A place in key order, from the ends or from a key.
enum class Near { first, last, lower, floor, ceiling, higher };

// A key interval [low, high); nullopt is open.
struct KeyInterval {
  std::optional<std::string_view> low;
  std::optional<std::string_view> high;
};

// The state of a collection at one moment: of its snapshot, or (it places a mark) of its write transaction.
using Scan = std::shared_ptr<collections::ScanState>;

// Positions [first, last) of a scan.
struct Section {
  Scan scan;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// The smallest string after all that start with `prefix`; empty if there is none.
std::string prefix_end(std::string_view prefix);

// The keys that start with some bytes. `width`: of every key, 0 if they vary; the bounds are made as wide.
class PrefixInterval {
 public:
  PrefixInterval(std::string_view prefix, std::size_t width);
  operator KeyInterval() const;  // NOLINT(google-explicit-constructor)

 private:
  std::string low_;
  std::string high_;  // empty: open
};

[[noreturn]] void throw_no_key(const std::string& collection);

class Handle {
 public:
  Handle() = default;  // belongs to nothing: every call throws Error{ended}
  explicit Handle(std::shared_ptr<collections::HandleState> state) : state_(std::move(state)) {}

  const std::string& name() const;
  CollectionTypes types() const;
  std::uint64_t size() const;

  // Reading. The results of get, at, near: false if there is no such entry.
  bool get(std::string_view key, Receiver value) const;
  bool get(std::string_view key, std::string& value) const;
  // Takes the values of those keys that are there, in one state of the collection.
  void get_many(std::span<const std::string_view> keys, ManyReceiver values) const;
  void at(std::uint64_t index, Receiver key, Receiver value) const;  // throws out_of_range
  void at(std::uint64_t index, std::string& value) const;            // throws out_of_range
  bool near(Near place, std::string_view key, Receiver found_key, Receiver value) const;
  bool contains(std::string_view key) const { return get(key, Receiver{}); }
  std::uint64_t rank(std::string_view key) const;
  std::uint64_t count(const KeyInterval& interval) const;
  // Valid until the next view through this handle, and only in its transaction. Throws invalid_argument without one.
  std::optional<std::string_view> view(std::string_view key) const;
  std::string_view view_at(std::uint64_t index) const;

  Section all() const;
  Section slice(std::uint64_t first, std::uint64_t count) const;  // throws out_of_range
  Section range(const KeyInterval& interval) const;

  // Changing.
  bool put(std::string_view key, std::string_view value);
  bool put_if_absent(std::string_view key, std::string_view value);
  bool erase(std::string_view key);
  std::uint64_t erase(const KeyInterval& interval);
  void insert(std::uint64_t index, std::string_view value);  // index <= size, else out_of_range
  void append(std::string_view value);
  void set(std::uint64_t index, std::string_view value);
  void erase_at(std::uint64_t first, std::uint64_t count);
  void pop(bool front, Receiver value);  // throws out_of_range if empty
  void clear();

  const std::shared_ptr<collections::HandleState>& state() const { return state_; }

 private:
  collections::HandleState& checked() const;
  std::shared_ptr<collections::HandleState> state_;
};

// Neighbouring entries of a scan that were read together.
struct Window {
  struct Entry {
    std::string_view key;
    std::string_view value;
  };
  const Entry* entries = nullptr;
  std::uint64_t first = 0;  // position of the first of them
  std::uint64_t count = 0;  // how many may be read while the snapshot lives; 0 in a write transaction
  const std::atomic<std::uint64_t>* slot = nullptr;  // of the snapshot, which lives while
  std::uint64_t generation = 0;                      // this is what it holds
};

// A position in a scan. Moving is arithmetic; reading goes there (one step: amortised O(1), else O(log n)).
// A copy shares the scan and has a position of its own.
class Cursor {
 public:
  using Entry = Window::Entry;

  Cursor() = default;
  Cursor(Scan scan, std::uint64_t index) : scan_(std::move(scan)), index_(index) {}
  Cursor(const Cursor& other) : scan_(other.scan_), index_(other.index_) {}
  Cursor(Cursor&&) = default;
  Cursor& operator=(const Cursor& other) { return *this = Cursor(other); }
  Cursor& operator=(Cursor&&) = default;

  std::uint64_t index() const { return index_; }
  void move(std::int64_t by) { index_ += static_cast<std::uint64_t>(by); }

  // Valid until the cursor reads another entry or dies. Throws Error{ended} after the transaction, out_of_range past
  // the ends of the collection.
  const Entry& entry() const {
    if (window_ != nullptr) [[likely]] {
      const Window& window = *window_;
      if (index_ - window.first < window.count && window.slot->load(std::memory_order_relaxed) == window.generation)
        return window.entries[index_ - window.first];
    }
    return read();
  }

 private:
  const Entry& read() const;

  Scan scan_;
  std::uint64_t index_ = 0;
  mutable std::shared_ptr<Window> window_;  // a collections::Position
};

// Adds many entries, all or none: undone by the destructor unless finish() was called. The collection must not be
// changed otherwise meanwhile.
class Batch {
 public:
  // `bulk`: entries ascend and the collection must be empty (Error{invalid_argument}); written into full pages.
  // Otherwise keys are put, and values without keys are inserted one after the other from position `at` on.
  enum class Mode { bulk, put, insert };
  Batch(const Handle& handle, Mode mode, std::uint64_t at = 0);
  static Batch appending(const Handle& handle);  // at the end of a list; bulk if it is empty
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;
  void add(std::string_view key, std::string_view value);
  void finish();

 private:
  explicit Batch(std::shared_ptr<collections::BatchState> state) : state_(std::move(state)) {}
  std::shared_ptr<collections::BatchState> state_;
};

}  // namespace sapwood::detail
