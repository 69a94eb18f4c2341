// Making commits durable and visible: one process syncs the log for all that wait.
#include <algorithm>

#include "tests/explorer/machine.h"

namespace sapwood::explorer {

void Machine::set_head(u8 txn) {
  expect(txn >= shared_.head && txn <= shared_.tip, Invariant::e4);
  shared_.head = txn;
}

// A loop of compare-and-swap in the real thing; one transition here.
void Machine::raise_head(u8 txn) {
  if (txn > shared_.head) set_head(txn);
}

// The log's cells are on the disk, unless a sync has failed before: then nothing is certain, whatever this one says.
bool Machine::sync_log(u8 choice) {
  if (choice == 1) {
    if (s_.failures == config_.failures) return false;
    ++s_.failures;
    s_.broken_log = 1;
    go(At::poison);
    if (!mutated(Mutation::poison_later)) poison();
    return true;
  }
  if (s_.broken_log == 0) {
    for (Cell& cell : files_.headers) cell.sync();
    for (auto& segment : files_.records) {
      for (Cell& cell : segment) cell.sync();
    }
  }
  if (refuses() && !mutated(Mutation::no_check_after_sync))
    give_up();  // another one's has failed; this one may have lied
  return true;
}

bool Machine::sync_lock(u8 choice) {
  const u8 txn = s_.attempts[me_.attempt].txn;
  if (shared_.log_durable >= txn) {
    go(At::sync_seen);
    return true;
  }
  bool stole = false;
  if (choice == 1) {  // it may be stopped; it may as well go on
    if (s_.overtakes == config_.overtakes || !s_.is_alive(shared_.sync)) return false;
    ++s_.overtakes;
    shared_.sync = me_.life;
  } else if (!take(shared_.sync, true, stole)) {
    return false;
  }
  if (refuses()) {
    give_up();
  } else if (shared_.log_durable >= txn) {
    go(At::sync_unlock);
  } else {
    go(mutated(Mutation::target_after_sync) ? At::sync_flush : At::sync_target);
  }
  return true;
}

void Machine::acknowledge() {
  const u8 bit = static_cast<u8>(1u << me_.attempt);
  s_.acknowledged = static_cast<u8>(s_.acknowledged | bit);
  if (me_.operation != Operation::async) s_.acknowledged_sync = static_cast<u8>(s_.acknowledged_sync | bit);
  expect(shared_.head >= s_.attempts[me_.attempt].txn, Invariant::e4);
  become_idle();
}

bool Machine::do_sync_step(u8 choice) {
  const u8 txn = s_.attempts[me_.attempt].txn;
  switch (me_.at) {
    case At::head_load:
      if (shared_.head != txn - 1) {
        go(At::sync_lock);
      } else if (mutated(Mutation::head_by_plain_store)) {
        go(At::head_store);
      } else {
        set_head(txn);
        acknowledge();
      }
      return true;
    case At::head_store:
      set_head(txn);
      acknowledge();
      return true;
    case At::sync_lock: return sync_lock(choice);
    case At::sync_target:
      me_.target = shared_.tip;
      if (mutated(Mutation::head_before_sync)) raise_head(me_.target);
      go(mutated(Mutation::target_after_sync) ? At::sync_store : At::sync_flush);
      return true;
    case At::sync_flush:
      go(mutated(Mutation::target_after_sync) ? At::sync_target : At::sync_store);
      return sync_log(choice);
    case At::sync_store:
      shared_.log_durable = std::max(shared_.log_durable, me_.target);
      go(At::sync_head);
      return true;
    case At::sync_head:
      raise_head(me_.target);
      go(At::sync_unlock);
      return true;
    case At::sync_unlock:
      if (shared_.sync == me_.life) shared_.sync = 0;
      me_.target = 0;
      go(At::sync_seen);
      return true;
    case At::sync_seen:
      if (!mutated(Mutation::waiter_leaves_head)) raise_head(txn);
      acknowledge();
      return true;
    default: return false;
  }
}

}  // namespace sapwood::explorer
