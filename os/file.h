// The seam between the library and the operating system: files, clock and randomness.
//
// Nothing above this layer calls the kernel. The POSIX side is os/posix.cc; os/sim_disk.h is the simulated disk that
// the crash tests run on. Every function that can fail throws Error with the path in its message: io, disk_full,
// out_of_memory, not_found, exists, read_only, invalid_argument (a directory where a file is meant).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace sapwood::os {

// One piece of a gathered write.
struct WritePart {
  const void* data;
  std::size_t size;
};

// A read-only mapping of a file, or zeroed private memory; unmapped by the destructor.
class Mapping {
 public:
  virtual ~Mapping() = default;
  const u8* data() const { return data_; }
  u8* mutable_data() const { return data_; }  // only of mappings made writable
  u64 size() const { return size_; }

 protected:
  u8* data_ = nullptr;
  u64 size_ = 0;
};

enum class LockKind : u8 { shared, exclusive };

// An open file. Reads and writes at explicit offsets; no shared position. Safe for use by several threads.
class File {
 public:
  virtual ~File() = default;

  virtual const std::string& path() const = 0;
  virtual u64 size() = 0;

  // Reads up to `size` bytes at `offset`; the result is short only at the end of the file.
  virtual std::size_t read(u64 offset, void* to, std::size_t size) = 0;

  // Writes all parts back to back at `offset`, extending the file as needed. Throws when not everything was written;
  // what was written then is unknown.
  virtual void write(u64 offset, std::span<const WritePart> parts) = 0;
  void write(u64 offset, const void* data, std::size_t size) {
    const WritePart part{data, size};
    write(offset, std::span(&part, 1));
  }

  // Data (and the size, if it changed) is on the disk when this returns. A throw means: unknown, and never retried.
  virtual void sync() = 0;

  // Writes inside the file, and returns when these bytes are on the disk; what else was changed may not be. A throw
  // means what it does for sync().
  virtual void write_through(u64 offset, const void* data, std::size_t size) = 0;

  // Lets the system begin to write changed bytes of the range to the disk, so that a later sync() has less to wait for.
  virtual void start_write_back(u64, u64) {}

  // Makes sure that [offset, offset + size) has space; grows the file to hold it. disk_full changes nothing.
  virtual void allocate(u64 offset, u64 size) = 0;
  virtual void truncate(u64 size) = 0;

  // Tells the system to forget clean cached contents, so that the next read comes from the disk.
  virtual void drop_cache() = 0;

  // Maps [0, reserve) for reading; `reserve` may be past the end. Stores by write() are seen at once. Bytes past the
  // end of the file must not be touched.
  virtual std::unique_ptr<Mapping> map(u64 reserve) = 0;

  // Maps [0, size) shared and writable: stores are seen by every process that maps the file. For the lock file.
  virtual std::unique_ptr<Mapping> map_shared(u64 size) = 0;

  // Maps [0, reserve) for storing, apart from map(), which shows the stores at once. They count as writes, and so are
  // announced: from about_to_store() on the disk may get the bytes in any state, from stored() on only as they are
  // then. The next sync() makes them durable. Only for space that allocate() or write() made: a store elsewhere, or
  // where the disk fails, is a signal (SIGBUS).
  virtual std::unique_ptr<Mapping> map_for_stores(u64 reserve) = 0;
  virtual void about_to_store(u64 offset, u64 size) = 0;
  virtual void stored(u64 offset, u64 size) = 0;
  // Whether this file system needs no more space for a store once allocate() gave it, as map_for_stores() asks.
  virtual bool keeps_space_for_stores() = 0;

  // Takes an open-file-description lock on byte `number` far past the data; false if another open file holds one in the
  // way. A lock that this open file has already is raised or lowered. Held until unlock() or the destructor, or the
  // death of the process; not dropped when another descriptor of the process closes. Exclusive: opened for writing.
  virtual bool try_lock(u32 number, LockKind kind) = 0;
  virtual void unlock(u32 number) = 0;
  // True if another open file holds a lock of either kind.
  virtual bool is_locked_elsewhere(u32 number) = 0;

  // True if path() still names this very file (device and inode).
  virtual bool is_at_path() = 0;
};

struct OpenFlags {
  bool write = true;       // else read only
  bool create = false;     // create if absent; of a file that is there this must be the only name: no link is followed
  bool exclusive = false;  // with create: Error{exists} if present
  std::string like = {};   // with create: a file that is made takes its permissions from the one with this path
};

// What identifies a process to others, for messages.
struct ProcessInfo {
  u32 pid;
  std::string command;  // name of the program, without path and arguments
  std::string boot_id;  // differs after each boot of the system; empty if not asked for
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual std::unique_ptr<File> open(const std::string& path, OpenFlags flags) = 0;
  // A nameless file in the folder for temporary files, gone when closed.
  virtual std::unique_ptr<File> open_temporary() = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual void remove(const std::string& path) = 0;  // not_found if absent
  // Gives `from` the name `to`, atomically; Error{exists} if `to` is there.
  virtual void rename_new(const std::string& from, const std::string& to) = 0;
  // Gives the file `to` the permissions of `from`, as OpenFlags::like does; follows no link.
  virtual void copy_permissions(const std::string&, const std::string&) {}
  // Makes creations, removals and renames in the folder that holds `path` durable.
  virtual void sync_folder_of(const std::string& path) = 0;
  // The path with symbolic links resolved; the last component may be absent.
  virtual std::string resolve(const std::string& path) = 0;
  // The name of the file system, if other machines may have the file too, or the folder in which it is to be: "NFS".
  // Empty if they cannot, or if that cannot be told.
  virtual std::string network_of(const std::string& path) = 0;
  // The processes that have the file open, as far as this one may see: for messages. Cost: a look at all processes.
  virtual std::vector<ProcessInfo> users_of(const std::string&) { return {}; }
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual i64 now_us() = 0;        // since 1970, UTC
  virtual i64 monotonic_us() = 0;  // for intervals
  // The same, but up to some milliseconds behind; where the system can, at a tenth of the cost.
  virtual i64 coarse_monotonic_us() { return monotonic_us(); }
};

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(void* to, std::size_t size) = 0;
};

// All of it together. `posix_env()` is the real one; it lives for ever.
class Env {
 public:
  virtual ~Env() = default;
  virtual FileSystem& files() = 0;
  virtual Clock& clock() = 0;
  virtual Random& random() = 0;
  virtual ProcessInfo process() = 0;
  // How many bits of the hashes of keys count, 1 to 64. Fewer only in tests, in which hashes are to be equal; a file
  // must always be opened with as many.
  virtual u32 key_hash_bits() const { return 64; }
  // Zeroed private memory of `size` bytes of address space, backed only where touched.
  virtual std::unique_ptr<Mapping> reserve_memory(u64 size) = 0;
};

Env& posix_env();

}  // namespace sapwood::os
