// Checkpoints, as a job done in slices and as a commit without record; both publish in the same order.
#include <algorithm>

#include "tests/explorer/machine.h"

namespace sapwood::explorer {

// As Machine::sync_log, of the data file.
bool Machine::sync_data(u8 choice) {
  if (choice == 1) {
    if (s_.failures == config_.failures) return false;
    ++s_.failures;
    for (Cell& cell : files_.pages) cell.fail_sync();
    for (Cell& cell : files_.bitmaps) cell.fail_sync();
    for (Cell& cell : files_.metas) cell.fail_sync();
    go(At::poison);
    if (!mutated(Mutation::poison_later)) poison();
    return true;
  }
  for (Cell& cell : files_.pages) cell.sync();
  for (Cell& cell : files_.bitmaps) cell.sync();
  for (Cell& cell : files_.metas) cell.sync();
  if (refuses()) give_up();
  return true;
}

void Machine::refresh_meta() {
  me_.known_sequence = shared_.meta_sequence;
  me_.known_meta = files_.metas[shared_.meta_sequence % 2].cached;
}

u8 Machine::target_attempt() const { return is_big() ? me_.attempt : shared_.ring[shared_.tip]; }

bool Machine::prepare_lock() {
  bool stole = false;
  if (!take(shared_.checkpoint, true, stole)) return false;
  if (refuses()) {
    give_up();
    return true;
  }
  if (stole) {
    me_.back = At::prepare_lock;
    go(At::repair_look);
    return true;
  }
  // Another process may have published a checkpoint since this one followed the log.
  if (!mutated(Mutation::stale_meta_in_prepare)) refresh_meta();
  const bool nothing_new = s_.metas[me_.known_meta].attempt == target_attempt();
  go(nothing_new && !is_close() ? At::prepare_unlock : At::prepare_header);
  return true;
}

// Seals the segment if the other one is free, else stays; makes the job.
void Machine::prepare_header() {
  const u8 target = target_attempt();
  Place place = end_of_log();
  const u8 other = static_cast<u8>(1 - s_.uses[place.use].segment);
  const bool may_switch = files_.headers[other].cached == 0 || mutated(Mutation::switch_to_sealed);
  if (may_switch && !is_close()) {
    const u8 use = s_.use_count++;
    s_.uses[use] = {other, place};
    files_.headers[other].write(use);
    place = {use, 0};
  }
  if (is_big()) s_.attempts[target].end = place;
  const Meta& meta = s_.metas[me_.known_meta];
  const bool differs = s_.page_bits(files_.bitmaps[meta.active].cached) != s_.page_bits(target);
  const u8 active = differs ? static_cast<u8>(1 - meta.active) : meta.active;
  me_.job = {0,
             differs ? u8{0} : u8{1},
             {static_cast<u8>(me_.known_sequence + 1), target, place, active, is_close() ? u8{1} : u8{0}}};
  go(At::prepare_running);
}

void Machine::step_check() {
  if (shared_.job != me_.job.id && !mutated(Mutation::no_superseded_check)) {
    me_.job = {};
    go(At::job_unlock);
  } else if (me_.job.has_bitmap == 0) {
    go(At::job_bitmap);
  } else {
    go(mutated(Mutation::no_first_sync) ? At::job_header : At::job_sync);
  }
}

void Machine::write_bitmap() {
  if (me_.job.has_bitmap == 0) files_.bitmaps[me_.job.meta.active].write(me_.job.meta.attempt);
  me_.job.has_bitmap = 1;
  go(!runs_whole() ? At::job_unlock : mutated(Mutation::no_first_sync) ? At::job_header : At::job_sync);
}

void Machine::write_meta() {
  const u8 meta = s_.meta_count++;
  s_.metas[meta] = me_.job.meta;
  Cell& slot = files_.metas[me_.job.meta.sequence % 2];
  slot.write(meta);
  slot.possible = static_cast<u8>(slot.possible | 1u);  // both twins may be torn
  me_.work = meta;
  go(mutated(Mutation::no_second_sync) ? At::job_free : At::job_meta_sync);
}

// Overwrites the header of the segment that the meta does not replay, through to the disk.
void Machine::free_other(Place replay) {
  Cell& header = files_.headers[1 - s_.uses[replay.use].segment];
  header.write_through(0);
}

// The log goes, then the lock file; the process is done.
void Machine::close_log() {
  for (Cell& header : files_.headers) header = {0, 1};  // one call: all of the log or nothing is left of it
  shared_.closing = 1;
  std::memset(&me_, 0, sizeof me_);
}

void Machine::publish_durable() {
  const u8 txn = s_.attempts[s_.metas[me_.work].attempt].txn;
  expect(txn >= shared_.durable, Invariant::e9);
  shared_.durable = txn;
  go(At::publish_running);
}

void Machine::publish_sequence() {
  const u8 sequence = s_.metas[me_.work].sequence;
  expect(sequence == shared_.meta_sequence + 1, Invariant::e9);
  expect(files_.metas[sequence % 2].cached == me_.work, Invariant::e9);
  expect(me_.repairing != 0 || shared_.job == me_.job.id, Invariant::e9);
  shared_.meta_sequence = sequence;
  go(At::publish_job);
}

void Machine::job_unlock() {
  shared_.checkpoint = 0;
  if (!is_big()) {
    become_idle();
  } else {
    go(mutated(Mutation::big_meta_before_tip) ? At::big_ring : At::unlock_writer);
  }
}

bool Machine::do_checkpoint_step(u8 choice) {
  const Meta& published = s_.metas[me_.work];
  const bool late_free = mutated(Mutation::reuse_before_sealed_freed) && me_.repairing == 0;
  switch (me_.at) {
    case At::prepare_lock: return prepare_lock();
    case At::prepare_header: prepare_header(); return true;
    case At::prepare_running:
      shared_.running = s_.attempts[me_.job.meta.attempt].txn;
      go(At::prepare_job);
      return true;
    case At::prepare_job:
      me_.job.id = ++shared_.last_job;
      shared_.job = me_.job.id;
      go(runs_whole() ? At::job_bitmap : At::prepare_unlock);
      return true;
    case At::prepare_unlock:
      shared_.checkpoint = 0;
      go(At::unlock_writer);
      return true;
    case At::step_check: step_check(); return true;
    case At::job_bitmap: write_bitmap(); return true;
    case At::job_sync: go(is_close() ? At::close_state : At::job_header); return sync_data(choice);
    case At::close_state:
      // Before a meta that expects no log: nobody rejoins who would write to the log.
      if (!mutated(Mutation::closed_while_open)) shared_.closing = 1;
      go(At::job_meta);
      return true;
    case At::close_log: close_log(); return true;
    case At::job_header: {
      Cell& header = files_.headers[s_.uses[me_.job.meta.replay.use].segment];
      if (!mutated(Mutation::header_not_through)) header.write_through(header.cached);
      go(At::job_meta);
      return true;
    }
    case At::job_meta: write_meta(); return true;
    case At::job_meta_sync:
      go(is_close() ? At::close_log : late_free ? At::publish_durable : At::job_free);
      return sync_data(choice);
    case At::job_free:
      free_other(published.replay);
      go(late_free                                             ? At::publish_sequence
         : is_big() && !mutated(Mutation::big_meta_before_tip) ? At::big_ring
                                                               : At::publish_durable);
      return true;
    case At::publish_durable: publish_durable(); return true;
    case At::publish_running:
      shared_.running = 0;
      go(late_free ? At::job_free : At::publish_sequence);
      return true;
    case At::publish_sequence: publish_sequence(); return true;
    case At::publish_job:
      shared_.job = 0;
      if (me_.repairing == 0) me_.job = {};
      go(At::publish_log);
      return true;
    case At::publish_log:
      shared_.log_durable = std::max(shared_.log_durable, s_.attempts[published.attempt].txn);
      if (me_.repairing != 0) {
        after_repair();
      } else {
        go(At::job_unlock);
      }
      return true;
    case At::job_unlock: job_unlock(); return true;
    default: return false;
  }
}

}  // namespace sapwood::explorer
