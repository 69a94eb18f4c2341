// SimDisk: an Env whose files live in memory, for proving crash safety. Everything is deterministic from a seed.
//
// It keeps apart what a program sees (the page cache) and what a power cut would leave (the disk), and can turn the
// state at any moment into every disk image that a crash at that moment might leave: for_each_crash_image().
//   S1  what the program sees of a file is one memory region; map(), map_shared() and read() all show it
//   S2  write, allocate and truncate are pending until sync() of that file, or write_through() to that block; they may
//       reach the disk in any order
//   S3  create, remove and rename are pending until sync_folder_of(); a rename is atomic
//   S4  after a failed sync the pending blocks count as clean: no later sync writes them, unless written again, and
//       drop_cache() brings back the old bytes
//   S5  stores through map_shared() are not recorded: a power cut keeps all of them or none. Those through
//       map_for_stores() are announced: until stored() the disk may hold junk in their place
// Paths are absolute; a relative one starts at "/". Folders need not be made. There are no symbolic links.
// All is safe for use by several threads; the order of operations is then that of the threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"

namespace sapwood::os {

// Thrown out of every call that a killed process makes, and by observers that stop a workload. Deliberately neither
// Error nor std::exception, so that no handler of errors swallows it.
struct SimCrash {
  u64 operation = 0;  // number of the operation that was about to happen, 0 if the process was killed otherwise
};

// The calls of the seam, for fault injection and counting.
enum class Call : u8 {
  open,  // also open_temporary
  read,
  write,
  sync,
  allocate,
  truncate,
  map,  // also map_shared
  lock,
  file_size,  // size, is_at_path
  drop_cache,
  remove,
  rename,
  sync_folder,
  look_up,  // exists, resolve
  reserve_memory,
};
inline constexpr std::size_t kCallKinds = 15;
const char* call_name(Call call);

enum class FaultKind : u8 {
  disk_full,      // ENOSPC: nothing is done
  io,             // EIO: nothing is done
  out_of_memory,  // ENOMEM: nothing is done
  short_write,    // of a write: part of the bytes (by the seed) are written, then Error{io}; else as io
};
const char* fault_name(FaultKind kind);

// Fails the n-th call that matches.
struct FaultPlan {
  std::optional<Call> call{};  // nullopt: any call
  u64 nth = 1;                 // counted from set_fault(), from 1
  bool for_good = false;       // also every later matching call
  FaultKind kind = FaultKind::io;
  std::string path_suffix{};  // only calls on paths that end so, such as "-log"; empty: all. Not of reserve_memory
};

enum class OperationKind : u8 { create, remove, rename, sync_folder, write, allocate, truncate, sync };
const char* operation_name(OperationKind kind);

// One operation that changes what is in the files or what is durable.
struct Operation {
  u64 number;  // from 1
  OperationKind kind;
  std::string path;          // normalised; of a rename the old name; "(temporary)" for nameless files
  std::string to{};          // rename only
  u64 offset = 0;            // write, allocate
  u64 size = 0;              // write: bytes; allocate: bytes; truncate: the new size
  const u8* data = nullptr;  // write only: `size` bytes, valid during the observer's call
};
std::string describe(const Operation& operation);

enum class CrashKind : u8 {
  process_kill,  // the files as the program saw them; same boot id
  power_cut,     // pending operations kept or lost; another boot id
};

struct CrashImage {
  u64 number;  // from 1, ascending, with gaps where images were equal; the same for the same options and state
  CrashKind kind;
  bool everything_synced_only = false;  // exactly the durable state, nothing pending kept
  std::string description;              // which pending operations were kept; enough to understand a failure
};

struct CrashOptions {
  bool process_kill = true;
  bool power_cut = true;      // only synced, everything, per file, folder entries, sizes apart from data
  bool blocks = true;         // subsets of 4096-byte blocks, each at any of its unsynced versions
  bool sectors = true;        // the same of 512-byte sectors
  bool torn = true;           // one write cut at sectors and at any byte; earlier ones kept, later ones lost
  u32 exhaustive_units = 10;  // all 2^n subsets up to that many units (or as many combinations of versions) ...
  u32 random_subsets = 64;    // ... else so many random ones
  u32 torn_writes = 2;        // the newest so many pending writes are torn: enough when every operation is crashed at
  u32 torn_cuts = 8;          // at most so many random cuts a write, besides up to 16 sector boundaries
  u64 max_images = 0;         // 0: all; else the first three (kill, only synced, everything) and a random choice
  u64 only_image = 0;         // 0: all; else only the image of this number, to look at one failure
  u64 seed = 1;
};

struct SimDiskOptions {
  u64 seed = 1;
  u64 reservation_bytes = u64{64} << 20;  // largest size of one file; larger throws Error{limit}
  u32 key_hash_bits = 64;                 // Env::key_hash_bits
};

// One logical process on the disk: an Env of its own. Killing it releases its locks, and all its later calls, also
// those on files it opened, throw SimCrash and change nothing. Destroying it does not kill it; its files live on.
class SimProcess : public Env {
 public:
  virtual void kill() = 0;
};

// The disk, and the Env of a first process on it. Files and mappings may outlive it.
class SimDisk : public Env {
 public:
  explicit SimDisk(const SimDiskOptions& options = {});
  explicit SimDisk(u64 seed) : SimDisk(SimDiskOptions{.seed = seed}) {}
  ~SimDisk() override;
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  FileSystem& files() override;
  Clock& clock() override;    // advances by a microsecond a call
  Random& random() override;  // from the seed
  ProcessInfo process() override;
  std::unique_ptr<Mapping> reserve_memory(u64 size) override;
  u32 key_hash_bits() const override;

  // Another process on the same disk: another pid, same boot id.
  std::unique_ptr<SimProcess> start_process();
  // Kills the first process: its locks go, its open files are dead (SimCrash). This Env then stands for a new process
  // with another pid, so files() works again.
  void kill();
  void advance_clock(i64 microseconds);

  // --- What is on it. ---
  std::vector<std::string> paths() const;                       // as the program sees them
  std::string contents(const std::string& path) const;          // as the program sees them; Error{not_found}
  std::string durable_contents(const std::string& path) const;  // by name as seen, bytes as synced
  // Creates or replaces a file, durable at once and not counted; for tests that prepare or damage files.
  void set_contents(const std::string& path, Bytes contents);
  void make_folder(const std::string& path);  // open() of it is Error{invalid_argument}
  // Makes all that is pending durable, uncounted.
  void settle();

  // --- Operations. ---
  u64 operation_count() const;
  // Called before each operation is applied, without a lock held: it may call for_each_crash_image(), which shows the
  // state before the operation. If it throws, the operation does not happen, and the process that asked for it is
  // killed (so unwinding changes nothing; kill() makes this Env work again). Empty: none.
  void set_observer(std::function<void(const Operation&)> observer);
  // The last `count` operations and faults, a line each, newest last.
  std::string describe_recent_operations(std::size_t count = 20) const;

  // --- Faults. ---
  void set_fault(const FaultPlan& plan);  // replaces the one before
  void clear_fault();
  u64 faults_fired() const;  // since the last set_fault()
  u64 call_count() const;    // of all calls of the seam so far
  u64 call_count(Call call) const;
  // Syncs, of files and folders, return without effect.
  void set_dropped_syncs(bool dropped);
  // The n-th write from now to a path with that suffix goes, on its way to the disk, to its offset plus `shift_bytes`
  // (which may be negative; no further than byte 0). The program sees it in the right place until drop_cache(), or in
  // an image of a power cut.
  void misdirect_write(u64 nth, i64 shift_bytes, const std::string& path_suffix = {});
  // Flips a bit of the file, in the cache and on the disk. Requires: offset < size.
  void flip_bit(const std::string& path, u64 offset, unsigned bit);
  // Growth past so many bytes, over all files, is Error{disk_full}. 0: no limit.
  void set_capacity(u64 bytes);
  // Every open for writing, create, remove and rename is Error{read_only}.
  void set_read_only(bool read_only);
  // What FileSystem::network_of says of every file.
  void set_network(const std::string& name);

  // --- Crashes. ---
  // Calls `visit` with each image that a crash now might leave. `image` holds the files as durable, has no faults and
  // no observer, and can be opened, changed and crashed again (its images nest); it is reused: everything opened on it
  // must be destroyed before `visit` returns. Exceptions of `visit` pass through. Images of a power cut with equal
  // bytes are visited once. Cost: what differs between images. The result is the number of images visited.
  u64 for_each_crash_image(const CrashOptions& options,
                           const std::function<void(SimDisk& image, const CrashImage& crash)>& visit);
  // A disk of its own with the same files, all durable, and the same boot id.
  std::unique_ptr<SimDisk> clone() const;

  struct State;

 private:
  explicit SimDisk(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
  std::unique_ptr<SimProcess> first_process_;
  std::vector<std::unique_ptr<SimProcess>> killed_processes_;  // references to their file systems may be held
};

}  // namespace sapwood::os
