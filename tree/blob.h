// Values too large for a leaf: kept in runs of pages without headers, with a reference in the leaf.
// docs/format.md, "Blob".
//
// The reference, as the value of an entry of kind blob:
//   size   field
//      1   form: 1..4 the number of extents that follow; kChunkTree: the root of a tree of chunks follows
//   1..7   varint length of the value
//   1..3   varint length of the tail t
//      4   birth of all runs, low 32 bits
//   14 n   per extent {start u48, pages u32, checksum u32 of the value's bytes in it}; or
//     17   {root page u48, its birth u32, height u8, chunks u48}
//      t   the value's last bytes, if they were few
//
// The tree of chunks is a list with fixed entries of 16 bytes, under the same tree id: {start u48, checksum u32,
// end u48}, where `end` counts the pages of the value up to the end of this chunk.
//
// Invariants:
//   V1  the reference is whole; the tail is shorter than the value and at most P/4
//   V2  the extents, or chunks, together have exactly the pages that the bytes before the tail need
#pragma once

#include <functional>
#include <string>

#include "storage/page_store.h"
#include "tree/shape.h"

namespace sapwood::tree {

using storage::Extent;
using storage::PageReader;
using storage::PageStore;

inline constexpr u32 kInlineExtents = 4;
inline constexpr u8 kChunkTree = 5;
inline constexpr u32 kChunkEntryBytes = 16;
inline constexpr u64 kMaxChunkBytes = 1 << 20;
// The longest reference, without its tail.
inline constexpr u32 kMaxReferenceBytes = 1 + 7 + 3 + 4 + 14 * kInlineExtents;

struct BlobReference {
  struct Run {
    Extent extent;
    u32 checksum = 0;
  };
  u64 size = 0;
  Bytes tail;
  u32 birth = 0;
  u32 extents = 0;  // how many of `runs` are used; 0 with a tree of chunks
  Run runs[kInlineExtents];
  TreeRoot chunks;

  u64 run_bytes() const { return size - tail.size(); }
  u64 run_pages(u32 page_size) const { return run_bytes() / page_size + (run_bytes() % page_size != 0); }
};

// Decodes a reference; false if it breaks V1 or (with inline extents) V2.
bool parse_blob_reference(Bytes reference, u32 page_size, BlobReference& to);
// Throws Error{corrupt} that names the page if it does not decode.
void verify_blob_reference(Bytes reference, u32 page_size, PageNo number);

TreeShape chunk_tree_shape(u32 tree_id);

// Writes `value` to runs of pages and gives back the reference, at most `max_reference` bytes long (at least
// kMaxReferenceBytes). Calls release_memory() between chunks.
std::string store_blob(PageStore& store, u32 tree_id, Bytes value, u32 max_reference);
// Frees the runs and the tree of chunks.
void free_blob(PageStore& store, u32 tree_id, Bytes reference);

// One run of a blob: which bytes of the value it holds.
struct BlobRun {
  Extent extent;
  u32 checksum;
  u64 offset;
  u64 size;
};
// Calls `visit` for the runs that hold bytes from `offset` on, in order, until it returns false.
void for_each_run(const PageReader& pages, u32 tree_id, const BlobReference& blob, u64 offset,
                  const std::function<bool(const BlobRun&)>& visit);

}  // namespace sapwood::tree
