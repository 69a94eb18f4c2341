// The times of entries in WriteSession: as they are stored, their indexes, and how what has expired is reclaimed.
#include <algorithm>

#include "collections/entry_reader.h"
#include "collections/session.h"
#include "collections/stored_key.h"
#include "collections/time_index.h"

namespace sapwood::collections {
namespace {

constexpr u64 kIndexedTogether = 256;
constexpr u64 kReclaimedFirst = 64;  // expired entries, at the first put of a transaction
constexpr u64 kReclaimedNext = 2;    // at each other put: more than it can add

}  // namespace

// What is told counts, else what was before.
StoredTimes WriteSession::stored_times(const ValueForm& form, const detail::EntryTimes& told,
                                       const StoredTimes& before) const {
  StoredTimes times = before;
  if (told.time_us && form.timestamps) times.time_us = *told.time_us;
  if (form.expiry_index == 0) return times;
  if (told.expiry_us) times.expiry_us = *told.expiry_us;
  if (told.lives_us) {
    const i64 now = time_us();
    times.expiry_us = *told.lives_us > kNeverUs - now ? kNeverUs : now + *told.lives_us;
  }
  return times;
}

bool WriteSession::set_times(OpenCollection& collection, Bytes key, const detail::EntryTimes& times) {
  check_changeable(collection);
  std::optional<std::string> stored = stored_at(collection, key);
  if (!stored) return false;
  const CollectionTree tree = view(collection);
  const StoredTimes before = tree.times_of(*stored);
  if (tree.is_expired(before)) return false;
  const StoredTimes after = stored_times(tree.form(), times, before);
  if (after == before) return true;
  replace_times(*stored, tree.form(), after);
  put_stored(collection, key, *stored);
  return true;
}

detail::EntryTimes WriteSession::kept_times(const OpenCollection& collection, Bytes key) const {
  if (collection.record.form.expiry_index == 0) return {};
  const CollectionTree tree = view(collection);
  const std::optional<StoredTimes> times = FoundEntry(tree, key).times(tree);
  if (!times) return {};
  return {.expiry_us = times->expiry_us};
}

std::optional<StoredTimes> WriteSession::times_at(const OpenCollection& collection, Bytes tree_key) const {
  const std::optional<tree::ValueView> found = reader(collection).get(tree_key);
  if (!found) return std::nullopt;
  const CatalogRecord& record = collection.record;
  const bool is_long = is_long_key(record.shape, txn_.page_size(), tree_key);
  if (found->is_inline() && !is_long) return split_value(record.form, found->inline_bytes(), record.name).times;
  std::string bytes;
  found->read(bytes);
  return split_value(record.form, is_long ? split_long_entry(bytes, record.name).value : Bytes(bytes), record.name)
      .times;
}

// Those that an index has, if there is one.
std::optional<StoredTimes> WriteSession::indexed_times(const OpenCollection& collection, Bytes tree_key) const {
  return collection.record.form.has_index() ? times_at(collection, tree_key) : std::nullopt;
}

void WriteSession::index_times(OpenCollection& collection, Bytes tree_key, const std::optional<StoredTimes>& before,
                               const std::optional<StoredTimes>& after) {
  const CatalogRecord& record = collection.record;
  if (record.form.time_index != 0) {
    const auto time_of = [](const auto& times) { return times ? std::optional(times->time_us) : std::nullopt; };
    index_time(part_of(record, record.form.time_index), tree_key, time_of(before), time_of(after));
  }
  if (record.form.expiry_index != 0) {
    const auto expiry = [&](const auto& times) -> std::optional<i64> {
      const i64 moment = times ? record.form.expires_at(*times) : kNeverUs;
      return moment != kNeverUs ? std::optional(moment) : std::nullopt;
    };
    index_time(part_of(record, record.form.expiry_index), tree_key, expiry(before), expiry(after));
  }
}

void WriteSession::index_time(OpenCollection& index, Bytes tree_key, std::optional<i64> before,
                              std::optional<i64> after) {
  if (before == after) return;
  index.dirty = true;
  if (before) writer(index).erase(TimeEntry(*before, tree_key, key_hash_, txn_.page_size()).key());
  if (!after) return;
  const TimeEntry entry(*after, tree_key, key_hash_, txn_.page_size());
  writer(index).put(entry.key(), entry.value());
}

void WriteSession::unindex_range(OpenCollection& collection, u64 first, u64 count) {
  if (!collection.record.form.has_index()) return;
  struct Entry {
    std::string tree_key;
    StoredTimes times;
  };
  std::vector<Entry> entries;
  for (u64 done = 0; done < count; done += entries.size()) {
    entries.clear();
    const CollectionTree tree = view(collection);
    tree::Cursor cursor(tree);
    EntryReader reader;
    for (cursor.seek_index(first + done); entries.size() < std::min(kIndexedTogether, count - done); cursor.next()) {
      reader.read(cursor, tree);
      entries.push_back({std::string(cursor.key()), reader.times()});
    }
    for (const Entry& entry : entries) index_times(collection, entry.tree_key, entry.times, std::nullopt);
  }
}

std::string WriteSession::user_key(const OpenCollection& collection, const std::string& tree_key) const {
  const CatalogRecord& record = collection.record;
  if (!is_long_key(record.shape, txn_.page_size(), tree_key)) {
    return std::string(short_key(record.shape, tree_key, record.name));
  }
  std::string stored;
  if (const std::optional<tree::ValueView> found = reader(collection).get(tree_key)) found->read(stored);
  return std::string(split_long_entry(stored, record.name).key);
}

// The keys of some entries that have expired: as the index of expiry tells, or that of times.
std::vector<std::string> WriteSession::expired_keys(OpenCollection& collection, u64 most) {
  const CatalogRecord& record = collection.record;
  const bool by_expiry = record.form.expiry_index != 0;
  const i64 until_us = by_expiry ? time_us() : time_us() - record.form.time_to_live_us;
  const tree::TreeReader index = reader(part_of(record, by_expiry ? record.form.expiry_index : record.form.time_index));
  std::vector<std::string> keys;
  tree::Cursor cursor(index);
  for (cursor.seek_first(); cursor.valid() && keys.size() < most; cursor.next()) {
    const TimedKey entry = read_time_entry(cursor, record.name);
    if (entry.time_us > until_us) break;
    keys.push_back(user_key(collection, entry.tree_key));
  }
  return keys;
}

u64 WriteSession::reclaim(OpenCollection& collection, u64 most) {
  const u64 before = collection.record.root.count;
  for (const std::string& key : expired_keys(collection, most)) erase(collection, key);
  return before - collection.record.root.count;  // a damaged index may tell of entries that are not there
}

// Some entries of one of the collections that may have expired ones: of another with each transaction.
void WriteSession::reclaim_expired() {
  if (OpenCollection* collection = find_reclaim_due()) attempt([&] { reclaim(*collection, kReclaimedFirst); });
}

// Null if there is nothing to do, or damage hides it.
OpenCollection* WriteSession::find_reclaim_due() {
  try {
    OpenCollection* collection = find(catalog_reader().expiring(txn_.id()));
    const bool is_free = collection != nullptr && !collection->busy && !collection->reclaimed;
    return is_free && !expired_keys(*collection, 1).empty() ? collection : nullptr;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
    return nullptr;
  }
}

void WriteSession::reclaim_first(OpenCollection& collection) {
  if (!collection.record.form.may_expire()) return;
  const u64 most = collection.reclaimed ? kReclaimedNext : kReclaimedFirst;
  collection.reclaimed = true;
  reclaim(collection, most);
}

}  // namespace sapwood::collections
