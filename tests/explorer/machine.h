// The protocol as transitions: what one process does next. See state.h.
#pragma once

#include <optional>

#include "tests/explorer/state.h"

namespace sapwood::explorer {

// What happens next: `choice` 0 goes on (at idle: the Operation to begin); 1 at a sync: it fails, at its lock: it is
// taken from the process that has it.
struct Action {
  u8 actor;  // a process, or kReader
  u8 choice;
};
inline constexpr u8 kReader = kProcesses;
inline constexpr u8 kKill = 6;
inline constexpr u8 kBirth = 7;
inline constexpr u8 kChoices = 8;

// Does the action; false if it is not possible in this state, which is then of no use.
bool act(State& state, const Config& config, Action action);

// What the action does, for a trace; `state` is the one before.
std::string describe(const State& state, Action action);

// One process at work. A step function does one transition and sets where the process stands next.
class Machine {
 public:
  Machine(State& state, const Config& config, u32 process)
      : s_(state), config_(config), shared_(state.shared), files_(state.files), me_(state.processes[process]) {}

  bool go_on(u8 choice);

 private:
  bool mutated(Mutation mutation) const { return config_.mutation == mutation; }
  void violate(Invariant invariant) {
    if (s_.violated == Invariant::none) s_.violated = invariant;
  }
  void expect(bool ok, Invariant invariant) {
    if (!ok) violate(invariant);
  }
  void go(At at) { me_.at = at; }
  void become_idle();
  void give_up();
  void poison();
  bool refuses() const { return shared_.poisoned != 0 && !mutated(Mutation::no_poison_check); }
  bool take(u8& word, bool may_steal, bool& stole) const;
  bool sync_data(u8 choice);
  bool sync_log(u8 choice);
  void raise_head(u8 txn);
  void set_head(u8 txn);
  bool do_begin(u8 choice);
  bool do_memory_step();
  bool do_write_step();
  bool do_repair_step(u8 choice);
  bool do_sync_step(u8 choice);
  bool do_checkpoint_step(u8 choice);

  // writer.cc
  bool lock_writer();
  void follow();
  bool follow_log();
  bool next_record(Place& place, u8 txn, u8& attempt) const;
  void apply(u8 attempt);
  bool reload_lock();
  void reload();
  void check_allocator();
  void after_follow();
  void load_pins(bool head_first);
  void reclaim();
  Place end_of_log() const;
  void write_page();
  void append();
  void publish_tip();
  void unlock_writer();

  // shared_sync.cc
  bool take_sync(u8 choice);
  bool sync_lock(u8 choice);
  bool doubt_sync(u8 choice);
  void write_again();
  void acknowledge();

  // checkpoint.cc
  bool prepare_lock();
  void refresh_meta();
  void prepare_header();
  void step_check();
  void write_bitmap();
  void write_meta();
  void free_other(Place replay);
  void publish_durable();
  void publish_sequence();
  void job_unlock();
  void close_log();

  // repair.cc
  bool repair_lock();
  void repair_look();
  bool zero_tail(u8 choice);
  void after_repair();

  u8 target_attempt() const;
  bool is_big() const { return me_.operation == Operation::big; }
  bool is_close() const { return me_.operation == Operation::close; }
  bool runs_whole() const { return is_big() || is_close(); }  // the checkpoint, before it gives back its locks

  State& s_;
  const Config& config_;
  SharedMemory& shared_;
  Files& files_;
  Process& me_;
};

}  // namespace sapwood::explorer
