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

// The log's cells are on the disk, but for those that a sync that failed before has made the system forget.
bool Machine::sync_log(u8 choice) {
  if (choice == 1) {
    if (s_.failures == config_.failures) return false;
    ++s_.failures;
    for (Cell& cell : files_.headers) cell.fail_sync();
    for (auto& segment : files_.records) {
      for (Cell& cell : segment) cell.fail_sync();
    }
    go(At::poison);
    return true;
  }
  for (Cell& cell : files_.headers) cell.sync();
  for (auto& segment : files_.records) {
    for (Cell& cell : segment) cell.sync();
  }
  if (refuses()) give_up();  // another one's has failed; this one may have lied
  return true;
}

// Choice 1: from a process that lives. It may be stopped; it may as well go on.
bool Machine::take_sync(u8 choice) {
  bool stole = false;
  if (choice == 0) return take(shared_.sync, true, stole);
  if (s_.overtakes == config_.overtakes || !s_.is_alive(shared_.sync)) return false;
  ++s_.overtakes;
  shared_.sync = me_.life;
  return true;
}

bool Machine::sync_lock(u8 choice) {
  const u8 txn = s_.attempts[me_.attempt].txn;
  if (shared_.log_durable >= txn) {
    go(At::sync_seen);
    return true;
  }
  if (!take_sync(choice)) return false;
  if (refuses()) {
    give_up();
  } else if (shared_.log_durable >= txn) {
    go(At::sync_unlock);
  } else if (shared_.syncing != 0 && !mutated(Mutation::no_write_again)) {
    shared_.sync = 0;  // taken after the checkpoint's
    go(At::doubt_lock);
  } else {
    go(mutated(Mutation::target_after_sync) ? At::sync_flush : At::sync_target);
  }
  return true;
}

bool Machine::doubt_sync(u8 choice) {
  if (!take_sync(choice)) return false;
  if (refuses()) {
    give_up();
  } else {
    go(shared_.log_durable >= s_.attempts[me_.attempt].txn ? At::sync_unlock : At::doubt_write);
  }
  return true;
}

// What a process died over that may have been told that its sync failed: all of the log that is not certain.
void Machine::write_again() {
  for (Cell& cell : files_.headers) {
    if (cell.cached != 0) cell.write(cell.cached);
  }
  for (u8 attempt = shared_.ring[shared_.tip]; s_.attempts[attempt].txn > shared_.log_durable;
       attempt = s_.attempts[attempt].parent) {
    const Attempt& made = s_.attempts[attempt];
    if (made.recorded == 0) break;  // a checkpoint
    const u8 segment = s_.uses[made.end.use].segment;
    if (files_.headers[segment].cached != made.end.use) break;  // a checkpoint is newer
    files_.records[segment][made.end.index - 1].write(attempt);
  }
  go(At::sync_target);
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
    case At::doubt_lock: {
      bool stole = false;
      if (!take(shared_.checkpoint, true, stole)) return false;
      me_.back = At::sync_lock;
      go(stole ? At::repair_look
               : At::doubt_sync);  // the log may be another one since the meta that died with its process
      return true;
    }
    case At::doubt_sync: return doubt_sync(choice);
    case At::doubt_write: write_again(); return true;
    case At::sync_target:
      if (shared_.syncing != 0 && shared_.checkpoint != me_.life && !mutated(Mutation::no_write_again)) {
        if (shared_.sync == me_.life) shared_.sync = 0;  // another took the lead, and may have left a doubt
        go(At::sync_lock);
        return true;
      }
      me_.target = shared_.tip;
      if (!mutated(Mutation::no_sync_mark)) shared_.syncing = me_.life;
      if (mutated(Mutation::head_before_sync)) raise_head(me_.target);
      go(mutated(Mutation::target_after_sync) ? At::sync_store : At::sync_flush);
      return true;
    case At::sync_flush:
      go(mutated(Mutation::target_after_sync) ? At::sync_target : At::sync_store);
      return sync_log(choice);
    case At::sync_store:
      if (shared_.syncing != me_.life && !mutated(Mutation::no_sync_mark)) {  // another took the lead
        go(At::sync_unlock);
        return true;
      }
      shared_.syncing = 0;
      shared_.log_durable = std::max(shared_.log_durable, me_.target);
      go(At::sync_head);
      return true;
    case At::sync_head:
      raise_head(me_.target);
      go(At::sync_unlock);
      return true;
    case At::sync_unlock:
      if (shared_.sync == me_.life) shared_.sync = 0;
      if (shared_.checkpoint == me_.life) shared_.checkpoint = 0;
      me_.target = 0;
      go(shared_.log_durable >= txn ? At::sync_seen : At::sync_lock);
      return true;
    case At::sync_seen:
      if (!mutated(Mutation::waiter_leaves_head)) raise_head(txn);
      acknowledge();
      return true;
    default: return false;
  }
}

}  // namespace sapwood::explorer
