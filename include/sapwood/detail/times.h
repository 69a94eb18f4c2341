// Entries of a map or dict by their times.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "sapwood/datetime.h"
#include "sapwood/detail/handle.h"
#include "sapwood/detail/stream.h"

namespace sapwood {

template <class K, class V>
struct TimedEntry {
  DateTime time;
  K key;
  V value;
  bool operator==(const TimedEntry&) const = default;
};

namespace collections {
class TimeScan;
}

namespace detail {

// Where a reading of the entries of some times stands. Copies move together.
class TimeCursor {
 public:
  struct Entry {
    std::int64_t time_us = 0;
    std::string_view key;
    std::string_view value;
  };
  // Entries with times in [from, until), as the handle sees them now. Throws invalid_argument without timestamps.
  TimeCursor(const Handle& handle, std::int64_t from_us, std::int64_t until_us);
  bool at_end() const;
  Entry read() const;  // valid until the next call of next()
  void next();

 private:
  std::shared_ptr<collections::TimeScan> scan_;
};

template <class K, class V>
struct TimedEntries {
  class Source {
   public:
    using value_type = TimedEntry<K, V>;
    explicit Source(TimeCursor cursor) : cursor_(std::move(cursor)) {}
    bool at_end() const { return cursor_.at_end(); }
    value_type read() const {
      const TimeCursor::Entry entry = cursor_.read();
      return {{entry.time_us}, Codec<K>::decode_key(entry.key), Codec<V>::decode_value(entry.value)};
    }
    void next() { cursor_.next(); }

   private:
    TimeCursor cursor_;
  };

  Handle handle;
  DateTime from;
  DateTime until;
  Source start() const { return Source(TimeCursor(handle, from.us, until.us)); }
};

template <class K, class V>
using TimeRange = Stream<TimedEntries<K, V>>;

}  // namespace detail
}  // namespace sapwood
