// Private to SimDisk: which images a crash can leave. A snapshot of the disk gives axes (what can be kept or lost
// independently), plans choose a version on each axis, and a renderer turns a plan into bytes.
//   block axis   a pending block, whose versions are "so many of its fragments reached the disk"
//   sector axis  the same of 512 bytes
//   size axis    the size of a file, whose versions are the durable one and each pending change
//   names        each pending create, remove and rename, kept or lost
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/sim_disk_state.h"

namespace sapwood::os {

// A pending block as it was at the snapshot.
struct CrashBlock {
  u32 number;
  bool shared;  // mapped writable: base or cache, together with all such blocks of the file
  std::unique_ptr<SimBlock> base;
  std::unique_ptr<SimBlock> cache;  // as programs saw it
  std::vector<SimFragment> fragments;
};

struct CrashNode {
  std::string path;                    // a name that it has or had, for messages
  std::vector<u32> durable_numbers{};  // blocks that are not zero on the disk
  std::vector<u8> durable_bytes{};     // their bytes, one after another
  std::vector<CrashBlock> blocks{};    // pending, ascending
  u64 durable_size = 0;
  u64 size = 0;
  std::vector<SimSizeChange> sizes{};
};

// Names point to nodes by index.
struct CrashEntryChange {
  u64 operation;
  OperationKind kind;
  std::vector<std::pair<std::string, std::optional<u32>>> names;
};
using CrashNames = std::map<std::string, u32>;

struct CrashSnapshot {
  // Requires: the state's mutex is held.
  explicit CrashSnapshot(const SimDisk::State& state);

  std::vector<CrashNode> nodes;
  CrashNames names;
  CrashNames durable_names;
  std::vector<CrashEntryChange> entry_changes;
};

struct CrashAxis {
  enum class Kind : u8 { block, sector, shared, size };
  Kind kind;
  u32 node;
  u32 block = 0;                // index into CrashNode::blocks
  u32 sector = 0;               // within the block
  std::vector<u32> versions{};  // number of fragments, or of size changes, that are kept; ascending, the first is 0
};

struct CrashPlan {
  enum class Kind : u8 {
    cache,    // what programs saw
    blocks,   // `choice` on the block axes
    sectors,  // `choice` on the sector axes
    torn,     // fragments and sizes before operation `torn`, and `cut` bytes of that write
  };
  Kind kind;
  std::vector<u32> choice{};         // a version by axis
  std::vector<bool> kept_entries{};  // by entry change
  u64 torn = 0;
  u64 cut = 0;
  bool torn_size = false;  // the size change of the torn write is kept
  const char* name = "";
};

// All plans for a snapshot.
class CrashPlanner {
 public:
  CrashPlanner(const CrashSnapshot& snapshot, const CrashOptions& options);

  const std::vector<CrashPlan>& plans() const { return plans_; }
  const std::vector<CrashAxis>& axes_of(CrashPlan::Kind kind) const {
    return kind == CrashPlan::Kind::sectors ? sector_axes_ : block_axes_;
  }
  std::string describe(const CrashPlan& plan) const;

 private:
  enum class Keep : u8 { none, all };
  using Entries = std::vector<bool>;

  void find_axes();
  void add_whole_plans();
  void add_entry_plans();
  void add_file_plans();
  void add_size_plans();
  void add_subsets(CrashPlan::Kind kind);
  void add_torn_plans();
  void add_torn_write(u64 operation, u64 first, u64 end);

  CrashPlan plan_of(const char* name, Keep data, Entries entries) const;
  Entries entries(Keep keep) const { return Entries(snapshot_.entry_changes.size(), keep == Keep::all); }
  Entries random_entries();
  u32 random_version(const CrashAxis& axis);

  const CrashSnapshot& snapshot_;
  const CrashOptions& options_;
  std::mt19937_64 random_;
  std::vector<CrashAxis> block_axes_;
  std::vector<CrashAxis> sector_axes_;
  std::vector<CrashPlan> plans_;
};

// Builds images in a disk's state, one after another, at the cost of what differs.
class CrashRenderer {
 public:
  CrashRenderer(const CrashSnapshot& snapshot, const CrashPlanner& planner, std::shared_ptr<SimDisk::State> target);

  // Fills the target with the plan's image, its random numbers seeded with `seed`. False, and the target is as before,
  // if an image with equal bytes was rendered earlier; images of CrashPlan::Kind::cache always count as new.
  bool render(const CrashPlan& plan, u64 seed);

 private:
  struct Target {
    SimInodePointer inode;
    std::vector<u32> base_index;  // block number -> 1 + position in durable_numbers, 0: zero
  };
  struct Rendered {
    u32 node;
    u64 size;
    std::size_t first_block;  // in blocks_, as many as the node has pending ones
  };
  // Which axis decides over what; kNoAxis if none.
  struct AxisIndex {
    std::vector<std::vector<std::array<u32, kBlockBytes / kSectorBytes>>> by_block;  // node, block, sector
    std::vector<u32> by_size;
    std::vector<u32> by_shared;
  };

  AxisIndex index_axes(CrashPlan::Kind kind) const;
  const AxisIndex& index_of(const CrashPlan& plan) const;
  u32 choice(const CrashPlan& plan, u32 axis) const;
  CrashNames names_of(const CrashPlan& plan) const;
  u32 size_version_of(const CrashPlan& plan, u32 node) const;
  void render_node(const CrashPlan& plan, u32 node);
  void render_block(const CrashPlan& plan, u32 node, u32 block, u32 size_version, SimBlock& to) const;
  u64 fingerprint(const CrashNames& names) const;
  void store(const Rendered& rendered);
  const u8* base_bytes(u32 node, u32 number) const;

  const CrashSnapshot& snapshot_;
  const CrashPlanner& planner_;
  const std::shared_ptr<SimDisk::State> target_;
  std::vector<Target> targets_;
  AxisIndex block_index_;
  AxisIndex sector_index_;
  std::vector<Rendered> rendered_;  // of the plan at hand
  std::vector<SimBlock> blocks_;
  std::set<u64> seen_;
};

}  // namespace sapwood::os
