// What changed between two versions of a collection: the stretches where its trees differ, entry by entry.
#include <string>

#include "collections/handle_state.h"
#include "sapwood/detail/changes.h"
#include "tree/cursor.h"
#include "tree/difference.h"

namespace sapwood {

const char* change_name(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::added: return "added";
    case ChangeKind::removed: return "removed";
    case ChangeKind::changed: return "changed";
    case ChangeKind::touched: return "touched";
  }
  return "unknown";
}

namespace collections {
namespace {

using detail::ChangeReceiver;
using detail::RawChange;

// One version, read from a position on.
class Side {
 public:
  explicit Side(const CollectionTree& tree) : tree_(tree), cursor_(tree_) {}

  void go_to(u64 index, u64 end) {
    end_ = end;
    if (index < end) cursor_.seek_index(index);
    index_ = index;
    is_read_ = false;
  }
  void next() {
    cursor_.next();
    ++index_;
    is_read_ = false;
  }
  bool at_end() const { return index_ >= end_; }
  u64 index() const { return index_; }
  u64 end() const { return end_; }
  void shorten(u64 end) { end_ = end; }

  // Where the tree has the entry, in its order.
  Bytes tree_key() {
    buffer_.clear();
    return cursor_.key(buffer_);
  }
  Bytes key() { return read().key(); }
  Bytes value() { return read().value(); }
  const StoredTimes& times() { return read().times(); }

 private:
  EntryReader& read() {
    if (!is_read_) entry_.read(cursor_, tree_);
    is_read_ = true;
    return entry_;
  }

  const CollectionTree& tree_;
  tree::Cursor cursor_;
  EntryReader entry_;
  std::string buffer_;
  u64 index_ = 0;
  u64 end_ = 0;
  bool is_read_ = false;
};

// Compares an older and a newer version; `reversed`: the caller's "before" is the newer one.
class Comparison {
 public:
  Comparison(const CollectionTree& older, const CollectionTree& newer, bool reversed, ChangeReceiver receiver)
      : keyed_(tree::is_keyed(older.shape().order)),
        has_times_(older.form().timestamps && newer.form().timestamps),
        has_expiry_(older.form().expiry_index != 0 && newer.form().expiry_index != 0),
        reversed_(reversed),
        receiver_(receiver),
        older_(older),
        newer_(newer),
        older_end_(older),
        newer_end_(newer) {}

  ChangeSummary run(const tree::Difference& difference) {
    summary_.pages_read = difference.pages;
    for (const tree::Stretch& stretch : difference.stretches) {
      older_.go_to(stretch.before, stretch.before_end);
      newer_.go_to(stretch.after, stretch.after_end);
      if (!(keyed_ ? compare_keys() : compare_items())) break;
    }
    return summary_;
  }

 private:
  bool compare_keys() {
    while (!older_.at_end() || !newer_.at_end()) {
      const int order = older_.at_end() ? 1 : newer_.at_end() ? -1 : older_.tree_key().compare(newer_.tree_key());
      if (order == 0) {
        const bool is_changed = older_.value() != newer_.value();
        if ((is_changed || are_times_changed()) && !tell(true, true, is_changed)) return false;
      } else if (!tell(order<0, order> 0)) {
        return false;
      }
      if (order <= 0) older_.next();
      if (order >= 0) newer_.next();
    }
    return true;
  }

  // Of those that both have.
  bool are_times_changed() {
    const auto changed = [&](bool is_kept, i64 StoredTimes::*time) {
      return is_kept && older_.times().*time != newer_.times().*time;
    };
    return changed(has_times_, &StoredTimes::time_us) || changed(has_expiry_, &StoredTimes::expiry_us);
  }

  bool compare_items() {
    while (!older_.at_end() && !newer_.at_end() && older_.value() == newer_.value()) older_.next(), newer_.next();
    leave_out_equal_ends();
    while (!older_.at_end() || !newer_.at_end()) {
      const bool is_old = !older_.at_end();
      const bool is_new = !newer_.at_end();
      const bool is_same = is_old && is_new && older_.value() == newer_.value();
      if (!is_same && !tell(is_old, is_new)) return false;
      if (is_old) older_.next();
      if (is_new) newer_.next();
    }
    return true;
  }

  void leave_out_equal_ends() {
    u64 older_end = older_.end();
    u64 newer_end = newer_.end();
    while (older_end > older_.index() && newer_end > newer_.index()) {
      older_end_.go_to(older_end - 1, older_end);
      newer_end_.go_to(newer_end - 1, newer_end);
      if (older_end_.value() != newer_end_.value()) break;
      --older_end;
      --newer_end;
    }
    older_.shorten(older_end);
    newer_.shorten(newer_end);
  }

  // The entry that the sides stand at: only in the older one, only in the newer one, or in both, with another value or
  // only other times.
  bool tell(bool is_old, bool is_new, bool is_changed = true) {
    RawChange change;
    if (keyed_) change.key = is_old ? older_.key() : newer_.key();
    if (is_old) change.before = older_.value();
    if (is_new) change.after = newer_.value();
    change.before_index = older_.index();
    change.after_index = newer_.index();
    if (reversed_) {
      std::swap(change.before, change.after);
      std::swap(change.before_index, change.after_index);
      std::swap(is_old, is_new);
    }
    change.kind = !is_old ? ChangeKind::added : !is_new ? ChangeKind::removed : ChangeKind::changed;
    if (!is_changed) change.kind = ChangeKind::touched;
    count(change.kind);
    return receiver_.take(receiver_.to, change);
  }

  void count(ChangeKind kind) {
    switch (kind) {
      case ChangeKind::added: ++summary_.added; return;
      case ChangeKind::removed: ++summary_.removed; return;
      case ChangeKind::changed: ++summary_.changed; return;
      case ChangeKind::touched: ++summary_.touched; return;
    }
  }

  bool keyed_;
  bool has_times_;
  bool has_expiry_;
  bool reversed_;
  ChangeReceiver receiver_;
  Side older_;
  Side newer_;
  Side older_end_;  // of a list, from the end of a stretch
  Side newer_end_;
  ChangeSummary summary_;
};

}  // namespace
}  // namespace collections

namespace detail {

using collections::CollectionTree;
using collections::HandleState;

ChangeSummary find_changes(const Handle& before, const Handle& after, ChangeReceiver receiver) {
  // Both at one moment, if neither has one: nothing differs then, but the newest version must not pass the other.
  const Handle first = before.pinned();
  const Handle second = after.pinned();
  HandleState* older = first.state().get();
  HandleState* newer = second.state().get();
  for (const HandleState* side : {older, newer}) {
    if (side->mode() == HandleState::Mode::read) continue;
    throw Error(ErrorCode::invalid_argument,
                side->who() +
                    " is of a write transaction: changes are found between versions that were committed; "
                    "get it from read transactions");
  }
  if (older->record().types != newer->record().types || older->environment() != newer->environment()) {
    throw Error(ErrorCode::wrong_type, older->who() + " and " + newer->who() +
                                           " cannot be compared: they are of other types, or of other files");
  }
  const bool reversed = older->snapshot().descriptor.txn > newer->snapshot().descriptor.txn;
  if (reversed) std::swap(older, newer);
  const TxnId older_txn = older->snapshot().descriptor.txn;
  const bool births_tell = newer->snapshot().descriptor.txn >> 32 == 0 && older->record().id == newer->record().id;
  return older->read([&](const CollectionTree& old_tree) {
    return newer->read([&](const CollectionTree& new_tree) {
      const tree::Difference difference = tree::find_difference(old_tree, new_tree, births_tell ? older_txn : 0);
      return collections::Comparison(old_tree, new_tree, reversed, receiver).run(difference);
    });
  });
}

}  // namespace detail
}  // namespace sapwood
