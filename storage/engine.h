// One open database file: its pages, log, locks, readers and the one writer. See docs/architecture.md.
//
// Lock order: writer, checkpoint, sync. Readers take none.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "sapwood/metrics.h"
#include "sapwood/options.h"
#include "storage/descriptor.h"
#include "storage/page_reader.h"
#include "storage/write_transaction.h"

namespace sapwood::storage {

// What the layers above tell the engine about the content of pages and log records.
class Contents {
 public:
  virtual ~Contents() = default;
  virtual VerifyNode verify_node() const = 0;

  // Recovery: begin_replay once, replay for each record in order, end_replay once, which stores the transaction's
  // catalog(). Throws Error{corrupt} for operations that cannot be decoded or applied.
  virtual void begin_replay(WriteTransaction& txn) = 0;
  virtual void replay(Bytes operations, const ValueRuns& runs) = 0;
  virtual void end_replay() = 0;

  // Moves pages of trees at or past `end` to other places, and stores the transaction's catalog().
  virtual void relocate(WriteTransaction& txn, PageNo end) = 0;

  // Visits every page and run reachable from the version's catalog, the catalog's own pages included; then those that
  // only the version's named snapshots refer to, once each. Memory: a bit a page if there are any.
  virtual void walk(const PageReader& pages, const Descriptor& version,
                    const std::function<void(Extent pages, u32 birth)>& visit) = 0;
  // The same for what can be read; false if something could not.
  virtual bool walk_sound(const PageReader& pages, const Descriptor& version,
                          const std::function<void(Extent pages, u32 birth)>& visit) = 0;
};

// A registered reader of one version. A plain value: ending it is the owner's duty (Engine::end_read).
struct Snapshot {
  Descriptor descriptor;
  PageReader pages;
  u32 slot = 0;
  u64 generation = 0;  // of the slot while this snapshot holds it; see Engine::is_live
};

// How the last open went, for messages and benchmarks. Zero if no recovery was needed.
struct RecoveryReport {
  bool recovered = false;
  u64 records = 0;
  u64 log_bytes = 0;
  i64 scan_us = 0;
  i64 replay_us = 0;
  i64 checkpoint_us = 0;
};

struct EngineInfo {
  std::string path;
  u32 page_size = 0;
  u64 file_bytes = 0;
  u64 page_count = 0;
  u64 live_pages = 0;     // reachable from the newest version (bitmap pages and metas included)
  u64 pending_pages = 0;  // dead, but a reader or the last checkpoint may need them
  u64 free_pages = 0;
  TxnId txn = 0;  // newest visible version
  TxnId checkpoint_txn = 0;
  u64 checkpoints = 0;  // since open
  u64 log_bytes = 0;    // used in the active segment
  u64 log_segment_bytes = 0;
  TxnId space_txn = 0;  // what live, pending and free pages are of
  i64 created_us = 0;
  std::vector<ProcessInfo> processes;
  std::optional<WriterInfo> writer;
  std::vector<ReaderInfo> readers;
  std::string uuid;  // 32 hexadecimal digits
  RecoveryReport recovery;
};

// How far the pages reach that the newest version and the named snapshots refer to.
struct SpaceInUse {
  u64 pages = 0;  // so many
  u64 end = 0;    // one past the highest
  // Where the file should end: with some pages to spare.
  u64 wanted_end() const { return pages + pages / 64 + 16; }
};

class Engine {
 public:
  // Opens, creates or recovers the database at `path`; empty means a temporary one. `contents` outlives the engine.
  // Throws not_found, exists, in_use, not_a_database, newer_format, corrupt, read_only, invalid_argument, disk_full,
  // io.
  static std::shared_ptr<Engine> open(const std::string& path, const Options& options, Contents& contents);
  // Checkpoints, marks the file clean and removes the log, if nothing prevents it; never throws.
  ~Engine();

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Registers a reader of the newest visible version. No allocation, no lock. Throws limit if all slots are taken.
  Snapshot begin_read();
  void end_read(const Snapshot& snapshot) noexcept;
  // Lets metrics() tell for how long a snapshot has been open; for those that live longer than a call.
  void note_since(const Snapshot& snapshot) noexcept;
  // False once end_read was called for that snapshot. Any thread.
  bool is_live(u32 slot, u64 generation) const noexcept;
  // What is_live() looks at: it holds the generation while the snapshot lives. Stays as long as the engine.
  const std::atomic<u64>& generation_of(u32 slot) const noexcept;

  // Waits for the writer's place: `timeout` negative is without limit. Throws timed_out, read_only, writes_refused,
  // would_deadlock if this thread holds the open write transaction.
  std::unique_ptr<WriteTransaction> begin_write(std::chrono::milliseconds timeout);
  // True if the calling thread began the write transaction that is open now.
  bool is_writing_here() const noexcept;

  // All commits so far become durable.
  void sync();
  // Writes a checkpoint: recovery will start here.
  void checkpoint();
  // Waits for the writer's place. Cost: a look at the end of the bitmap.
  SpaceInUse space_in_use();
  // Gives the free end of the file back to the system; false if it is short, others have the file open, or readers need
  // pages there. Waits for the writer's place, and writes a checkpoint.
  bool give_back_tail();
  // What the destructor does, but tells of failure. The engine is unusable after it. Requires: no transaction open;
  // throws in_use otherwise and changes nothing.
  void close();

  // What other processes did is looked at first, if the writer's place is free soon.
  EngineInfo info();
  // For metrics: fills what only the engine knows (all but info and trees), and begins a read of the same moment, which
  // the caller ends. Waits for the writer's place for a second, unless this thread has it; goes on without.
  struct Moment {
    EngineInfo info;
    Snapshot snapshot;
  };
  Moment measure(Metrics& metrics);
  const Options& options() const;
  os::Env& env() const;
  bool read_only() const;
  // False if the file was removed or replaced since it was opened, or this process is a child of the one that did.
  bool is_at_path() const;

  // For check: adds a sentence for each damaged bitmap, and for each disagreement between the bitmaps of the newest
  // version and the pages that Contents::walk_sound visits; pages that nothing refers to only if it could read all.
  // Takes the writer's place while it looks. Memory: a bit a page.
  void check_space(std::vector<std::string>& findings);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  static std::shared_ptr<Engine> open_once(const std::string& path, const Options& options, Contents& contents);
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sapwood::storage
