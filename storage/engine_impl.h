// What an open engine holds, and the steps of commit, checkpoint and recovery. Private to storage.
//
// A commit:      WriteTransaction::commit -> write pages -> publish -> finish_commit -> (sync_log, advance_checkpoint)
// A checkpoint:  prepare_checkpoint (writer's place) -> step, slice by slice, by commits or who waits -> complete
//
//   idle --prepare_checkpoint()--> running --step()--> running --complete()--> idle
//                                                    --a failure--> refused: nothing is written until the file is
//                                                                   reopened
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "storage/allocator.h"
#include "storage/engine.h"
#include "storage/meta.h"
#include "storage/page_file.h"
#include "storage/redo_log.h"
#include "storage/versions.h"
#include "storage/writer_lock.h"

namespace sapwood::storage {

// Pages that only deletes, catalogs and checkpoints may take when the disk is full.
inline constexpr u64 kReservePages = 64;
// Of values that redo records refer to: a checkpoint comes before there are more, so that recovery is not endless.
inline constexpr u64 kMaxReferredBytes = u64{256} << 20;

struct Engine::Impl {
  Impl(os::Env& environment, const Options& given, Contents& content, std::unique_ptr<os::File> file,
       const Geometry& pages_at);

  // What a checkpoint will write, fixed under the writer's place.
  struct CheckpointJob {
    struct Bitmap {
      PageNo page;
      std::vector<u8> bytes;
    };
    Descriptor target;
    Meta meta;
    std::vector<Bitmap> bitmaps;
    std::vector<PageNo> unsummed{};  // pages of the target that have no checksum yet
    CheckpointCause cause = CheckpointCause::commit;
    i64 start_us = 0;
    // How far it is.
    std::size_t summed = 0;     // of `unsummed`
    bool has_bitmaps = false;   // in the file
    PageNo write_back_from{0};  // pages before it are on their way to the disk
  };
  enum class LogAfter { kept, removed };

  // Opening; engine_open.cc and recovery.cc.
  void adopt(const Meta& newest);
  bool maps_stores();
  bool bitmap_is_sound(u64 group) const;
  void load_bitmaps();
  void rebuild_bitmaps();
  void open_clean(const MetaSlots& slots);
  void adopt_tail();
  void recover(Engine& engine, const MetaSlots& slots);
  void keep_runs(const ValueRuns& runs);

  // Space; under the writer's place. engine_space.cc.
  void reclaim();
  void grow(u64 more_pages);
  PageNo take_page(bool use_reserve);
  Extent take_run(u32 count, bool use_reserve);
  void free_held_pages();

  // Commit; under the writer's place, which finish_commit gives back. engine_commit.cc.
  struct Commit {
    Descriptor version;
    Durability durability;
    std::vector<OwnPages::Dropped>* dropped;
    std::string* record;  // null: the transaction has no record and must commit by checkpoint
    bool by_checkpoint = false;
    u32 runs_size = 0;  // trailing bytes of the record
    u64 run_bytes = 0;  // of values that it refers to
    u64 log_bytes = 0;  // that its record took
  };
  void publish(Commit& commit);
  void finish_commit(const Commit& commit);
  bool ensure_log();
  void sync_log(Lsn lsn);
  void refuse_writes() noexcept;
  [[noreturn]] void refuse_and_rethrow();
  void throw_if_refused() const;
  void throw_if_closed() const;
  void end_write() noexcept;  // gives the writer's place back

  // Checkpoint; engine_checkpoint.cc.
  CheckpointJob make_job(const Descriptor& target, LogAfter log_after);
  void seal_log(CheckpointJob& job);
  void start_checkpoint() noexcept;
  TxnId durable_checkpoint();
  bool prepare_checkpoint(CheckpointCause cause);
  bool wants_checkpoint();
  bool step(CheckpointJob& job);
  void complete(CheckpointJob& job);
  void run_checkpoint(CheckpointJob& job);
  void step_running();
  void advance_checkpoint(u64 slices) noexcept;
  void finish_checkpoint();
  void close_files(Engine& engine);
  void relocate_tail(Engine& engine);
  bool move_pages(Engine& engine, PageNo end);
  void release_files() noexcept;

  std::string log_path() const { return path + "-log"; }
  std::string lock_path() const { return path + "-lock"; }
  u32 page_size() const { return geometry.page_size; }
  void note_space() noexcept;

  // Metrics; engine_metrics.cc. Both under the writer's place.
  SpaceMetrics space_metrics() const;
  void add_held_pages(std::vector<ReaderMetrics>& readers) const;

  os::Env& env;
  Options options;
  Contents& contents;
  std::string path;
  bool read_only = false;
  bool temporary = false;
  std::atomic<bool> closed = false;

  Geometry geometry;
  PageFile pages;
  Allocator allocator;
  BufferPool buffers;
  OwnPages own{buffers};  // of the open write transaction
  std::unique_ptr<os::File> lock_file;
  std::unique_ptr<Versions> versions;
  std::unique_ptr<RedoLog> log;       // null until the first logged commit; changes under the writer's place
  std::atomic<bool> has_log = false;  // for threads without it
  WriterLock writer;

  // Under the writer's place.
  Descriptor tip;
  std::atomic<u32> committing = 0;  // published commits that still use the log; counted up under the writer's place
  std::atomic<TxnId> unlogged_txn =
      0;                       // newest commit that is not in the log; no record may follow it before a checkpoint
  bool disk_was_full = false;  // when the file was to grow
  u64 referred_bytes = 0;      // of values that records since the last checkpoint refer to
  i64 last_seal_us = 0;
  std::string record_buffer;  // kept between transactions for its capacity
  std::vector<TxnId> pins;    // scratch

  // Under checkpoint_work, which is taken before the mutexes below.
  std::mutex checkpoint_work;
  std::optional<CheckpointJob> running;

  // Under checkpoint_mutex.
  std::mutex checkpoint_mutex;
  Meta meta;              // as last written
  TxnId running_txn = 0;  // target of the checkpoint in progress, 0 if none
  u64 checkpoints = 0;
  std::optional<CheckpointMetrics> last_checkpoint;

  // Under sync_mutex.
  std::mutex sync_mutex;
  std::condition_variable sync_done;
  bool syncing = false;
  Lsn durable = 0;
  Lsn synced_runs = 0;  // values that records up to here refer to are on the disk

  std::atomic<Lsn> runs_end = 0;  // end of the newest record that refers to values
  std::atomic<bool> refused = false;
  mutable std::mutex refused_mutex;
  std::string refused_why;

  // For info(), without the writer's place.
  std::atomic<u64> noted_live = 0, noted_pending = 0, noted_free = 0, noted_pages = 0;
  std::atomic<u64> noted_log_used = 0, noted_log_size = 0;
  std::atomic<u64> log_records = 0, log_record_bytes = 0;  // since open
  RecoveryReport recovery;
};

}  // namespace sapwood::storage
