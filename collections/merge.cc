// Two sets of one order read together.
#include "sapwood/detail/merge.h"

#include <algorithm>
#include <vector>

#include "collections/atomic_change.h"
#include "collections/scan.h"

namespace sapwood {
namespace collections {

using detail::Merge;

// One of the two sets.
class MergeSide {
 public:
  explicit MergeSide(const detail::Scan& scan) : scan_(scan) { read_key(); }

  // Again after each change of the write transaction, which may move the pages.
  void refresh() {
    if (scan_.changes() != scan_.scan().changes()) read_key();
    else scan_.scan().check_live();
  }
  bool at_end() const { return at_end_; }
  Bytes tree_key() const { return key_; }
  void next() {
    scan_.at().next();
    read_key();
  }
  // To the first key >= `key`: a few steps, or else a jump.
  void skip_to(Bytes key) {
    for (int step = 0; step < kSteps; ++step) {
      next();
      if (at_end_ || key_ >= key) return;
    }
    scan_.at().seek_key(key);
    read_key();
  }
  // The user's key here.
  void read_user_key(std::string& to) {
    entry_.read(scan_.at(), scan_.scan().tree());
    to.assign(entry_.key());
  }
  void check_live() const { scan_.scan().check_live(); }

 private:
  static constexpr int kSteps = 8;

  void read_key() {
    const tree::Cursor& cursor = scan_.at();
    at_end_ = !cursor.valid();
    buffer_.clear();
    if (!at_end_) key_ = cursor.key(buffer_);
  }

  ScanCursor scan_;
  EntryReader entry_;
  std::string buffer_;
  Bytes key_;
  bool at_end_ = false;
};

class MergeState {
 public:
  MergeState(const detail::SetPair& sets, Merge kind)
      : first_(sets.first.scan), second_(sets.second.scan), kind_(kind) {
    settle();
  }

  bool at_end() const { return order_ == Order::end; }
  Bytes key() const {
    first_.check_live();
    second_.check_live();
    return key_;
  }
  void next() {
    first_.refresh();
    second_.refresh();
    if (order_ != Order::second) first_.next();
    if (order_ != Order::first) second_.next();
    settle();
  }

 private:
  // Which side has the smaller key; `end`: nothing more to give.
  enum class Order { first, both, second, end };

  Order compare() const {
    if (first_.at_end() && second_.at_end()) return Order::end;
    if (first_.at_end()) return Order::second;
    if (second_.at_end()) return Order::first;
    const int order = first_.tree_key().compare(second_.tree_key());
    return order < 0 ? Order::first : order == 0 ? Order::both : Order::second;
  }
  bool is_wanted(Order order) const {
    switch (kind_) {
      case Merge::both: return order == Order::both;
      case Merge::either: return true;
      case Merge::first_only: return order == Order::first;
      case Merge::one_only: return order != Order::both;
    }
    return false;
  }
  // No wanted key can follow.
  bool is_over() const {
    if (kind_ == Merge::both) return first_.at_end() || second_.at_end();
    return first_.at_end() && (kind_ == Merge::first_only || second_.at_end());
  }
  // To the next key that is wanted, from here on.
  void settle() {
    for (;;) {
      order_ = is_over() ? Order::end : compare();
      if (order_ == Order::end) return;
      if (is_wanted(order_)) break;
      if (order_ == Order::both) {
        first_.next();
        second_.next();
      } else if (order_ == Order::first) {
        first_.skip_to(second_.tree_key());
      } else {
        second_.skip_to(first_.tree_key());
      }
    }
    (order_ == Order::second ? second_ : first_).read_user_key(key_);
  }

  MergeSide first_;
  MergeSide second_;
  Merge kind_;
  Order order_ = Order::end;
  std::string key_;
};

namespace {

constexpr std::size_t kChangedTogether = 256;

// Some of the keys that the merge gives, so that memory is bounded and cursors move rarely.
std::vector<std::string> next_keys(MergeState& merge) {
  std::vector<std::string> keys;
  for (; !merge.at_end() && keys.size() < kChangedTogether; merge.next()) keys.emplace_back(merge.key());
  return keys;
}

void erase_each(AtomicChange& change, const detail::SetPair& sets, Merge kind) {
  MergeState merge(sets, kind);
  for (std::vector<std::string> keys; !(keys = next_keys(merge)).empty();) {
    for (const std::string& key : keys) change.session().erase(change.collection(), key);
  }
}

void put_each(AtomicChange& change, const detail::SetPair& sets, Merge kind) {
  MergeState merge(sets, kind);
  for (std::vector<std::string> keys; !(keys = next_keys(merge)).empty();) {
    for (const std::string& key : keys) change.session().put(change.collection(), key, {});
  }
}

}  // namespace

}  // namespace collections

namespace detail {

using collections::AtomicChange;
using collections::erase_each;
using collections::MergeState;
using collections::put_each;

SetPair::SetPair(const Handle& one, const Handle& two) {
  const Handle first_set = one.beside(two);
  const Handle second_set = two.beside(first_set);
  first = first_set.all();
  second = second_set.all();
  const tree::TreeReader first_tree = first.scan->tree();
  const tree::TreeReader second_tree = second.scan->tree();
  if (one.types().is_sorted() || first_tree.pages().key_hash() == second_tree.pages().key_hash()) return;
  throw Error(ErrorCode::invalid_argument,
              one.state()->who() + " and " + two.state()->who() +
                  " are of different files, so their keys are in different orders: give the keys of the other one "
                  "as a range, with other.range()");
}

SetPair SetPair::swapped() const {
  SetPair other = *this;
  std::swap(other.first, other.second);
  return other;
}

MergeCursor::MergeCursor(const SetPair& sets, Merge kind) : state_(std::make_shared<MergeState>(sets, kind)) {}

bool MergeCursor::at_end() const { return state_->at_end(); }
std::string_view MergeCursor::key() const { return state_->key(); }
void MergeCursor::next() { state_->next(); }

void combine(const Handle& set, const Handle& other, Batch::Mode mode) {
  AtomicChange change(set);
  {
    const SetPair sets(change.handle(), other);  // as they are before the first change
    const SetPair swapped = sets.swapped();
    switch (mode) {
      case Batch::Mode::erase: erase_each(change, sets, Merge::both); break;
      case Batch::Mode::retain: erase_each(change, sets, Merge::first_only); break;
      case Batch::Mode::toggle: erase_each(change, sets, Merge::both); [[fallthrough]];
      default: put_each(change, swapped, Merge::first_only);
    }
  }
  change.finish();
}

}  // namespace detail
}  // namespace sapwood
