// A model of several processes with one database, small enough to visit all of its states: commits through the redo
// log, commits by checkpoint, shared syncs, checkpoints, stolen locks, repair after kills, rejoin, readers, reuse of
// pages. It runs no code of the engine; it is the protocol written down so that a machine can look for the order of
// steps that breaks it.
//
// What is modelled. Each store to shared memory, each file operation and each load that races with them is one
// transition. Between any two of them any process may be killed; in any state power may be cut.
//   version     an attempt to commit; it wrote one page and shares the other one with its parent
//   Cell        one place of a file that is written at once: what the system's cache holds, and all that the disk may
//               hold, since the system writes back what is not synced when it likes, or never
//   data file   pages, a bitmap in two copies, two meta slots (the twins of a slot are one cell)
//   log         two segments of equal records, the worst case: any record fits where another one was
//   failures    what a failed sync was to bring to the disk counts as clean until it is written again; one of the data
//               file refuses writes in the same transition, one of the log later: the process may die first
// A use is one filling of a segment: a header with a new salt. Record and header are valid only together.
// Not modelled: the steps of recovery itself (its result is checked; the crash tests kill it), how waiters sleep, the
// two twins of a meta one by one, readers of killed processes, values outside of records, making and growing files.
//
// Invariants, checked in every state (invariants.cc, disk.cc; some where a transition is made):
//   E1  after a power cut, whatever was kept of unsynced writes, acknowledged and visible sync commits are there
//   E2  after kills all acknowledged commits are there: in the tip's history, and in what recovery from the files gives
//   E3  what a power cut leaves is a version that was published, or the one that was to follow the tip
//   E4  head never goes back and is at most tip; an acknowledged commit is visible
//   E5  the versions of readers, of head and of all after it hold what was written to them
//   E6  under the writer lock a process's allocator agrees with the pages of the tip
//   E7  bitmap and pages of the meta that recovery takes are whole at every power cut
//   E8  no deadlock: while a process is inside an operation, some process can go on
//   E9  the durable checkpoint never goes back, its meta is the newest one, and only the job that is current publishes
//   E10 with the newest meta unreadable, recovery refuses or E1, E3 and E7 hold for the older one
// Repair and roll forward may be killed anywhere and begun again, so E1 to E7 say that they are idempotent.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/types.h"

namespace sapwood::explorer {

inline constexpr u32 kProcesses = 3;  // at most
inline constexpr u32 kAttempts = 8;   // the first two are there at the start; bits of a u8
inline constexpr u32 kPages = kAttempts;
inline constexpr u32 kSegmentRecords = 2;
inline constexpr u32 kMetas = 8;
inline constexpr u32 kUses = 8;
inline constexpr u32 kTxns = kAttempts + 1;

// One step of the protocol that is left out or done in another order; explorer_test.cc says what each means.
enum class Mutation : u8 {
  none,
  no_zero_after_steal,
  zero_not_synced,
  rejoin_without_zero,
  append_after_tip,
  tip_before_ring,
  head_before_sync,
  head_by_plain_store,
  waiter_leaves_head,
  target_after_sync,
  no_poison_check,
  no_roll_forward,
  thief_ignores_checkpoint,
  big_meta_before_tip,
  stale_meta_in_prepare,
  no_superseded_check,
  no_first_sync,
  no_second_sync,
  header_not_through,
  reuse_before_sealed_freed,
  switch_to_sealed,
  ignore_other_segment,
  one_hop,
  reload_without_lock,
  reload_holds_nothing,
  slots_before_head,
  durable_before_running,
  no_running_pin,
  closed_while_open,
  poison_later,
  no_sync_mark,
  no_write_again,
  count,
};

enum class Invariant : u8 { none, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10 };

// How much may happen. Bounds: attempts + checkpoints + closes <= 6, so that all versions, uses and metas have numbers
// below 8.
struct Config {
  u8 processes = 2;
  u8 attempts = 3;
  u8 bigs = 0;         // commits by checkpoint among them
  u8 checkpoints = 1;  // calls of checkpoint()
  u8 snapshots = 0;    // of the one reader
  u8 kills = 0;
  u8 failures = 0;      // of syncs
  u8 overtakes = 0;     // of a process that syncs the log, by one that waits for it
  bool closes = false;  // the last process may close
  bool async = true;
  bool sync = true;
  Mutation mutation = Mutation::none;
};

// A value is a number below 8; what it means is said where the cell is.
struct Cell {
  u8 cached;
  u8 possible;   // bit v: the disk may hold v
  u8 forgotten;  // a failed sync: the system takes it for clean

  void write(u8 value) {
    cached = value;
    possible = static_cast<u8>(possible | 1u << value);
    forgotten = 0;
  }
  void sync() {
    if (forgotten == 0) possible = static_cast<u8>(1u << cached);
  }
  void write_through(u8 value) {
    write(value);
    sync();
  }
  void fail_sync() {
    if (possible != 1u << cached) forgotten = 1;
  }
  bool may_hold(u32 value) const { return (possible >> value & 1) != 0; }
};

// Where a record stands, or the end of the log: a use of a segment and an index in it.
struct Place {
  u8 use;
  u8 index;
  bool operator==(const Place&) const = default;
};

struct Attempt {
  u8 txn;
  u8 parent;
  u8 page;
  Place end;    // of the log, behind its record; for a commit by checkpoint where replay starts
  u8 recorded;  // has a record, which ends there
  u8 wants_sync;
  u8 page_count;  // of the file
};

struct Use {
  u8 segment;
  Place start;  // the end of the use before it
};

struct Meta {
  u8 sequence;
  u8 attempt;
  Place replay;
  u8 active;  // copy of the bitmap
  u8 clean;   // no log is expected
};

// What X-lock holds. Lock words hold the number of a life of a process, 0 if free.
struct SharedMemory {
  u8 writer, checkpoint, sync;
  u8 tip, head, log_durable, durable, running;  // transactions
  u8 ring[kTxns];                               // attempt by transaction
  u8 meta_sequence;
  u8 job, last_job;
  u8 reader;
  u8 syncing;  // the process that syncs the log, or died over that
  u8 poisoned;
  u8 closing;  // the state is not `open`: the next opener recovers
};

struct Files {
  Cell pages[kPages];                // attempt that wrote it
  Cell bitmaps[2];                   // attempt whose pages it marks
  Cell metas[2];                     // index of a Meta; 0 is none
  Cell headers[2];                   // use; 0 if overwritten
  Cell records[2][kSegmentRecords];  // attempt; 0 if none or zeroed
};

// The steps of a process; each is one transition. Machine::go_on() tells by the order who does it.
enum class At : u8 {
  idle,
  lock_writer,
  // repair.cc
  repair_lock,
  repair_look,
  roll_meta,
  roll_sync,
  roll_free,
  roll_ring,
  roll_tip,
  roll_head,
  drop_running,
  drop_job,
  zero_tail,
  zero_sync,
  repair_unlock,
  // writer.cc
  follow,
  reload_lock,
  reload,
  reload_unlock,
  pins_first,
  pins_second,
  pins_running,
  pins_durable,
  write_page,
  append,
  ring,
  tip,
  unlock_writer,
  // shared_sync.cc
  head_load,
  head_store,
  sync_lock,
  doubt_lock,
  doubt_sync,
  doubt_write,
  sync_target,
  sync_flush,
  sync_store,
  sync_head,
  sync_unlock,
  sync_seen,
  // checkpoint.cc; big_ring to big_head are in repair.cc, beside those of roll forward
  prepare_lock,
  prepare_header,
  prepare_running,
  prepare_job,
  prepare_unlock,
  step_check,
  job_bitmap,
  job_sync,
  job_header,
  job_meta,
  job_meta_sync,
  job_free,
  big_ring,
  big_tip,
  big_head,
  publish_durable,
  publish_running,
  publish_sequence,
  publish_job,
  publish_log,
  job_unlock,
  close_state,
  close_log,
  poison,
};

enum class Operation : u8 { none, async, sync, big, checkpoint, step, close, rejoin };

struct Job {
  u8 id;  // 0: none
  u8 has_bitmap;
  Meta meta;
};

// A page as a process's allocator sees it.
struct Life {
  u8 birth;
  u8 death;  // 0: free; kLive: live; else the transaction that dropped it
};
inline constexpr u8 kLive = 255;

struct Process {
  u8 life;  // 0: dead
  At at;
  At back;  // where repair goes on
  Operation operation;
  u8 stole_writer;
  u8 doubt;  // `syncing` from before it set that to erase the tail
  u8 repairing;
  u8 known;           // newest attempt that it knows; 0: nothing, must reload
  u8 known_sequence;  // meta_sequence that it knows
  u8 known_meta;      // and its meta
  Place place;        // end of the log, as known
  Life pages[kPages];
  u8 attempt;
  u8 pins;  // bit txn - 1
  u8 head;
  u8 target;
  u8 work;  // the meta that is being published
  Job job;
};

struct Reader {
  u8 step;  // 0 idle, 1 head loaded, 2 slot stored, 3 has its snapshot
  u8 txn;
};

struct State {
  SharedMemory shared;
  Files files;
  Process processes[kProcesses];
  Reader reader;
  Attempt attempts[kAttempts];
  Use uses[kUses];
  Meta metas[kMetas];
  u8 attempt_count, use_count, meta_count, lives;
  u8 begun, bigs, checkpoints, snapshots, kills, failures, overtakes;  // that happened
  u8 acknowledged, acknowledged_sync;                                  // bit attempt
  Invariant violated;

  bool is_alive(u8 life) const {
    for (const Process& process : processes) {
      if (life != 0 && process.life == life) return true;
    }
    return false;
  }
  // No other process has the file open; readers that cannot write are processes too.
  bool is_alone(const Process& process) const {
    for (const Process& other : processes) {
      if (&other != &process && other.life != 0) return false;
    }
    return reader.step == 0;
  }
  const Attempt& newest() const { return attempts[shared.ring[shared.tip]]; }
  // Bits of the pages that a version needs, and of its ancestors and itself.
  u8 page_bits(u8 attempt) const;
  u8 history(u8 attempt) const;
  // The start of the other segment if that was started at `end`, else `end`.
  Place next_segment(Place end) const;
  // Where the next record goes if the log ends at `end`: segments may have been started there, one after the other.
  Place resolve(Place end) const;
};
static_assert(std::has_unique_object_representations_v<State>, "states are hashed as bytes");

State first_state(u32 processes);

}  // namespace sapwood::explorer
