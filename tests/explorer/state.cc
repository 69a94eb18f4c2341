#include "tests/explorer/state.h"

namespace sapwood::explorer {

u8 State::page_bits(u8 attempt) const {
  return static_cast<u8>(1u << attempts[attempt].page | 1u << attempts[attempts[attempt].parent].page);
}

u8 State::history(u8 attempt) const {
  u8 bits = 1;
  for (; attempt != 0; attempt = attempts[attempt].parent) bits = static_cast<u8>(bits | 1u << attempt);
  return bits;
}

Place State::next_segment(Place end) const {
  const u8 use = files.headers[1 - uses[end.use].segment].cached;
  return use != 0 && uses[use].start == end ? Place{use, 0} : end;
}

Place State::resolve(Place end) const {
  Place next = next_segment(end);
  while (!(next == end)) {
    end = next;
    next = next_segment(end);
  }
  return end;
}

// Version 2 on version 1, checkpointed, the log empty. The first process knows it, the others have just joined.
State first_state(u32 processes) {
  State state;
  std::memset(&state, 0, sizeof state);
  state.attempts[0] = {1, 0, 0, {0, 0}, 0, 0, 1};
  state.attempts[1] = {2, 0, 1, {1, 0}, 0, 1, 2};
  state.attempt_count = 2;
  state.uses[1] = {0, {0, 0}};
  state.use_count = 2;
  state.metas[1] = {2, 1, {1, 0}, 0, 0};
  state.meta_count = 2;
  state.files.pages[1].cached = 1;
  state.files.bitmaps[0].cached = 1;
  state.files.metas[0].cached = 1;
  state.files.headers[0].cached = 1;
  for (Cell& cell : state.files.pages) cell.sync();
  for (Cell& cell : state.files.bitmaps) cell.sync();
  for (Cell& cell : state.files.metas) cell.sync();
  for (Cell& cell : state.files.headers) cell.sync();
  for (auto& segment : state.files.records) {
    for (Cell& cell : segment) cell.sync();
  }
  SharedMemory& shared = state.shared;
  shared.tip = shared.head = shared.log_durable = shared.durable = shared.meta_sequence = 2;
  shared.ring[2] = 1;
  state.acknowledged = state.acknowledged_sync = 0b11;
  for (u32 i = 0; i < processes; ++i) state.processes[i].life = ++state.lives;
  Process& first = state.processes[0];
  first.known = 1;
  first.known_sequence = 2;
  first.known_meta = 1;
  first.place = {1, 0};
  first.pages[0] = {1, kLive};
  first.pages[1] = {2, kLive};
  return state;
}

}  // namespace sapwood::explorer
