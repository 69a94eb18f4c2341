// Private to SimDisk: one simulated file without its name: its cached bytes, and what the disk does not have of them.
//   N1  region bytes past size are zero
//   N2  a block without an entry in pending() has the same bytes in the cache and on the disk
//   N3  the disk's bytes of a block with an entry are its `base`, plus any subset of prefixes of its fragments
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "os/sim_disk_memory.h"

namespace sapwood::os {

using SimBlock = std::array<u8, kBlockBytes>;

// The part of one write or truncation that falls into one block.
struct SimFragment {
  u64 operation;
  u32 at;  // first byte within the block
  u32 size;
  u64 position = 0;                    // of its first byte within the write
  std::shared_ptr<const u8[]> data{};  // the whole write; null: zeros left by a truncation ...
  u32 size_version = 0;                // ... which happen together with this version of the size
  bool open = false;                   // what announced stores may leave, until they are complete
};

// A block whose cached bytes may differ from those on the disk.
struct SimPendingBlock {
  std::unique_ptr<SimBlock> base;
  std::vector<SimFragment> fragments{};  // in order of operations
  bool failed = false;                   // a sync failed: counts as clean, so no later sync writes it
  bool diverged = false;  // a misdirected write missed it or hit it: a sync does not make cache and disk equal

  // Whether stores at that byte are announced and not complete; ends all that touch a range.
  bool has_open(u32 at) const;
  void close(u32 at, u32 size);
  void forget_open(u32 at, u32 size);
  // The size became durable, and truncations with it.
  void settle_truncations();
};

struct SimSizeChange {
  u64 operation;
  u64 size;
};

// Copies the fragment's first `limit` bytes of [from, to) of its block into the block's bytes at `block`.
void apply_fragment(const SimFragment& fragment, u8* block, u32 from = 0, u32 to = kBlockBytes,
                    u32 limit = kBlockBytes);

class SimNode {
 public:
  explicit SimNode(std::shared_ptr<SimRegion> region) : region_(std::move(region)) {}

  u64 size() const { return size_; }
  u64 durable_size() const { return durable_size_; }
  const std::shared_ptr<SimRegion>& region() const { return region_; }
  const std::map<u32, SimPendingBlock>& pending() const { return pending_; }
  const std::vector<SimSizeChange>& size_changes() const { return size_changes_; }
  u32 shared_blocks() const { return shared_blocks_; }  // so many blocks from the start are mapped writable

  // Stores the bytes; the disk will get them `shift` bytes further if that is not 0.
  void write(u64 operation, u64 offset, std::shared_ptr<const u8[]> data, u64 size, i64 shift = 0);
  // Stores through a mapping: the disk may get `junk` until they are complete, then what is there.
  void about_to_store(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& junk, u64 size);
  void stored(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& data, u64 size, i64 shift = 0);
  void change_size(u64 operation, u64 size);
  void share(u64 size);

  void sync();
  void sync_range(u64 offset, u64 size);  // the blocks of a range, and the size if it does not reach them yet
  void fail_sync();
  void drop_cache();
  // The bytes on the disk if nothing pending gets there.
  std::vector<u8> durable_bytes() const;

  // All of it is on the disk.
  void set_durable(const void* data, u64 size);
  void flip_bit(u64 offset, u8 mask);

  // For crash images. Stores bytes as durable; nothing may be pending.
  void put_durable_block(u32 block, const u8* bytes);
  void set_durable_size(u64 size) { size_ = durable_size_ = size; }
  void forget_pending();

 private:
  SimPendingBlock& make_pending(u32 block);
  void send(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& data, u64 size, i64 shift);
  void add_fragments(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& data, u64 size, bool misdirected);
  void cut_to(u64 operation, u64 size);
  bool settle(u32 block, SimPendingBlock& pending);

  std::shared_ptr<SimRegion> region_;
  u64 size_ = 0;
  u64 durable_size_ = 0;
  std::map<u32, SimPendingBlock> pending_;
  std::vector<SimSizeChange> size_changes_;  // since the last sync
  u32 shared_blocks_ = 0;
};

}  // namespace sapwood::os
