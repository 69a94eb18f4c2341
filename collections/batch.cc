// detail::Batch: many entries, all or none.
#include "sapwood/detail/batch.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <vector>

#include "collections/atomic_change.h"
#include "collections/bulk_sort.h"
#include "collections/nested_value.h"
#include "collections/time_index.h"
#include "tree/bulk.h"

namespace sapwood {
namespace collections {

using Mode = detail::Batch::Mode;
using detail::EntryTimes;

// The first entries of a bulk load, of which a dictionary is made before any is stored.
struct BulkSample {
  struct Entry {
    std::string key;
    std::string value;
    EntryTimes times;
  };
  std::vector<Entry> entries;
  Samples samples;
  u64 bytes = 0;
};

class BatchState {
 public:
  BatchState(const detail::Handle& handle, Mode mode);
  // Of a list: items take the place of [first, first + count); nullopt: at the end.
  BatchState(const detail::Handle& handle, std::optional<u64> first, u64 count);
  ~BatchState();
  BatchState(const BatchState&) = delete;
  BatchState& operator=(const BatchState&) = delete;

  void add(Bytes key, Bytes value, const EntryTimes& times = {});
  void finish();

 private:
  WriteSession& session() { return change_.session(); }
  OpenCollection& collection() { return change_.collection(); }
  HandleState& handle() { return *change_.handle().state(); }
  const CollectionTypes& types() { return collection().record.types; }
  void start_bulk();
  void add_bulk(Bytes key, Bytes value, const EntryTimes& times);
  void end_sampling();
  void add_stored(Bytes key, Bytes stored);
  void add_item(Bytes value);
  void add_key(Bytes key, Bytes value, const EntryTimes& times);
  void index(BulkSort& sort, i64 time_us, Bytes stored_key);
  void finish_index(BulkSort& sort, u64 id);
  void load(Bytes stored_key, Bytes stored_value);
  void finish_bulk();
  void erase_others();

  AtomicChange change_;
  Mode mode_ = Mode::put;
  bool bulk_ = false;
  u64 at_ = 0;                                 // of a list, and of a bulk load: where the next item goes
  u64 replaced_end_ = 0;                       // of a list: items before this one are replaced
  std::optional<BulkSort> sort_;               // bulk, in hash order
  std::optional<BulkSort> time_sort_;          // bulk, of the index of times
  std::optional<BulkSort> expiry_sort_;        // bulk, of that of expiry
  std::optional<BulkSample> sample_;           // bulk, until there is a dictionary
  std::optional<tree::BulkLoader> loader_;     // bulk
  std::string last_key_;                       // bulk, in key order
  u64 asked_ = 0;                              // bulk: entries given
  std::unordered_set<std::string> told_keys_;  // retain, toggle
};

BatchState::BatchState(const detail::Handle& handle, Mode mode) : change_(handle), mode_(mode) {
  if (mode != Mode::bulk) {
    this->handle().require_keys();
    return;
  }
  const u64 size = collection().record.root.count;
  if (size != 0) {
    throw Error(ErrorCode::invalid_argument, this->handle().who() + " holds " + std::to_string(size) +
                                                 " items: bulk_load needs an empty collection");
  }
  start_bulk();
}

BatchState::BatchState(const detail::Handle& handle, std::optional<u64> first, u64 count) : change_(handle) {
  this->handle().require_list();
  const u64 size = collection().record.root.count;
  at_ = first.value_or(size);
  if (at_ > size) this->handle().throw_past_end(at_, size);
  if (count > size - at_) this->handle().throw_past_end(at_ + count - 1, size);
  replaced_end_ = at_ + count;
  if (size == 0) start_bulk();
}

void BatchState::start_bulk() {
  bulk_ = true;
  OpenCollection& target = collection();
  session().change(target, [&] { loader_.emplace(session().txn(), target.record.shape, target.record.root); });
  const u64 memory = handle().environment()->engine().options().dirty_limit;
  if (types().is_hashed()) sort_.emplace(session(), target, memory);
  const ValueForm& form = target.record.form;
  if (form.time_index != 0) time_sort_.emplace(session(), session().part_of(target.record, form.time_index), memory);
  if (form.expiry_index != 0)
    expiry_sort_.emplace(session(), session().part_of(target.record, form.expiry_index), memory);
  if (target.record.form.level != 0) sample_.emplace();
  session().set_busy(target, true);
}

void BatchState::add(Bytes key, Bytes value, const EntryTimes& times) {
  change_.check_live();
  if (bulk_) return add_bulk(key, value, times);
  if (types().has_keys()) return add_key(key, value, times);
  add_item(value);
}

void BatchState::add_item(Bytes value) {
  if (at_ < replaced_end_) session().set(collection(), at_, value);
  else session().insert(collection(), at_, value);
  ++at_;
}

void BatchState::add_key(Bytes key, Bytes value, const EntryTimes& times) {
  WriteSession& session = this->session();
  OpenCollection& target = collection();
  switch (mode_) {
    case Mode::put:
      if (types().has_values() || !session.contains(target, key)) session.put(target, key, value, times);
      return;
    case Mode::erase: session.erase(target, key); return;
    case Mode::retain:
      if (session.contains(target, key)) told_keys_.emplace(key);
      return;
    case Mode::toggle:
      if (told_keys_.emplace(key).second && !session.erase(target, key)) session.put(target, key, value);
      return;
    case Mode::bulk: return;
  }
}

void BatchState::add_bulk(Bytes key, Bytes value, const EntryTimes& times) {
  OpenCollection& target = collection();
  session().check_entry(target, key, value);
  note_child(target.record, value);
  if (types().is_sorted()) {
    if (asked_ != 0 && key <= last_key_) {
      throw Error(ErrorCode::invalid_argument, handle().who() + ": entry " + std::to_string(asked_) +
                                                   " does not come after the one before it: bulk_load needs strictly "
                                                   "ascending keys");
    }
    last_key_.assign(key);
  }
  ++asked_;
  if (!sample_) return add_stored(key, session().form_value(target, value, times));
  sample_->entries.push_back({std::string(key), std::string(value), times});
  sample_->samples.add(value);
  sample_->bytes += key.size() + value.size();
  if (sample_->samples.full() || sample_->bytes >= 2 * Samples::kMostBytes) end_sampling();
}

void BatchState::end_sampling() {
  const BulkSample sample = std::move(*sample_);
  sample_.reset();
  OpenCollection& target = collection();
  session().add_dictionary(target, sample.samples);
  for (const BulkSample::Entry& entry : sample.entries) {
    add_stored(entry.key, session().form_value(target, entry.value, entry.times));
  }
}

void BatchState::add_stored(Bytes key, Bytes stored) {
  OpenCollection& target = collection();
  if (!sort_) return session().change(target, [&] { load(key, stored); });
  const StoredKey stored_key(session().reader(target), key);
  const std::string joined = stored_key.is_long() ? join_long_entry(key, stored) : std::string();
  session().change(target, [&] { sort_->add(stored_key, stored_key.is_long() ? Bytes(joined) : stored); });
}

// The next entry in the tree's order.
void BatchState::load(Bytes stored_key, Bytes stored_value) {
  const CatalogRecord& record = collection().record;
  loader_->add(stored_key, stored_value);
  Operation operation{.kind = OperationKind::list_insert, .id = record.id, .value = stored_value, .index = at_++};
  if (record.types.has_keys()) {
    operation.kind = OperationKind::put;
    if (is_long_key(record.shape, session().txn().page_size(), stored_key)) {
      const LongEntry entry = split_long_entry(stored_value, record.name);
      operation.key = entry.key;
      operation.value = entry.value;
    } else {
      operation.key = short_key(record.shape, stored_key, record.name);
    }
  }
  session().record_value(operation, stored_value.size());
  if (!time_sort_ && !expiry_sort_) return;
  const StoredTimes times = split_value(record.form, operation.value, record.name).times;
  if (time_sort_) index(*time_sort_, times.time_us, stored_key);
  const i64 expires_us = record.form.expires_at(times);
  if (expiry_sort_ && expires_us != kNeverUs) index(*expiry_sort_, expires_us, stored_key);
}

void BatchState::index(BulkSort& sort, i64 time_us, Bytes stored_key) {
  const storage::PageReader pages = session().txn().reader();
  const TimeEntry entry(time_us, stored_key, pages.key_hash(), pages.page_size());
  sort.add(entry.key(), entry.value());
}

void BatchState::finish_index(BulkSort& sort, u64 id) {
  OpenCollection& index = session().part_of(collection().record, id);
  session().change(index, [&] {
    tree::BulkLoader loader(session().txn(), index.record.shape, index.record.root);
    sort.finish([&](Bytes key, Bytes value) { loader.add(key, value); });
    loader.finish();
  });
}

void BatchState::finish_bulk() {
  if (sample_) end_sampling();
  session().change(collection(), [&] {
    if (sort_) sort_->finish([this](Bytes key, Bytes value) { load(key, value); });
    loader_->finish();
  });
  const ValueForm& form = collection().record.form;
  if (time_sort_) finish_index(*time_sort_, form.time_index);
  if (expiry_sort_) finish_index(*expiry_sort_, form.expiry_index);
  loader_.reset();
  session().set_busy(collection(), false);
}

void BatchState::erase_others() {
  const auto is_other = [this](Bytes key, Bytes) { return !told_keys_.contains(std::string(key)); };
  if (told_keys_.size() == collection().record.root.count) return;
  detail::Handle handle = change_.handle();
  handle.erase_if(detail::entry_test(is_other));
}

void BatchState::finish() {
  change_.check_live();
  if (bulk_) finish_bulk();
  else if (mode_ == Mode::retain) erase_others();
  else if (at_ < replaced_end_) session().erase_items(collection(), at_, replaced_end_ - at_);
  change_.finish();
}

BatchState::~BatchState() {
  if (loader_) change_.session_unchecked().set_busy(collection(), false);
}

}  // namespace collections

namespace detail {

using collections::BatchState;

Batch::Batch(const Handle& handle, Mode mode) : state_(std::make_shared<BatchState>(handle, mode)) {}

Batch Batch::inserting(const Handle& handle, u64 at) { return Batch(std::make_shared<BatchState>(handle, at, 0)); }

Batch Batch::appending(const Handle& handle) { return Batch(std::make_shared<BatchState>(handle, std::nullopt, 0)); }

Batch Batch::replacing(const Handle& handle, u64 first, u64 count) {
  return Batch(std::make_shared<BatchState>(handle, first, count));
}

void Batch::add(std::string_view key, std::string_view value, const EntryTimes& times) {
  state_->add(key, value, times);
}
void Batch::finish() { state_->finish(); }

}  // namespace detail
}  // namespace sapwood
