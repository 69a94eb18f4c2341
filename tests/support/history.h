// The states that a database went through, and which of them a crash may leave.
//
//   states()    0  1  2  3  4  5
//               .  .  |  .  |  `- attempted: its commit has not returned, or failed with an unknown outcome
//               .  .  |  .  `- newest: committed
//               .  .  `- acknowledged: what a killed process leaves, or a later one
//               .  `- durable: what a power cut leaves, or a later one
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sapwood/options.h"
#include "tests/support/model.h"

namespace sapwood::test {

class History {
 public:
  explicit History(Model first = {}) : states_{std::move(first)} {}

  const Model& newest() const { return states_[newest_]; }
  const std::vector<Model>& states() const { return states_; }
  std::size_t durable() const { return durable_; }
  std::size_t acknowledged() const { return acknowledged_; }
  std::size_t newest_index() const { return newest_; }
  bool has_attempt() const { return states_.size() > newest_ + 1; }

  // A commit of `state` begins. Then one of: it returned; it failed and nothing happened; its outcome is unknown. A
  // state equal to the newest is none.
  void begin_commit(Model state) {
    in_flight_ = !(state == newest());
    if (in_flight_) states_.push_back(std::move(state));
  }
  void commit_returned(Durability durability) {
    if (!std::exchange(in_flight_, false)) return;
    newest_ = states_.size() - 1;
    if (durability != Durability::none) acknowledged_ = newest_;
    if (durability == Durability::sync) durable_ = newest_;
  }
  void commit_failed() {
    if (std::exchange(in_flight_, false)) states_.pop_back();
  }
  void commit_unknown() { in_flight_ = false; }
  // The database shows that state now, which is the newest or one attempted after it.
  void see(std::size_t index) { newest_ = index; }
  // sync() or checkpoint() returned: all so far is durable.
  void all_durable() { durable_ = acknowledged_ = newest_; }

  // The newest state of index >= `floor` that equals `found`.
  std::optional<std::size_t> find(const Model& found, std::size_t floor) const {
    for (std::size_t i = states_.size(); i-- > floor;) {
      if (states_[i] == found) return i;
    }
    return std::nullopt;
  }
  // A recovery found that state: it is all there ever was.
  void restart(std::size_t index) { *this = History(Model(states_[index])); }
  // Forgets what no crash may leave, or for a test without crashes all but the newest.
  void forget(bool crashes) {
    const std::size_t count = crashes ? durable_ : newest_;
    states_.erase(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(count));
    newest_ -= count;
    acknowledged_ -= std::min(acknowledged_, count);
    durable_ -= std::min(durable_, count);
  }

 private:
  std::vector<Model> states_;
  std::size_t newest_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t durable_ = 0;
  bool in_flight_ = false;
};

}  // namespace sapwood::test
