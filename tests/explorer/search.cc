#include "tests/explorer/search.h"

#include <algorithm>

#include "base/assert.h"
#include "base/hash.h"
#include "tests/explorer/invariants.h"

namespace sapwood::explorer {
namespace {

// Hashes of the states that were seen, in a table with open addresses.
class Seen {
 public:
  Seen() : table_(std::size_t{1} << 16) {}

  bool insert(u64 hash) {
    if (hash == 0) hash = 1;
    if ((count_ + 1) * 2 > table_.size()) grow();
    u64& place = find(hash);
    if (place == hash) return false;
    place = hash;
    ++count_;
    return true;
  }

 private:
  u64& find(u64 hash) {
    std::size_t at = hash & (table_.size() - 1);
    while (table_[at] != 0 && table_[at] != hash) at = (at + 1) & (table_.size() - 1);
    return table_[at];
  }
  void grow() {
    std::vector<u64> old(table_.size() * 2);
    old.swap(table_);
    for (const u64 hash : old) {
      if (hash != 0) find(hash) = hash;
    }
  }

  std::vector<u64> table_;
  u64 count_ = 0;
};

// Nothing that check_recovery() looks at differs: most steps are loads and stores of words that it does not know.
bool same_for_recovery(const State& a, const State& b) {
  const auto same = [](const auto& x, const auto& y) { return std::memcmp(&x, &y, sizeof x) == 0; };
  return same(a.files, b.files) && same(a.attempts, b.attempts) && same(a.metas, b.metas) && same(a.uses, b.uses) &&
         same(a.shared.ring, b.shared.ring) && a.shared.tip == b.shared.tip && a.shared.head == b.shared.head &&
         a.shared.poisoned == b.shared.poisoned && a.shared.syncing == b.shared.syncing && a.failures == b.failures &&
         a.acknowledged == b.acknowledged && a.acknowledged_sync == b.acknowledged_sync;
}

class Search {
 public:
  Search(const Config& config, u64 limit) : config_(config), limit_(limit) {}

  Report run() {
    visit(first_state(config_.processes), 0, {}, false);
    while (!next_.empty() && report_.violated == Invariant::none && report_.complete) {
      ++report_.depth;
      std::vector<Open> level;
      level.swap(next_);
      for (const Open& open : level) {
        expand(open);
        if (report_.violated != Invariant::none || !report_.complete) break;
      }
    }
    report_.states = nodes_.size();
    return std::move(report_);
  }

 private:
  struct Node {
    u32 parent;
    Action action;
  };
  struct Open {
    State state;
    u32 node;
  };

  void expand(const Open& open) {
    bool can_go_on = false;
    bool inside = false;
    for (const Process& process : open.state.processes) inside = inside || process.at != At::idle;
    State next;
    for (u8 actor = 0; actor <= kReader; ++actor) {
      const bool begins = actor != kReader && open.state.processes[actor].at == At::idle;
      for (u8 choice = 0; choice < kChoices; ++choice) {
        if (choice > 1 && choice < kKill && !begins) continue;
        std::memcpy(&next, &open.state, sizeof next);
        const Action action{actor, choice};
        if (!act(next, config_, action)) continue;
        can_go_on = can_go_on || (choice != kKill && choice != kBirth);
        visit(next, open.node, action, same_for_recovery(next, open.state));
        if (report_.violated != Invariant::none) return;
      }
    }
    if (inside && !can_go_on) fail(Invariant::e8, open.node);
  }

  void visit(const State& state, u32 parent, Action action, bool recovers_as_parent) {
    if (!seen_.insert(hash64(&state, sizeof state, 0))) return;
    const u32 node = static_cast<u32>(nodes_.size());
    nodes_.push_back({parent, action});
    Invariant violated = state.violated;
    if (violated == Invariant::none) violated = check_memory(state);
    if (violated == Invariant::none && !recovers_as_parent) violated = check_recovery(state);
    if (violated != Invariant::none) {
      fail(violated, node);
      return;
    }
    next_.push_back({state, node});
    if (nodes_.size() >= limit_) report_.complete = false;
  }

  void fail(Invariant invariant, u32 node) {
    report_.violated = invariant;
    std::vector<Action> actions;
    for (; node != 0; node = nodes_[node].parent) actions.push_back(nodes_[node].action);
    std::reverse(actions.begin(), actions.end());
    State state = first_state(config_.processes);
    for (const Action action : actions) {
      report_.trace.push_back(describe(state, action));
      act(state, config_, action);
    }
  }

  const Config& config_;
  const u64 limit_;
  Seen seen_;
  std::vector<Node> nodes_;
  std::vector<Open> next_;
  Report report_;
};

}  // namespace

Report explore(const Config& config, u64 limit) {
  SAPWOOD_ASSERT(config.processes >= 1 && config.processes <= kProcesses);
  SAPWOOD_ASSERT(config.attempts + config.checkpoints + (config.closes ? 1 : 0) <= 6);
  return Search(config, limit).run();
}

std::string to_string(const Report& report) {
  std::string text = std::to_string(report.states) + " states, " + std::to_string(report.depth) + " steps deep" +
                     (report.complete ? "" : ", not all");
  if (report.violated == Invariant::none) return text;
  text += ", E" + std::to_string(static_cast<u32>(report.violated)) + " violated after:\n";
  for (const std::string& step : report.trace) text += "  " + step + "\n";
  return text;
}

}  // namespace sapwood::explorer
