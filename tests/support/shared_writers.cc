#include "tests/support/shared_writers.h"

#include <utility>

#include "tests/support/face.h"

namespace sapwood::test {
namespace {

constexpr i64 kAll = -1;
constexpr i64 kNestSize = 100;  // more than are freed at once

std::string note(i64 n) { return "the note of a commit, the same but for its number: " + std::to_string(n); }

void require(bool holds, const char* what) {
  if (!holds) throw Disagreement(what);
}

}  // namespace

i64 write_next(WriteTxn& txn, i64 writer) {
  auto counters = txn.sorted_map<i64, i64>("counters");
  const i64 n = counters.get(writer).value_or(0) + 1;
  counters.put(writer, n);
  counters.put(kAll, counters.get(kAll).value_or(0) + 1);
  txn.list<i64>("entries").push_back(writer * kWriterStride + n);
  txn.dict<std::string, i64>("last").put("writer " + std::to_string(writer), n);
  txn.set<i64>("set").insert(writer * kWriterStride + n);
  txn.sorted_set<i64>("sorted set").insert(writer * kWriterStride + n);
  return n;
}

void write_forms(WriteTxn& txn, i64 writer, i64 n) {
  auto nest = txn.dict<i64, Nested>("nest");
  if (n % kNestSize == 1) nest.create<List<i64>>(writer);
  nest.open<List<i64>>(writer).push_back(n);
  auto notes = txn.sorted_map<i64, std::string>("notes", {.timestamps = true, .expiry = true, .compression = 1});
  notes.put(writer, note(n));
  notes.put((writer + 1) * kWriterStride + n, note(n), std::chrono::microseconds(0));
}

namespace {

void require_forms(const ReadTxn& snapshot, const std::map<i64, i64>& counts) {
  if (!snapshot.has("nest")) return;
  const auto nest = snapshot.dict<i64, Nested>("nest");
  const auto notes = snapshot.sorted_map<i64, std::string>("notes");
  for (const auto& [writer, count] : counts) {
    const auto list = nest.open<List<i64>>(writer);
    require(list.back() == count, "a nested list is of another commit");
    require(static_cast<i64>(list.size()) == (count - 1) % kNestSize + 1, "a nested list is not whole");
    require(notes.get(writer) == note(count), "a compressed value is of another commit");
  }
  require(notes.range().size() == counts.size(), "what has expired is there");
}

}  // namespace

std::map<i64, i64> require_whole(const ReadTxn& snapshot) {
  std::map<i64, i64> counts;
  if (!snapshot.has("counters")) return counts;
  for (const auto& [writer, count] : snapshot.sorted_map<i64, i64>("counters").range()) counts[writer] = count;
  std::map<i64, i64> seen;
  i64 all = 0;
  for (const i64 entry : snapshot.list<i64>("entries").range()) {
    require(entry % kWriterStride == ++seen[entry / kWriterStride], "an entry is lost, doubled or not in order");
    ++all;
  }
  require(counts[kAll] == all, "the list and the counter are of different commits");
  counts.erase(kAll);
  require(counts == seen, "the list and the counters are of different commits");
  require(snapshot.dict<std::string, i64>("last").size() == seen.size(), "the dict is of another commit");
  require(static_cast<i64>(snapshot.set<i64>("set").size()) == all, "the set is of another commit");
  const auto sorted = snapshot.sorted_set<i64>("sorted set");
  require(static_cast<i64>(sorted.size()) == all, "the sorted set is of another commit");
  i64 before = -1;
  for (const i64 entry : sorted.range()) require(std::exchange(before, entry) < entry, "the sorted set is not sorted");
  require_forms(snapshot, counts);
  return counts;
}

}  // namespace sapwood::test
