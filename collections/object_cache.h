// Decoded objects by the place of their bytes, and which of them leaves.
//
// Objects stand in queues by rank, each in the order in which they came there; the first of the lowest queue leaves
// first. LRU and FIFO have one queue; a hit of LRU goes to its end. With LFU the rank is how often the object was asked
// for, plus the rank of what left last when that was counted (LFU with dynamic aging): so what was popular once is
// overtaken by what is asked for now.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/types.h"
#include "sapwood/detail/cache.h"
#include "storage/page_reader.h"
#include "tree/value.h"

namespace sapwood::collections {

class Environment;

// Where bytes stand: no other bytes of the file ever stood or will stand there.
struct ValuePlace {
  u64 high = 0;
  u64 low = 0;
  bool operator==(const ValuePlace&) const = default;
};
// Of a value in a snapshot; nullopt if its place says nothing: an empty value, or one in more than four runs.
std::optional<ValuePlace> place_of(const tree::ValueView& value, const storage::PageReader& pages);

class ObjectCacheState {
 public:
  using Object = std::shared_ptr<const void>;

  explicit ObjectCacheState(const CacheOptions& options) : options_(options) {}

  // Serves this file from now on. Throws Error{invalid_argument} while another one that it served is open.
  void serve(const std::shared_ptr<Environment>& file, const std::shared_ptr<ObjectCacheState>& self);
  Object find(const ValuePlace& place);
  void add(const ValuePlace& place, const Object& object, u64 size);
  void count_miss();
  void clear();
  CacheMetrics metrics() const;

 private:
  struct Entry {
    ValuePlace place;
    Object object;
    u64 size;
    u64 asked;  // how often
  };
  using Queue = std::list<Entry>;
  using Queues = std::map<u64, Queue>;
  struct Location {
    Queues::iterator queue;
    Queue::iterator entry;
  };
  struct PlaceHash {
    std::size_t operator()(const ValuePlace& place) const { return place.high * 0x9e3779b97f4a7c15u ^ place.low; }
  };

  void promote(Location& at);
  void leave_if_empty(Queues::iterator queue);
  void evict();
  void clear_entries();

  const CacheOptions options_;
  mutable std::mutex mutex_;
  std::weak_ptr<Environment> file_;
  Queues queues_;
  std::unordered_map<ValuePlace, Location, PlaceHash> by_place_;
  u64 age_ = 0;  // LFU: the rank of what left last
  u64 bytes_ = 0;
  u64 hits_ = 0;
  u64 misses_ = 0;
  u64 evictions_ = 0;
};

// The caches that serve a file.
class ObjectCaches {
 public:
  void add(const std::shared_ptr<ObjectCacheState>& cache);
  std::vector<CacheMetrics> metrics() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<ObjectCacheState>> caches_;
};

}  // namespace sapwood::collections
