#include "collections/check_nested.h"

#include <algorithm>

#include "storage/findings.h"

namespace sapwood::collections {

std::size_t NestedCheck::find(u64 id) const {
  const auto found = std::ranges::lower_bound(ids_, id);
  return found != ids_.end() && *found == id ? static_cast<std::size_t>(found - ids_.begin()) : kNone;
}

void NestedCheck::note_record(const CatalogRecord& record) {
  const std::size_t at = find(record.id);
  if (at == kNone) return;
  parents_[at] = record.parent;
  states_[at] = static_cast<u8>(kRead | (record.dropped ? kDropped : 0));
  if (!record.dropped) return;
  dropped_.insert(std::ranges::upper_bound(dropped_, record.parent), record.parent);
}

std::string NestedCheck::note_entry(const CatalogRecord& owner, u64 child) {
  const std::string who = " refers to the collection " + name_of_nested(child);
  const std::size_t at = find(child);
  if (at == kNone || (states_[at] & kDropped) != 0) return who + ", which is not there";
  if ((states_[at] & kRead) != 0 && parents_[at] != (owner.dropped ? owner.parent : owner.id)) {
    return who + ", which is another one's";
  }
  if ((states_[at] & kReferred) != 0) return who + ", as another entry does";
  states_[at] |= kReferred;
  return owner.owns_collections ? "" : who + ", but its record does not say that entries own collections";
}

void NestedCheck::note_unsound(const CatalogRecord& owner) {
  const std::size_t at = find(owner.id);
  if (at != kNone) states_[at] |= kUnsound;
  has_unsound_drop_ |= owner.dropped;
}

// Climbs to a collection with a name, or one that waits to be reclaimed. Amortised: each is climbed over once.
bool NestedCheck::is_reachable(std::size_t at) {
  std::vector<std::size_t> way;
  bool reachable = false;
  while (at != kNone && (states_[at] & kOnWay) == 0) {
    const u64 parent = parents_[at];
    const bool is_end = (states_[at] & kRead) == 0 || (states_[at] & kReachable) != 0 || parent == 0 ||
                        (states_[at] & kDropped) != 0 || std::ranges::binary_search(dropped_, parent);
    if (is_end) {
      reachable = true;
      break;
    }
    states_[at] |= kOnWay;
    way.push_back(at);
    at = find(parent);
  }
  for (const std::size_t one : way) {
    states_[one] &= static_cast<u8>(~kOnWay);
    if (reachable) states_[one] |= kReachable;
  }
  return reachable;
}

void NestedCheck::finish(std::vector<std::string>& findings) {
  for (std::size_t at = 0; at < ids_.size(); ++at) {
    if ((states_[at] & kRead) == 0 || (states_[at] & kDropped) != 0 || parents_[at] == 0) continue;
    const std::string who = "catalog: collection " + std::to_string(ids_[at]) + ": C5: ";
    if (!is_reachable(at)) {
      storage::add_finding(findings, who + "it lies in no collection with a name");
      continue;
    }
    const std::size_t parent = find(parents_[at]);
    const bool is_told = parent == kNone ? !has_unsound_drop_ : (states_[parent] & (kUnsound | kRead)) == kRead;
    if ((states_[at] & kReferred) == 0 && is_told) {
      storage::add_finding(
          findings, who + "no entry of the collection " + std::to_string(parents_[at]) + ", its parent, refers to it");
    }
  }
}

}  // namespace sapwood::collections
