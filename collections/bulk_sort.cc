#include "collections/bulk_sort.h"

#include <algorithm>
#include <deque>

#include "tree/bulk.h"
#include "tree/cursor.h"

namespace sapwood::collections {
namespace {

constexpr u64 kReadAhead = 64 << 10;  // bytes of a run in memory while runs are merged

}  // namespace

void BulkSort::add(Bytes key, Bytes value) {
  if (bytes_.size() + items_.size() * sizeof(Item) > memory_bytes_) write_run();
  items_.push_back({load_be64(key.data()), bytes_.size(), value.size(), static_cast<u32>(key.size())});
  bytes_ += key;
  bytes_ += value;
}

void BulkSort::finish(const Take& take) {
  if (runs_.empty()) return give_gathered(take);
  write_run();
  merge_runs(take);
  for (tree::TreeRoot& run : runs_) tree::TreeWriter(session_.txn(), target_.record.shape, run).clear();
}

void BulkSort::give_gathered(const Take& take) {
  std::ranges::sort(items_, [this](const Item& one, const Item& two) {
    if (one.hash != two.hash) return one.hash < two.hash;
    const int order = key_of(one).compare(key_of(two));
    return order != 0 ? order < 0 : one.offset < two.offset;
  });
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const bool replaced =
        i + 1 < items_.size() && item.hash == items_[i + 1].hash && key_of(item) == key_of(items_[i + 1]);
    if (!replaced) take(key_of(item), Bytes(bytes_).substr(item.offset + item.key_size, item.value_size));
  }
  items_.clear();
  bytes_.clear();
}

void BulkSort::write_run() {
  if (items_.empty()) return;
  tree::TreeRoot root;
  tree::BulkLoader loader(session_.txn(), target_.record.shape, root);
  give_gathered([&](Bytes key, Bytes value) { loader.add(key, value); });
  loader.finish();
  runs_.push_back(root);
}

// Entries of one run, some at a time: what is written meanwhile may move the pages.
class BulkSort::RunReader {
 public:
  RunReader(const WriteSession& session, const tree::TreeShape& shape, const tree::TreeRoot& root, u64 number)
      : session_(session), shape_(shape), root_(root), number_(number) {
    fill();
  }

  bool at_end() const { return entries_.empty(); }
  Bytes key() const { return entries_.front().first; }
  Bytes value() const { return entries_.front().second; }
  u64 number() const { return number_; }
  void next() {
    entries_.pop_front();
    if (entries_.empty()) fill();
  }

 private:
  void fill() {
    tree::Cursor cursor(session_.reader(shape_, root_));
    cursor.seek_index(index_);
    for (u64 bytes = 0; cursor.valid() && bytes < kReadAhead; cursor.next(), ++index_) {
      auto& [key, value] = entries_.emplace_back(cursor.key(), std::string());
      cursor.value().read(value);
      bytes += sizeof(entries_.front()) + key.size() + value.size();
    }
  }

  const WriteSession& session_;
  const tree::TreeShape& shape_;
  const tree::TreeRoot& root_;
  u64 number_;
  u64 index_ = 0;
  std::deque<std::pair<std::string, std::string>> entries_;
};

void BulkSort::merge_runs(const Take& take) {
  std::deque<RunReader> readers;
  std::vector<RunReader*> heap;  // the smallest key first; of equal ones the newest run
  const auto later = [](const RunReader* one, const RunReader* two) {
    const int order = one->key().compare(two->key());
    return order != 0 ? order > 0 : one->number() < two->number();
  };
  heap.reserve(runs_.size());
  for (const tree::TreeRoot& run : runs_) {
    heap.push_back(&readers.emplace_back(session_, target_.record.shape, run, readers.size()));
  }
  std::ranges::make_heap(heap, later);
  std::string last;
  for (bool first = true; !heap.empty();) {
    std::ranges::pop_heap(heap, later);
    RunReader& reader = *heap.back();
    if (first || reader.key() != last) {
      first = false;
      last = reader.key();
      take(last, reader.value());
    }
    reader.next();
    if (reader.at_end()) heap.pop_back();
    else std::ranges::push_heap(heap, later);
  }
}

}  // namespace sapwood::collections
