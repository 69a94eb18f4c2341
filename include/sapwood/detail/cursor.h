// Where an iterator stands.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "sapwood/detail/handle.h"

namespace sapwood::detail {

// Neighbouring entries of a scan that were read together.
struct Window {
  struct Entry {
    std::string_view key;
    std::string_view value;
    std::int64_t time_us = 0;            // with timestamps
    std::int64_t expiry_us = INT64_MIN;  // its own, if it has one: with expiry
    bool expired = false;                // there only until it is reclaimed
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

}  // namespace sapwood::detail
