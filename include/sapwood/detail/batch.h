// Many changes of one collection, all or none.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "sapwood/detail/handle.h"

namespace sapwood::collections {
class BatchState;
}

namespace sapwood::detail {

// Takes entries one after the other; all is undone by the destructor unless finish() was called. The collection must
// not be changed otherwise meanwhile. Of an automatic handle: one transaction.
class Batch {
 public:
  enum class Mode {
    bulk,    // into an empty collection (else Error{invalid_argument}), in full pages. Keys of sorted collections
             // strictly ascend; dicts and sets take any order, sorted in runs that fit Options::dirty_limit
    put,     // keys are put; those that a set has already change nothing
    erase,   // keys are removed
    retain,  // keys that are not given are removed by finish(). Memory: the given keys
    toggle,  // keys that are there are removed, others put; repetitions count once. Memory: the given keys
  };
  Batch(const Handle& handle, Mode mode);
  // Of a list: items are inserted from position `at` <= size on.
  static Batch inserting(const Handle& handle, std::uint64_t at);
  static Batch appending(const Handle& handle);  // bulk if the list is empty
  // Of a list: items take the place of [first, first + count), which is within the list.
  static Batch replacing(const Handle& handle, std::uint64_t first, std::uint64_t count);
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;
  // Requires: the collection keeps the times that are told.
  void add(std::string_view key, std::string_view value, const EntryTimes& times = {});
  void finish();

 private:
  explicit Batch(std::shared_ptr<collections::BatchState> state) : state_(std::move(state)) {}
  std::shared_ptr<collections::BatchState> state_;
};

}  // namespace sapwood::detail
