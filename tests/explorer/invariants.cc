#include "tests/explorer/invariants.h"

namespace sapwood::explorer {
namespace {

bool is_whole(const State& state, u8 attempt) {
  const Attempt& version = state.attempts[attempt];
  const u8 parent_page = state.attempts[version.parent].page;
  return state.files.pages[version.page].cached == attempt &&
         (attempt == 0 || state.files.pages[parent_page].cached == version.parent);
}

}  // namespace

Invariant check_memory(const State& state) {
  const SharedMemory& shared = state.shared;
  if (shared.head > shared.tip) return Invariant::e4;
  if ((state.acknowledged & ~state.history(shared.ring[shared.tip])) != 0) return Invariant::e2;
  for (u8 txn = shared.head; txn <= shared.tip; ++txn) {
    if (!is_whole(state, shared.ring[txn])) return Invariant::e5;
  }
  if (state.reader.step == 3 && !is_whole(state, shared.ring[state.reader.txn])) return Invariant::e5;
  return Invariant::none;
}

}  // namespace sapwood::explorer
