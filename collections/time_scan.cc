// detail::TimeCursor, and what else Handle does with times.
#include <unordered_set>
#include <vector>

#include "collections/atomic_change.h"
#include "collections/scan.h"
#include "collections/time_index.h"
#include "sapwood/detail/times.h"

namespace sapwood {
namespace collections {

// Entries with times in [from, until): by the index in the order of times, else all that there are, in their order.
class TimeScan {
 public:
  using Entry = detail::TimeCursor::Entry;

  TimeScan(const detail::Handle& handle, i64 from_us, i64 until_us)
      : scan_(handle.all().scan), from_us_(from_us), until_us_(until_us) {
    const ScanState& scan = scan_.scan();
    const u64 id = scan.record().form.time_index;
    if (id != 0) {
      index_ = scan.find_part(id);
      index_cursor_.emplace(*index_);
      index_cursor_->seek_key(time_bound(from_us));
      index_changes_ = scan.changes();
    }
    settle();
  }

  bool at_end() const { return at_end_; }
  Entry read() {
    scan_.scan().check_live();
    if (read_changes_ != scan_.scan().changes()) settle();
    return {reader_.times().time_us, reader_.key(), reader_.value()};
  }
  void next() {
    if (index_) index_at().next();
    else scan_.at().next();
    settle();
  }

 private:
  // The cursor of the index, found again after a change of the write transaction.
  tree::Cursor& index_at() {
    if (index_changes_ == scan_.scan().changes()) return *index_cursor_;
    const u64 position = index_cursor_->index();
    index_changes_ = scan_.scan().changes();
    index_ = scan_.scan().reread(*index_);
    index_cursor_.emplace(*index_);
    index_cursor_->seek_index(position);
    return *index_cursor_;
  }

  // To the first entry from here on that is wanted, and reads it.
  void settle() {
    scan_.scan().check_live();
    at_end_ = !(index_ ? find_by_index() : find_by_scan());
    read_changes_ = scan_.scan().changes();
  }

  bool find_by_index() {
    const CollectionTree tree = scan_.scan().tree();
    for (tree::Cursor& cursor = index_at(); cursor.valid(); cursor.next()) {
      const TimedKey timed = read_time_entry(cursor, tree.name());
      if (timed.time_us >= until_us_) return false;
      tree::Cursor entry(tree);
      entry.seek_key(timed.tree_key);
      if (!entry.valid() || entry.key() != timed.tree_key) {
        throw Error(ErrorCode::corrupt,
                    "'" + tree.name() + "': its index of times has an entry that it has not; run check on the file");
      }
      reader_.read(entry, tree);
      if (!reader_.expired()) return true;
    }
    return false;
  }

  bool find_by_scan() {
    const CollectionTree tree = scan_.scan().tree();
    for (tree::Cursor& cursor = scan_.at(); cursor.valid(); cursor.next()) {
      reader_.read(cursor, tree);
      const i64 time_us = reader_.times().time_us;
      if (time_us >= from_us_ && time_us < until_us_ && !reader_.expired()) return true;
    }
    return false;
  }

  ScanCursor scan_;
  i64 from_us_;
  i64 until_us_;
  std::optional<tree::TreeReader> index_;
  std::optional<tree::Cursor> index_cursor_;
  u64 index_changes_ = 0;
  u64 read_changes_ = 0;
  EntryReader reader_;
  bool at_end_ = false;
};

namespace {

constexpr std::size_t kPrunedTogether = 256;

// Keys of entries older than `before`, from the scan on; some of them, so that memory is bounded.
std::vector<std::string> next_old_keys(TimeScan& scan, const std::unordered_set<std::string_view>& keep) {
  std::vector<std::string> keys;
  for (; !scan.at_end() && keys.size() < kPrunedTogether; scan.next()) {
    const TimeScan::Entry entry = scan.read();
    if (!keep.contains(entry.key)) keys.emplace_back(entry.key);
  }
  return keys;
}

}  // namespace
}  // namespace collections

namespace detail {

using collections::AtomicChange;
using collections::CollectionTree;
using collections::FoundEntry;
using collections::HandleState;
using collections::next_old_keys;
using collections::OpenCollection;
using collections::StoredTimes;
using collections::TimeScan;
using collections::WriteSession;

TimeCursor::TimeCursor(const Handle& handle, i64 from_us, i64 until_us) {
  if (handle.state() != nullptr) handle.state()->require_timestamps();
  scan_ = std::make_shared<TimeScan>(handle, from_us, until_us);
}

bool TimeCursor::at_end() const { return scan_->at_end(); }
TimeCursor::Entry TimeCursor::read() const { return scan_->read(); }
void TimeCursor::next() { scan_->next(); }

std::optional<i64> Handle::get_time(std::string_view key) const {
  HandleState& state = checked();
  state.require_timestamps();
  return state.read([&](const CollectionTree& tree) -> std::optional<i64> {
    const std::optional<StoredTimes> times = FoundEntry(tree, key).times(tree);
    return times ? std::optional(times->time_us) : std::nullopt;
  });
}

std::optional<i64> Handle::get_expiry(std::string_view key) const {
  HandleState& state = checked();
  state.require_expiry();
  return state.read([&](const CollectionTree& tree) -> std::optional<i64> {
    const std::optional<StoredTimes> times = FoundEntry(tree, key).times(tree);
    return times ? std::optional(tree.form().expires_at(*times)) : std::nullopt;
  });
}

bool Handle::set_times(std::string_view key, const EntryTimes& times) {
  HandleState& state = checked();
  state.require_keys();
  state.require_times(times);
  return state.write([&](WriteSession& session, OpenCollection& map) { return session.set_times(map, key, times); });
}

u64 Handle::prune(i64 before_us, std::span<const std::string_view> keep) {
  checked().require_timestamps();
  const std::unordered_set<std::string_view> kept(keep.begin(), keep.end());
  AtomicChange change(*this);
  u64 pruned = 0;
  {
    TimeScan scan(change.handle(), std::numeric_limits<i64>::min(), before_us);
    for (std::vector<std::string> keys; !(keys = next_old_keys(scan, kept)).empty();) {
      for (const std::string& key : keys) pruned += change.session().erase(change.collection(), key) ? 1 : 0;
    }
  }
  change.finish();
  return pruned;
}

}  // namespace detail
}  // namespace sapwood
