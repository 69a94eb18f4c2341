// What an open engine holds, and the steps of commit, checkpoint and recovery. Private to storage.
//
// A write:       take_writer (follow, if other processes wrote) -> WriteTransaction
// A commit:      WriteTransaction::commit -> write pages -> publish -> finish_commit -> (sync_log, advance_checkpoint)
// A checkpoint:  prepare_checkpoint (writer's place) -> step, slice by slice, by commits or who waits -> complete
//
//   idle --prepare_checkpoint()--> running --step()--> running --complete()--> idle
//                                  running --another process needs it done--> superseded by that one's
//                                                    --a failure--> refused: nothing is written until all processes
//                                                                   have closed the file
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "os/fork.h"
#include "storage/access.h"
#include "storage/allocator.h"
#include "storage/deadline.h"
#include "storage/engine.h"
#include "storage/log_format.h"
#include "storage/meta.h"
#include "storage/page_file.h"
#include "storage/versions.h"
#include "storage/writer_lock.h"

namespace sapwood::storage {

// Pages that only deletes, catalogs and checkpoints may take when the disk is full.
inline constexpr u64 kReservePages = 64;
// Of these, for what gives back what a named snapshot holds: then erases free nothing, and could use up all.
inline constexpr u64 kLastPages = 16;
// Of values that redo records refer to: a checkpoint comes before there are more, so that recovery is not endless.
inline constexpr u64 kMaxReferredBytes = u64{256} << 20;

// Counts a call until it returns, so that the engine is not closed under it.
class CallUnderWay {
 public:
  explicit CallUnderWay(std::atomic<u32>& count) : count_(count) { ++count_; }
  ~CallUnderWay() { --count_; }
  CallUnderWay(const CallUnderWay&) = delete;
  CallUnderWay& operator=(const CallUnderWay&) = delete;

 private:
  std::atomic<u32>& count_;
};

struct Engine::Impl {
  Impl(os::Env& environment, const Options& given, Contents& content, Access access, std::unique_ptr<Processes> known,
       const Geometry& pages_at);

  // What a checkpoint will write, fixed under the writer's place.
  struct CheckpointJob {
    struct Bitmap {
      PageNo page;
      std::vector<u8> bytes;
    };
    u64 id = 0;  // LockFile::job while it is the one in progress
    Descriptor target;
    Meta meta;
    std::vector<Bitmap> bitmaps;
    TxnId summed_txn = 0;            // pages up to it have checksums
    std::vector<PageNo> unsummed{};  // pages of the target that may have none
    u32 data_doubts = 0;             // LockFile::data_doubts when it began
    std::vector<PageNo> doubtful{};  // what a failed sync may have lost of the target
    CheckpointCause cause = CheckpointCause::commit;
    i64 start_us = 0;
    // How far it is.
    std::size_t summed = 0;     // of `unsummed`
    bool has_bitmaps = false;   // in the file
    std::size_t rewritten = 0;  // of `doubtful`
    PageNo write_back_from{0};  // pages before it are on their way to the disk
  };
  enum class LogAfter { kept, removed };

  // Opening and closing; engine_open.cc, engine_close.cc and recovery.cc.
  void open(Engine& engine, const MetaSlots& slots, bool joins);
  void adopt(const Meta& newest);
  void join();
  void inherit();
  void open_map();
  bool maps_stores();
  bool bitmap_is_sound(u64 group) const;
  void load_bitmaps();
  void rebuild_bitmaps();
  void open_clean(const MetaSlots& slots);
  void publish_adopted();
  void adopt_tail();
  void recover(Engine& engine, const MetaSlots& slots);
  void keep_runs(const ValueRuns& runs);

  // What other processes did; under the writer's place. engine_follow.cc.
  void take_writer(std::chrono::milliseconds timeout);
  void catch_up(const Deadline& deadline);
  void follow(const Deadline& deadline);
  void settle_dead_checkpoint(const Deadline& deadline);
  void follow_meta();
  void follow_log(const Descriptor& newest);
  void erase_tail();
  bool apply_records(const Descriptor& newest);
  void apply(const Record& record);
  Descriptor reload(const Deadline& deadline);

  // Space; under the writer's place. engine_space.cc.
  void reclaim();
  void grow(u64 more_pages);
  // `keep`: so many free pages are left where the file cannot grow.
  PageNo take_page(u64 keep);
  Extent take_run(u32 count, u64 keep);
  void free_held_pages(const Deadline& deadline);

  // Commit; under the writer's place, which finish_commit gives back. engine_commit.cc.
  struct Commit {
    Descriptor version;
    Durability durability;
    std::vector<OwnPages::Dropped>* dropped;
    std::string* record;  // null: the transaction has no record and must commit by checkpoint
    bool by_checkpoint = false;
    u32 delta_size = 0;  // bytes of the record behind its operations
    u32 runs_size = 0;   // and behind those
    u64 run_bytes = 0;   // of values that it refers to
    u64 log_bytes = 0;   // that its record took
  };
  void publish(Commit& commit);
  void append_record(Commit& commit);
  void publish_by_checkpoint(Commit& commit);
  void finish_commit(const Commit& commit);
  bool ensure_log();
  void sync_log(Lsn lsn);
  enum class SyncOf { log, log_and_values };
  void sync_values_and_log(Lsn lsn);
  bool lead_sync(Lsn lsn, SyncOf what);
  bool sync_up_to(Lsn lsn, const Descriptor& target, SyncOf what);
  void write_log_again(Lsn end);
  void take_sync_lock();
  void clear_up_checkpoint();
  std::unique_ptr<RedoLog> log_as_it_is(const Meta& of, Lsn end);
  void end_sync() noexcept;
  void refuse_writes() noexcept;
  [[noreturn]] void refuse_and_rethrow();
  void throw_if_refused() const;
  void throw_if_closed() const {
    if (closed.load(std::memory_order_relaxed) || is_inherited()) [[unlikely]]
      throw_closed();
  }
  [[noreturn]] void throw_closed() const;
  // True in a child of fork(): locks, slots and transactions are its parent's, who goes on with them.
  bool is_inherited() const noexcept { return os::fork_count() != opened_after_forks; }
  void end_write() noexcept;  // gives the writer's place back

  // Checkpoint; engine_checkpoint.cc.
  CheckpointJob make_job(const Descriptor& target, LogAfter log_after);
  bool seal_log(CheckpointJob& job);
  void switch_segment(bool fast);
  void start_checkpoint() noexcept;
  void settle_checkpoint();
  void roll_forward(const Meta& written);
  void publish_meta(Meta written);
  u64 new_job();
  TxnId durable_checkpoint() const { return shared().checkpoint_txn.load(); }
  bool prepare_checkpoint(CheckpointCause cause, const Deadline& deadline);
  bool wants_checkpoint();
  bool is_abandoned();
  bool step(CheckpointJob& job);
  void add_new_pages(u64 group, const u8* before, std::vector<PageNo>& to) const;
  void sync_pages();
  void complete(CheckpointJob& job);
  void run_checkpoint(CheckpointJob& job);
  void step_running();
  void advance_checkpoint(u64 slices) noexcept;
  void finish_checkpoint(const Deadline& deadline);
  void lock_checkpoint(const Deadline& deadline);
  void close_files(Engine& engine);
  bool become_last();
  void close_last(Engine& engine);
  void relocate_tail(Engine& engine);
  bool move_pages(Engine& engine, PageNo end);
  void release_files() noexcept;

  std::string log_path() const { return path + "-log"; }
  std::string lock_path() const { return path + "-lock"; }
  u32 page_size() const { return geometry.page_size; }
  LockFile& shared() const { return processes->lock_file(); }
  // Until when a call that begins now waits for others, if it was not told.
  Deadline deadline() const { return Deadline(options.write_timeout); }
  i64 coarse_now() { return env.clock().coarse_monotonic_us(); }
  LogIdentity log_identity() const { return {meta.uuid, meta.log_epoch, meta.log_stride}; }
  void note_space() noexcept;

  // Info and metrics; engine_metrics.cc. The first four under the writer's place.
  SpaceMetrics space_metrics() const;
  void settle_space();
  void note_held_pages();
  std::optional<u64> held_by_reader(TxnId txn) const;
  void describe_users(EngineInfo& info, bool is_looking) const;
  EngineInfo describe(bool is_looking);

  os::Env& env;
  Options options;
  Contents& contents;
  std::string path;
  bool read_only = false;
  bool temporary = false;
  bool exclusive = false;  // no other process has the file open
  bool is_alone = false;   // while it opens or closes: no other process has it open
  bool is_heir = false;    // all who had it open before were killed
  std::atomic<bool> closed = false;
  const u32 opened_after_forks = os::fork_count();

  Geometry geometry;
  PageFile pages;
  Allocator allocator;
  BufferPool buffers;
  OwnPages own{buffers};  // of the open write transaction
  std::unique_ptr<os::File> lock_file;
  std::unique_ptr<Processes> processes;
  std::unique_ptr<Versions> versions;
  std::unique_ptr<RedoLog> log;       // null until the first logged commit; changes under the writer's place
  std::atomic<bool> has_log = false;  // for threads without it
  WriterLock writer;
  SharedLock checkpoint_lock;  // taken after the writer's place
  SharedLock sync_lock;        // taken last

  // Under the writer's place.
  Descriptor tip;
  bool follows = false;        // allocator and log are those of `tip`
  TxnId unknown_before = 0;    // what readers of older versions hold back the allocator cannot tell
  u64 segments = 0;            // LockFile::segments as of the log's last refresh
  std::atomic<u32> calls = 0;  // under way that use locks or log without the writer's place
  std::atomic<TxnId> unlogged_txn =
      0;                         // newest commit that is not in the log; no record may follow it before a checkpoint
  bool disk_was_full = false;    // when the file was to grow
  bool has_new_bitmaps = false;  // made of the trees, since one in the file is damaged: they belong there
  u64 referred_bytes = 0;        // of values that records since the last checkpoint refer to
  i64 last_seal_us = 0;
  std::string record_buffer;  // kept between transactions for its capacity
  std::vector<TxnId> pins;    // scratch

  // Under checkpoint_lock.
  std::optional<CheckpointJob> running;
  bool was_summed = false;  // all that was unsummed when the last one began
  u64 jobs = 0;             // begun by this process

  // Under checkpoint_mutex.
  std::mutex checkpoint_mutex;
  Meta meta;  // as last published; changes under checkpoint_lock, or under the writer's place while `running` is empty
  std::atomic<u64> known_sequence = 0;  // the meta's
  u64 checkpoints = 0;
  std::optional<CheckpointMetrics> last_checkpoint;

  std::atomic<bool> refused = false;
  mutable std::mutex refused_mutex;
  std::string refused_why;

  // For info(), without the writer's place.
  std::atomic<TxnId> noted_txn = 0;
  std::atomic<u64> noted_live = 0, noted_pending = 0, noted_free = 0, noted_pages = 0;
  std::atomic<u64> noted_log_used = 0, noted_log_size = 0;
  std::atomic<u64> log_records = 0, log_record_bytes = 0;  // since open
  RecoveryReport recovery;
};

// The checkpoint lock, held for a scope. Throws timed_out, which names who has it.
class CheckpointPlace {
 public:
  CheckpointPlace(Engine::Impl& engine, const Deadline& deadline) : lock_(engine.checkpoint_lock) {
    engine.lock_checkpoint(deadline);
  }
  ~CheckpointPlace() { lock_.unlock(); }
  CheckpointPlace(const CheckpointPlace&) = delete;
  CheckpointPlace& operator=(const CheckpointPlace&) = delete;

 private:
  SharedLock& lock_;
};

}  // namespace sapwood::storage
