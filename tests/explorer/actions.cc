// Everything that can happen next: steps of processes, kills, births, and the reader.
#include "tests/explorer/machine.h"

namespace sapwood::explorer {
namespace {

constexpr const char* kNames[] = {
    "idle",
    "lock_writer",
    "repair_lock",
    "repair_look",
    "roll_meta",
    "roll_sync",
    "roll_free",
    "roll_ring",
    "roll_tip",
    "roll_head",
    "drop_running",
    "drop_job",
    "zero_tail",
    "zero_sync",
    "repair_unlock",
    "follow",
    "reload_lock",
    "reload",
    "reload_unlock",
    "pins_first",
    "pins_second",
    "pins_running",
    "pins_durable",
    "write_page",
    "append",
    "ring",
    "tip",
    "unlock_writer",
    "head_load",
    "head_store",
    "sync_lock",
    "doubt_lock",
    "doubt_sync",
    "doubt_write",
    "sync_target",
    "sync_flush",
    "sync_store",
    "sync_head",
    "sync_unlock",
    "sync_seen",
    "prepare_lock",
    "prepare_header",
    "prepare_running",
    "prepare_job",
    "prepare_unlock",
    "step_check",
    "job_bitmap",
    "job_sync",
    "job_header",
    "job_meta",
    "job_meta_sync",
    "job_free",
    "big_ring",
    "big_tip",
    "big_head",
    "publish_durable",
    "publish_running",
    "publish_sequence",
    "publish_job",
    "publish_log",
    "job_unlock",
    "close_state",
    "close_log",
    "poison",
};
static_assert(std::size(kNames) == static_cast<std::size_t>(At::poison) + 1);
constexpr const char* kOperations[] = {"async", "sync", "big", "checkpoint", "step", "close"};

bool kill(State& state, const Config& config, Process& process) {
  if (process.life == 0 || state.kills == config.kills) return false;
  ++state.kills;
  std::memset(&process, 0, sizeof process);
  return true;
}

// A process opens the file. If it is alone it rejoins what the dead left, and nobody else gets in meanwhile.
bool be_born(State& state, Process& process) {
  if (process.life != 0 || state.shared.poisoned != 0) return false;
  for (const Process& other : state.processes) {
    if (other.operation == Operation::rejoin || other.operation == Operation::close) return false;
  }
  const bool alone = state.is_alone(process);
  if (alone && (state.shared.closing != 0 || state.shared.syncing != 0))
    return false;  // recovers; check_recovery() has looked at that
  process.life = ++state.lives;
  if (alone) {
    process.operation = Operation::rejoin;
    process.at = At::lock_writer;
  }
  return true;
}

bool read_on(State& state, const Config& config) {
  Reader& reader = state.reader;
  switch (reader.step) {
    case 0:
      if (state.snapshots == config.snapshots) return false;
      ++state.snapshots;
      reader = {1, state.shared.head};
      return true;
    case 1:
      state.shared.reader = reader.txn;
      reader.step = 2;
      return true;
    case 2:
      reader = state.shared.head == reader.txn ? Reader{3, reader.txn} : Reader{1, state.shared.head};
      return true;
    default:
      state.shared.reader = 0;
      reader = {0, 0};
      return true;
  }
}

}  // namespace

bool act(State& state, const Config& config, Action action) {
  if (action.actor == kReader) return action.choice == 0 && read_on(state, config);
  if (action.actor >= config.processes) return false;
  Process& process = state.processes[action.actor];
  if (action.choice == kKill) return kill(state, config, process);
  if (action.choice == kBirth) return be_born(state, process);
  return Machine(state, config, action.actor).go_on(action.choice);
}

std::string describe(const State& state, Action action) {
  if (action.actor == kReader) {
    constexpr const char* kSteps[] = {"loads head", "stores its slot", "compares head", "ends"};
    return std::string("reader ") + kSteps[state.reader.step];
  }
  const std::string name = "process " + std::to_string(action.actor) + " ";
  if (action.choice == kKill) return name + "is killed";
  if (action.choice == kBirth) return name + "opens the file";
  const At at = state.processes[action.actor].at;
  if (at == At::idle) return name + "begins " + kOperations[action.choice];
  if ((at == At::sync_lock || at == At::doubt_sync || at == At::zero_tail) && action.choice == 1)
    return name + "overtakes who syncs";
  return name + kNames[static_cast<std::size_t>(at)] + (action.choice == 1 ? " fails" : "");
}

}  // namespace sapwood::explorer
