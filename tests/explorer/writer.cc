// The writer's lock, following the log, and a commit up to its publication.
#include <algorithm>

#include "tests/explorer/machine.h"

namespace sapwood::explorer {

// A lock word: free, or of a dead owner, becomes ours. False: wait.
bool Machine::take(u8& word, bool may_steal, bool& stole) const {
  stole = word != 0;
  if (word != 0 && (!may_steal || s_.is_alive(word))) return false;
  word = me_.life;
  return true;
}

bool Machine::lock_writer() {
  bool stole = false;
  if (!take(shared_.writer, true, stole)) return false;
  if (refuses()) {
    give_up();
    return true;
  }
  me_.stole_writer = stole || me_.operation == Operation::rejoin ? 1 : 0;
  me_.back = me_.operation == Operation::rejoin ? At::unlock_writer : At::follow;
  const bool repair = me_.stole_writer != 0 && !mutated(Mutation::thief_ignores_checkpoint);
  go(repair ? At::repair_lock : me_.stole_writer != 0 ? At::zero_tail : me_.back);
  return true;
}

// The record at `place` of the log as cached, or where the next segment begins; false if the log does not have it.
bool Machine::next_record(Place& place, u8 txn, u8& attempt) const {
  for (u32 hops = 0; hops < 3; ++hops) {
    const u8 segment = s_.uses[place.use].segment;
    if (files_.headers[segment].cached != place.use) return false;
    if (place.index < kSegmentRecords) {
      attempt = files_.records[segment][place.index].cached;
      const Attempt& found = s_.attempts[attempt];
      const Place behind{place.use, static_cast<u8>(place.index + 1)};
      if (attempt != 0 && found.recorded != 0 && found.end == behind && found.txn == txn) {
        place = behind;
        return true;
      }
    }
    const Place other = s_.next_segment(place);
    if (other == place) return false;
    place = other;
  }
  return false;
}

// The space delta of a version.
void Machine::apply(u8 attempt) {
  const Attempt& made = s_.attempts[attempt];
  const Attempt& dropped = s_.attempts[s_.attempts[made.parent].parent];
  me_.pages[made.page] = {made.txn, kLive};
  if (me_.pages[dropped.page].death == kLive) me_.pages[dropped.page] = {dropped.txn, made.txn};
  me_.known = attempt;
  me_.place = made.end;
}

// Reads the log up to the tip; false if it does not lead there.
bool Machine::follow_log() {
  while (s_.attempts[me_.known].txn < shared_.tip) {
    Place place = me_.place;
    u8 attempt = 0;
    if (!next_record(place, static_cast<u8>(s_.attempts[me_.known].txn + 1), attempt)) return false;
    apply(attempt);
  }
  return true;
}

void Machine::follow() {
  if (me_.known == 0 || !follow_log()) {
    go(mutated(Mutation::reload_without_lock) ? At::reload : At::reload_lock);
    return;
  }
  refresh_meta();
  after_follow();
}

bool Machine::reload_lock() {
  bool stole = false;
  if (!take(shared_.checkpoint, true, stole)) return false;
  me_.back = At::follow;
  go(stole ? At::repair_look : At::reload);
  return true;
}

// The bitmaps of the newest meta, then the log. What was free then may be needed by versions older than it.
void Machine::reload() {
  if (me_.work == 0) {
    refresh_meta();
    me_.work = me_.known_meta;
    if (mutated(Mutation::reload_without_lock)) return;  // the log is read later
  }
  const Meta& meta = s_.metas[me_.work];
  me_.work = 0;
  const u8 marked = s_.page_bits(files_.bitmaps[meta.active].cached);
  const u8 txn = s_.attempts[meta.attempt].txn;
  for (u32 page = 0; page < kPages; ++page) {
    const bool live = (marked >> page & 1) != 0;
    const bool new_page = page >= s_.attempts[meta.attempt].page_count;
    const u8 held_for = new_page || mutated(Mutation::reload_holds_nothing) ? 0 : txn;
    const u8 birth = page == s_.attempts[meta.attempt].page ? txn : static_cast<u8>(txn - 1);
    me_.pages[page] = live ? Life{birth, kLive} : Life{0, held_for};
  }
  me_.known = meta.attempt;
  me_.place = meta.replay;
  expect(follow_log(), Invariant::e6);
  if (mutated(Mutation::reload_without_lock)) {
    after_follow();
  } else {
    go(At::reload_unlock);
  }
}

void Machine::check_allocator() {
  u8 live = 0;
  for (u32 page = 0; page < kPages; ++page) {
    if (me_.pages[page].death == kLive) live = static_cast<u8>(live | 1u << page);
  }
  expect(live == s_.page_bits(shared_.ring[shared_.tip]) && me_.known == shared_.ring[shared_.tip], Invariant::e6);
}

void Machine::after_follow() {
  check_allocator();
  const bool prepares = me_.operation == Operation::checkpoint || me_.operation == Operation::close;
  go(prepares ? At::prepare_lock : At::pins_first);
}

// First head, then the readers' slots: a reader that is not seen there sees a newer head.
void Machine::load_pins(bool first) {
  if (first != mutated(Mutation::slots_before_head)) {
    me_.head = shared_.head;
  } else if (shared_.reader != 0) {
    me_.pins = static_cast<u8>(me_.pins | 1u << (shared_.reader - 1));
  }
}

void Machine::reclaim() {
  for (Life& page : me_.pages) {
    if (page.death == 0 || page.death == kLive || page.death > me_.head) continue;
    bool held = false;
    for (u32 txn = page.birth; txn < page.death; ++txn) held = held || (txn > 0 && (me_.pins >> (txn - 1) & 1) != 0);
    if (!held) page = {0, 0};
  }
  me_.pins = 0;
  me_.head = 0;
}

// Where the next record goes. The tip's end may be in a segment that was sealed since.
Place Machine::end_of_log() const {
  const Place end = s_.newest().end;
  if (mutated(Mutation::ignore_other_segment)) return end;
  return mutated(Mutation::one_hop) ? s_.next_segment(end) : s_.resolve(end);
}

void Machine::write_page() {
  reclaim();
  u8 page = 0;
  while (page < kPages && me_.pages[page].death != 0) ++page;  // past page_count it grows the file
  if (page == kPages) {
    violate(Invariant::e6);  // a version adds one page at most, so there is always one
    page = 0;
  }
  const u8 attempt = s_.attempt_count++;
  s_.attempts[attempt] = {static_cast<u8>(shared_.tip + 1), me_.known, page, {0, 0}, 0, 0, 0};
  s_.attempts[attempt].wants_sync = me_.operation == Operation::async ? 0 : 1;
  s_.attempts[attempt].page_count = std::max(s_.attempts[me_.known].page_count, static_cast<u8>(page + 1));
  me_.attempt = attempt;
  files_.pages[page].write(attempt);
  me_.place = end_of_log();
  if (me_.place.index == kSegmentRecords) me_.operation = Operation::big;  // no room for a record
  if (!is_big()) s_.attempts[attempt].end = {me_.place.use, static_cast<u8>(me_.place.index + 1)};
  go(is_big() ? At::prepare_lock : mutated(Mutation::append_after_tip) ? At::ring : At::append);
}

void Machine::append() {
  Attempt& mine = s_.attempts[me_.attempt];
  files_.records[s_.uses[mine.end.use].segment][mine.end.index - 1].write(me_.attempt);
  mine.recorded = 1;
  go(mutated(Mutation::append_after_tip) ? At::unlock_writer : mutated(Mutation::tip_before_ring) ? At::tip : At::ring);
}

// From here on the commit survives kills.
void Machine::publish_tip() {
  shared_.tip = s_.attempts[me_.attempt].txn;
  apply(me_.attempt);
  go(mutated(Mutation::append_after_tip)  ? At::append
     : mutated(Mutation::tip_before_ring) ? At::ring
                                          : At::unlock_writer);
}

void Machine::unlock_writer() {
  shared_.writer = 0;
  switch (me_.operation) {
    case Operation::async: go(At::head_load); break;
    case Operation::sync: go(At::sync_lock); break;
    case Operation::big: acknowledge(); break;
    default: become_idle();
  }
}

bool Machine::do_write_step() {
  switch (me_.at) {
    case At::lock_writer: return lock_writer();
    case At::follow: follow(); return true;
    case At::reload_lock: return reload_lock();
    case At::reload: reload(); return true;
    case At::reload_unlock:
      shared_.checkpoint = 0;
      after_follow();
      return true;
    case At::write_page: write_page(); return true;
    case At::append: append(); return true;
    case At::tip: publish_tip(); return true;
    case At::unlock_writer: unlock_writer(); return true;
    default: return do_memory_step();
  }
}

// Steps that are one load or store each.
bool Machine::do_memory_step() {
  switch (me_.at) {
    case At::pins_first:
      load_pins(true);
      go(At::pins_second);
      return true;
    case At::pins_second:
      load_pins(false);
      go(At::pins_running);
      return true;
    case At::pins_running:
    case At::pins_durable: {
      // Running first: a publisher stores durable, then clears running.
      const bool running = (me_.at == At::pins_running) != mutated(Mutation::durable_before_running);
      const u8 pin = !running ? shared_.durable : mutated(Mutation::no_running_pin) ? u8{0} : shared_.running;
      if (pin != 0) me_.pins = static_cast<u8>(me_.pins | 1u << (pin - 1));
      go(me_.at == At::pins_running ? At::pins_durable : At::write_page);
      return true;
    }
    case At::ring:
      shared_.ring[s_.attempts[me_.attempt].txn] = me_.attempt;
      go(mutated(Mutation::tip_before_ring) ? At::unlock_writer : At::tip);
      return true;
    default: return false;
  }
}

}  // namespace sapwood::explorer
