// What who steals a lock from the dead does before anything else, and the transitions that are no process's own: kills,
// births, the reader.
#include "tests/explorer/machine.h"

namespace sapwood::explorer {

bool Machine::repair_lock() {
  bool stole = false;
  if (!take(shared_.checkpoint, true, stole)) return false;
  if (refuses()) {
    give_up();
  } else {
    go(At::repair_look);
  }
  return true;
}

// A meta that is written and not published is rolled forward: pages were on the disk before it was written.
void Machine::repair_look() {
  me_.repairing = 1;
  const u8 meta = files_.metas[(shared_.meta_sequence + 1) % 2].cached;
  if (meta != 0 && s_.metas[meta].sequence == shared_.meta_sequence + 1 && !mutated(Mutation::no_roll_forward)) {
    me_.work = meta;
    go(At::roll_meta);
  } else {
    go(At::drop_running);
  }
}

void Machine::after_repair() {
  const bool skip = mutated(Mutation::no_zero_after_steal) ||
                    (mutated(Mutation::rejoin_without_zero) && me_.operation == Operation::rejoin);
  go(me_.stole_writer != 0 && !skip ? At::zero_tail : At::repair_unlock);
}

// A killed writer may have left a record behind the tip, in the segments that start there too. Its sync is one of the
// log like others.
bool Machine::zero_tail(u8 choice) {
  if (!take_sync(choice)) return false;
  me_.doubt = shared_.syncing;
  if (!mutated(Mutation::no_sync_mark)) shared_.syncing = me_.life;
  Place place = s_.newest().end;
  for (bool last = false; !last;) {
    const u8 segment = s_.uses[place.use].segment;
    if (place.index < kSegmentRecords && files_.headers[segment].cached == place.use) {
      files_.records[segment][place.index].write(0);
    }
    const Place next = s_.next_segment(place);
    last = next == place;
    place = next;
  }
  go(mutated(Mutation::zero_not_synced) ? At::repair_unlock : At::zero_sync);
  return true;
}

bool Machine::do_repair_step(u8 choice) {
  const Meta& rolled = s_.metas[me_.work];
  const u8 txn = s_.attempts[rolled.attempt].txn;
  switch (me_.at) {
    case At::repair_lock: return repair_lock();
    case At::repair_look: repair_look(); return true;
    case At::roll_meta:
      files_.metas[rolled.sequence % 2].write(me_.work);
      go(At::roll_sync);
      return true;
    case At::roll_sync: go(At::roll_free); return sync_data(choice);
    case At::roll_free:
      free_other(rolled.replay);
      go(txn > shared_.tip ? At::roll_ring : At::publish_durable);
      return true;
    case At::roll_ring:
    case At::big_ring:
      shared_.ring[txn] = rolled.attempt;
      go(me_.at == At::roll_ring ? At::roll_tip : At::big_tip);
      return true;
    case At::roll_tip:
      shared_.tip = txn;
      go(At::roll_head);
      return true;
    case At::roll_head:
      raise_head(txn);
      go(At::publish_durable);
      return true;
    case At::big_tip:
      shared_.tip = txn;
      apply(me_.attempt);
      go(At::big_head);
      return true;
    case At::big_head:
      raise_head(txn);
      go(mutated(Mutation::big_meta_before_tip) ? At::unlock_writer : At::publish_durable);
      return true;
    case At::drop_running:
      shared_.running = 0;
      go(At::drop_job);
      return true;
    case At::drop_job:
      shared_.job = 0;
      after_repair();
      return true;
    case At::zero_tail: return zero_tail(choice);
    case At::zero_sync: go(At::repair_unlock); return sync_log(choice);
    case At::repair_unlock:
      if (shared_.syncing == me_.life) shared_.syncing = me_.doubt;
      if (shared_.sync == me_.life) shared_.sync = 0;
      if (shared_.checkpoint == me_.life) shared_.checkpoint = 0;
      me_.stole_writer = 0;
      me_.doubt = 0;
      me_.repairing = 0;
      me_.work = 0;
      if (me_.back == At::idle) {
        become_idle();
      } else {
        go(me_.back);
      }
      return true;
    default: return false;
  }
}

void Machine::become_idle() {
  me_.at = At::idle;
  me_.back = At::idle;
  me_.operation = Operation::none;
  me_.stole_writer = me_.doubt = me_.repairing = me_.attempt = me_.pins = me_.head = me_.target = me_.work = 0;
}

// Writes are refused: releases what it holds.
void Machine::give_up() {
  for (u8* word : {&shared_.writer, &shared_.checkpoint, &shared_.sync}) {
    if (*word == me_.life) *word = 0;
  }
  me_.job = {};
  become_idle();
}

// A sync has failed: nobody writes until the last process has closed.
void Machine::poison() {
  shared_.poisoned = 1;
  give_up();
}

bool Machine::do_begin(u8 choice) {
  const Operation operation = static_cast<Operation>(choice + 1);
  if (refuses() || me_.operation != Operation::none) return false;
  switch (operation) {
    case Operation::big:
      if (s_.bigs == config_.bigs) return false;
      ++s_.bigs;
      [[fallthrough]];
    case Operation::async:
    case Operation::sync:
      if (operation == Operation::async && !config_.async) return false;
      if (operation == Operation::sync && !config_.sync) return false;
      if (s_.begun == config_.attempts) return false;
      ++s_.begun;
      break;
    case Operation::checkpoint:
      if (s_.checkpoints == config_.checkpoints) return false;
      ++s_.checkpoints;
      break;
    case Operation::step: {
      bool stole = false;
      if (me_.job.id == 0 || !take(shared_.checkpoint, true, stole)) return false;
      me_.operation = operation;
      go(stole ? At::repair_look : At::step_check);
      return true;
    }
    case Operation::close:
      if (!config_.closes || shared_.closing != 0 || !s_.is_alone(me_)) return false;
      break;
    default: return false;
  }
  me_.operation = operation;
  go(At::lock_writer);
  return true;
}

bool Machine::go_on(u8 choice) {
  if (me_.life == 0) return false;
  if (me_.at == At::idle) return do_begin(choice);
  const bool syncs = me_.at == At::roll_sync || me_.at == At::zero_sync || me_.at == At::sync_flush ||
                     me_.at == At::job_sync || me_.at == At::job_meta_sync;
  const bool may_overtake = me_.at == At::sync_lock || me_.at == At::doubt_sync || me_.at == At::zero_tail;
  if (choice > (syncs || may_overtake ? 1 : 0)) return false;
  if (me_.at == At::poison) {
    poison();
    return true;
  }
  if (me_.at <= At::lock_writer || (me_.at >= At::follow && me_.at <= At::unlock_writer)) return do_write_step();
  if (me_.at < At::follow || (me_.at >= At::big_ring && me_.at <= At::big_head)) return do_repair_step(choice);
  return me_.at < At::prepare_lock ? do_sync_step(choice) : do_checkpoint_step(choice);
}

}  // namespace sapwood::explorer
