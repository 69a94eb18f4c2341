// What a database tells once it has looked at all of itself: Database::metrics(). Info (info.h) is what it knows
// without looking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sapwood/info.h"
#include "sapwood/types.h"

namespace sapwood {

// The pages of one tree (a collection, or the catalog) and what is in them.
struct TreeMetrics {
  std::uint32_t height = 0;  // levels of pages; 0 if it is empty, or so small that its entries lie in the catalog
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;        // with entries of any size
  std::uint64_t fixed_leaf_pages = 0;  // with entries of one size
  std::uint64_t value_pages = 0;       // runs of large values, and the trees that list the runs of the largest
  // In use on branches, and on leaves of both kinds, page headers included; the others are room to grow.
  std::uint64_t branch_bytes = 0;
  std::uint64_t leaf_bytes = 0;
  // As they are stored: keys of dicts and sets with the 8 bytes of their hash; a key of those that is longer than a
  // quarter page is part of the value.
  std::uint64_t key_bytes = 0;
  std::uint64_t value_bytes = 0;
  std::uint64_t value_bytes_in_runs = 0;  // part of value_bytes; the others are in the leaves

  std::uint64_t pages() const { return branch_pages + leaf_pages + fixed_leaf_pages + value_pages; }
};

struct CollectionMetrics {
  CollectionInfo info;
  TreeMetrics tree;
};

// The pages that are not live.
struct SpaceMetrics {
  std::uint64_t tail_pages = 0;  // behind the last live page: close() gives them back
  std::uint64_t free_runs = 0;   // of neighbouring free pages
  std::uint64_t longest_free_run = 0;
  std::uint64_t checkpoint_held_pages = 0;  // pending for the last checkpoint only: the next one frees them
};

// Stable names: checkpoint_cause_name.
enum class CheckpointCause : std::uint8_t {
  asked,       // Database::checkpoint, or Database::sync after commits with Durability::none
  log_full,    // a segment of the redo log was nearly full
  pages_held,  // too many pages were pending for the checkpoint before
  commit,      // a commit that the log had no room for, or recovery
};
// "asked", "log_full", "pages_held", "commit".
const char* checkpoint_cause_name(CheckpointCause cause) noexcept;

struct CheckpointMetrics {
  CheckpointCause cause = CheckpointCause::asked;
  std::int64_t ended_us = 0;  // since 1970, UTC
  std::int64_t took_us = 0;
};

// What was done since the file was opened.
struct ActivityMetrics {
  std::uint64_t log_records = 0;  // commits written to the redo log
  std::uint64_t log_bytes = 0;    // their bytes
  std::uint64_t log_syncs = 0;
  std::uint64_t data_syncs = 0;
  std::optional<CheckpointMetrics> last_checkpoint;  // Info::checkpoints says how many there were
};

// What the open file takes of this process. Pages that are read lie in the system's cache, not here.
struct MemoryMetrics {
  std::uint64_t map_bytes = 0;      // address space that is reserved to map the file; no memory
  std::uint64_t mark_bytes = 0;     // at most: marks of pages that were verified, 4 bytes a page of the file
  std::uint64_t bitmap_bytes = 0;   // which pages are live, pending and free
  std::uint64_t buffer_bytes = 0;   // page buffers kept for write transactions to come
  std::uint64_t private_bytes = 0;  // pages of the open write transaction
};

// An ObjectCache of this process.
struct CacheMetrics {
  std::string name;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // as its sizes count them
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;

  double hit_rate() const {
    return hits == 0 ? 0 : static_cast<double>(hits) / (static_cast<double>(hits) + static_cast<double>(misses));
  }
};

struct Metrics {
  Info info;  // of the same moment; without the reader of metrics() itself
  // The commit info.txn. While no other commit is under way and no write transaction is open here,
  //   info.live_pages = bitmap_pages + the pages() of the catalog and of all collections
  //   info.page_count = meta_pages + live, pending and free ones
  std::uint64_t meta_pages = 0;
  std::uint64_t bitmap_pages = 0;
  TreeMetrics catalog;
  std::vector<CollectionMetrics> collections;  // by name, without what is nested in them
  // Sums, with the greatest height.
  TreeMetrics nested;           // of collections in others
  TreeMetrics dropped;          // of what was dropped and is not yet free
  TreeMetrics all_collections;  // of all of these

  // Not known if another thread's write transaction stays open for the second that is waited.
  std::optional<SpaceMetrics> space;
  ActivityMetrics activity;
  MemoryMetrics memory;
  std::vector<CacheMetrics> caches;  // those that live, in the order in which they were first used
};

}  // namespace sapwood
