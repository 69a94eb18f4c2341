#include "collections/object_cache.h"

#include "base/hash.h"
#include "collections/environment.h"
#include "collections/handle_state.h"
#include "tree/blob.h"

namespace sapwood {
namespace collections {

std::optional<ValuePlace> place_of(const tree::ValueView& value, const storage::PageReader& pages) {
  const Bytes stored = value.stored();
  if (stored.empty()) return std::nullopt;
  if (value.is_inline()) {
    const storage::PagePlace place = pages.place_of(stored.data());
    return ValuePlace{place.birth, place.offset};
  }
  // References to runs have checksums of the bytes; those to trees of chunks have not.
  if (static_cast<u8>(stored.front()) == tree::kChunkTree) return std::nullopt;
  const Hash128 hash = hash128(stored.data(), stored.size(), 0);
  return ValuePlace{hash.high, hash.low};
}

void ObjectCacheState::serve(const std::shared_ptr<Environment>& file, const std::shared_ptr<ObjectCacheState>& self) {
  const std::lock_guard lock(mutex_);
  if (!file_.owner_before(file) && !file.owner_before(file_)) return;
  if (const std::shared_ptr<Environment> other = file_.lock(); other != nullptr && other->is_open()) {
    throw Error(ErrorCode::invalid_argument, "the object cache '" + options_.name + "' serves " + other->path() +
                                                 ": use another one for " + file->path());
  }
  clear_entries();
  file_ = file;
  file->object_caches().add(self);
}

ObjectCacheState::Object ObjectCacheState::find(const ValuePlace& place) {
  const std::lock_guard lock(mutex_);
  const auto found = by_place_.find(place);
  if (found == by_place_.end()) {
    ++misses_;
    return nullptr;
  }
  ++hits_;
  promote(found->second);
  return found->second.entry->object;
}

void ObjectCacheState::promote(Location& at) {
  if (options_.policy == CachePolicy::fifo) return;
  const Queues::iterator from = at.queue;
  if (options_.policy == CachePolicy::lfu) at.queue = queues_.try_emplace(++at.entry->asked + age_).first;
  at.queue->second.splice(at.queue->second.end(), from->second, at.entry);
  leave_if_empty(from);
}

void ObjectCacheState::leave_if_empty(Queues::iterator queue) {
  if (queue->second.empty()) queues_.erase(queue);
}

void ObjectCacheState::add(const ValuePlace& place, const Object& object, u64 size) {
  const std::lock_guard lock(mutex_);
  if (options_.max_entries == 0 || size > options_.max_bytes) return;
  const auto [found, is_new] = by_place_.try_emplace(place);
  if (!is_new) return;  // another thread was faster
  const u64 rank = options_.policy == CachePolicy::lfu ? age_ + 1 : 0;
  const Queues::iterator queue = queues_.try_emplace(rank).first;
  queue->second.push_back({place, object, size, 1});
  found->second = {queue, std::prev(queue->second.end())};
  bytes_ += size;
  while (by_place_.size() > options_.max_entries || bytes_ > options_.max_bytes) evict();
}

void ObjectCacheState::evict() {
  const Queues::iterator lowest = queues_.begin();
  if (options_.policy == CachePolicy::lfu) age_ = lowest->first;
  const Entry& entry = lowest->second.front();
  bytes_ -= entry.size;
  by_place_.erase(entry.place);
  lowest->second.pop_front();
  leave_if_empty(lowest);
  ++evictions_;
}

void ObjectCacheState::count_miss() {
  const std::lock_guard lock(mutex_);
  ++misses_;
}

void ObjectCacheState::clear() {
  const std::lock_guard lock(mutex_);
  clear_entries();
}

void ObjectCacheState::clear_entries() {
  by_place_.clear();
  queues_.clear();
  bytes_ = age_ = 0;
}

CacheMetrics ObjectCacheState::metrics() const {
  const std::lock_guard lock(mutex_);
  return {options_.name, by_place_.size(), bytes_, hits_, misses_, evictions_};
}

void ObjectCaches::add(const std::shared_ptr<ObjectCacheState>& cache) {
  const std::lock_guard lock(mutex_);
  std::erase_if(caches_, [](const auto& one) { return one.expired(); });
  caches_.push_back(cache);
}

std::vector<CacheMetrics> ObjectCaches::metrics() const {
  const auto caches = [this] {  // a cache that is locked may be adding itself
    const std::lock_guard lock(mutex_);
    return caches_;
  }();
  std::vector<CacheMetrics> all;
  for (const auto& one : caches) {
    if (const std::shared_ptr<ObjectCacheState> cache = one.lock()) all.push_back(cache->metrics());
  }
  return all;
}

}  // namespace collections

namespace detail {

using collections::HandleState;
using collections::ObjectCacheState;
using collections::ValuePlace;

namespace {

// The object of a value that stands as `stored` in the tree; `is_long`: behind its key.
std::shared_ptr<const void> object_of(ObjectCacheState& cache, const HandleState& state,
                                      const collections::CollectionTree& tree, const tree::ValueView& stored,
                                      bool is_long, ObjectMaker maker) {
  const bool changes = state.mode() == HandleState::Mode::write;
  const std::optional<ValuePlace> place = changes ? std::nullopt : collections::place_of(stored, tree.pages());
  if (!place) cache.count_miss();
  else if (std::shared_ptr<const void> found = cache.find(*place)) return found;
  MadeObject made;
  struct Target {
    ObjectMaker maker;
    MadeObject& made;
  } target{maker, made};
  const Receiver receiver{&target, [](void* to, std::string_view bytes) {
                            const Target& into = *static_cast<Target*>(to);
                            into.made = into.maker.make(into.maker.self, bytes);
                          }};
  if (is_long) collections::deliver_long(tree, stored, {}, receiver);
  else collections::deliver(tree, stored, receiver);
  if (place) cache.add(*place, made.object, made.size);
  return made.object;
}

}  // namespace

CacheCore::CacheCore(const CacheOptions& options) : state_(std::make_shared<ObjectCacheState>(options)) {}

std::shared_ptr<const void> CacheCore::at(const Handle& list, u64 index, ObjectMaker maker) const {
  HandleState& state = list.checked();
  state.require_list();
  state_->serve(state.environment(), state_);
  return state.read([&](const collections::CollectionTree& tree) {
    if (index >= tree.size()) [[unlikely]]
      state.throw_past_end(index, tree.size());
    return object_of(*state_, state, tree, tree.at(index), false, maker);
  });
}

std::shared_ptr<const void> CacheCore::get(const Handle& map, std::string_view key, ObjectMaker maker) const {
  HandleState& state = map.checked();
  state.require_keys();
  state_->serve(state.environment(), state_);
  return state.read([&](const collections::CollectionTree& tree) -> std::shared_ptr<const void> {
    const collections::FoundEntry found(tree, key);
    if (!found) return nullptr;
    return object_of(*state_, state, tree, found.stored(), found.is_long(), maker);
  });
}

CacheMetrics CacheCore::metrics() const { return state_->metrics(); }
void CacheCore::clear() { state_->clear(); }

}  // namespace detail
}  // namespace sapwood
