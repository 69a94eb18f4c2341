#include "tree/blob.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "base/varint.h"
#include "tree/bulk.h"
#include "tree/check.h"
#include "tree/cursor.h"
#include "tree/value.h"

namespace sapwood::tree {

using storage::check_format;
using storage::ValueRun;

namespace {

constexpr u32 kExtentBytes = 14;
constexpr u32 kChunkRootBytes = 17;

void append_u32(std::string& to, u32 value) { to.append(reinterpret_cast<const char*>(&value), 4); }
void append_u48(std::string& to, u64 value) { to.append(reinterpret_cast<const char*>(&value), 6); }

std::string encode(const BlobReference& blob) {
  std::string to(1, static_cast<char>(blob.extents == 0 ? kChunkTree : blob.extents));
  append_varint(to, blob.size);
  append_varint(to, blob.tail.size());
  append_u32(to, blob.birth);
  for (u32 i = 0; i < blob.extents; ++i) {
    append_u48(to, to_u64(blob.runs[i].extent.start));
    append_u32(to, blob.runs[i].extent.pages);
    append_u32(to, blob.runs[i].checksum);
  }
  if (blob.extents == 0) {
    append_u48(to, to_u64(blob.chunks.root.page));
    append_u32(to, blob.chunks.root.birth);
    to.push_back(static_cast<char>(blob.chunks.height));
    append_u48(to, blob.chunks.count);
  }
  to.append(blob.tail);
  return to;
}

struct Chunk {
  PageNo start;
  u32 checksum;
  u64 end;
};

Chunk decode_chunk(Bytes entry) {
  return {PageNo{load_u48(entry.data())}, load<u32>(entry.data() + 6), load_u48(entry.data() + 10)};
}

TreeRoot store_chunks(PageStore& store, u32 tree_id, const std::vector<ValueRun>& runs) {
  TreeRoot root;
  BulkLoader loader(store, chunk_tree_shape(tree_id), root);
  u64 end = 0;
  for (const ValueRun& run : runs) {
    end += run.extent.pages;
    char entry[kChunkEntryBytes];
    store_u48(entry, to_u64(run.extent.start));
    sapwood::store<u32>(entry + 6, run.checksum);
    store_u48(entry + 10, end);
    loader.add(Bytes(), Bytes(entry, sizeof entry));
  }
  loader.finish();
  return root;
}

// The index of the first chunk that ends after page `page` of the value.
u64 find_chunk(const TreeReader& chunks, u64 page) {
  u64 low = 0;
  u64 high = chunks.size();
  while (low < high) {
    const u64 middle = low + (high - low) / 2;
    if (decode_chunk(chunks.at(middle).inline_bytes()).end <= page) low = middle + 1;
    else high = middle;
  }
  return low;
}

void for_each_chunk(const TreeReader& chunks, const BlobReference& blob, u64 offset,
                    const std::function<bool(const BlobRun&)>& visit) {
  const u32 page_size = chunks.pages().page_size();
  const PageNo root = blob.chunks.root.page;
  const u64 first = find_chunk(chunks, offset / page_size);
  u64 begin = first == 0 ? 0 : decode_chunk(chunks.at(first - 1).inline_bytes()).end;
  Cursor cursor(chunks);
  for (cursor.seek_index(first); cursor.valid(); cursor.next()) {
    const Chunk chunk = decode_chunk(cursor.value().inline_bytes());
    const bool whole = chunk.end > begin && chunk.end - begin <= ~u32{0} && chunk.end <= blob.run_pages(page_size);
    check_format(whole, root, "V2: the chunks of a value do not add up");
    const u64 at = begin * page_size;
    const u64 size = std::min(blob.run_bytes() - at, (chunk.end - begin) * page_size);
    if (!visit({{chunk.start, static_cast<u32>(chunk.end - begin)}, chunk.checksum, at, size})) return;
    begin = chunk.end;
  }
  check_format(begin == blob.run_pages(page_size), root, "V2: the chunks of a value do not add up");
}

}  // namespace

TreeShape chunk_tree_shape(u32 tree_id) {
  TreeShape shape;
  shape.tree_id = tree_id;
  shape.order = Order::position;
  shape.value_width = kChunkEntryBytes;
  shape.fixed = true;
  return shape;
}

bool parse_blob_reference(Bytes reference, u32 page_size, BlobReference& to) {
  const u8* at = reinterpret_cast<const u8*>(reference.data());
  const u8* const end = at + reference.size();
  if (at == end) return false;
  const u8 form = *at++;
  u64 tail = 0;
  at = get_varint(at, end, to.size);
  if (at != nullptr) at = get_varint(at, end, tail);
  if (at == nullptr || form == 0 || form > kChunkTree || to.size > kMaxValueSize) return false;
  to.extents = form == kChunkTree ? 0 : form;
  const u64 rest = form == kChunkTree ? kChunkRootBytes : kExtentBytes * to.extents;
  if (tail > page_size / 4 || tail >= to.size || static_cast<u64>(end - at) != 4 + rest + tail) return false;
  to.tail = bytes_of(end - tail, tail);
  to.birth = load<u32>(at);
  at += 4;
  u64 pages = 0;
  for (u32 i = 0; i < to.extents; ++i, at += kExtentBytes) {
    to.runs[i] = {{PageNo{load_u48(at)}, load<u32>(at + 6)}, load<u32>(at + 10)};
    if (to.runs[i].extent.start == kNoPage || to.runs[i].extent.pages == 0) return false;
    pages += to.runs[i].extent.pages;
  }
  if (form != kChunkTree) return pages == to.run_pages(page_size);
  to.chunks = TreeRoot{{PageNo{load_u48(at)}, load<u32>(at + 6)}, at[10], false, load_u48(at + 11)};
  return to.chunks.root.page != kNoPage && to.chunks.height >= 1 && to.chunks.height <= kMaxHeight &&
         to.chunks.count >= 1;
}

void verify_blob_reference(Bytes reference, u32 page_size, PageNo number) {
  BlobReference blob;
  check_format(parse_blob_reference(reference, page_size, blob), number,
               "V1: the reference to a large value is damaged");
}

std::string store_blob(PageStore& store, u32 tree_id, Bytes value, u32 max_reference) {
  SAPWOOD_ASSERT(max_reference >= kMaxReferenceBytes && !value.empty());
  const u64 page_size = store.page_size();
  u64 tail = value.size() % page_size;
  if (tail > page_size / 4 || tail == value.size() || kMaxReferenceBytes + tail > max_reference) tail = 0;
  BlobReference blob;
  blob.size = value.size();
  blob.tail = value.substr(value.size() - tail);
  std::vector<ValueRun> runs;
  for (u64 offset = 0; offset < blob.run_bytes();) {
    store.release_memory();
    const u64 left = blob.run_bytes() - offset;
    const u64 pages = (std::min(left, kMaxChunkBytes) + page_size - 1) / page_size;
    const Extent extent = store.allocate_run(static_cast<u32>(pages));
    const u64 size = std::min(left, extent.pages * page_size);
    store.write_run(extent, value.data() + offset, size);
    runs.push_back({extent, static_cast<u32>(size), storage::run_checksum(value.data() + offset, size)});
    offset += size;
  }
  store.value_written(runs);
  blob.birth = store.birth();
  if (runs.size() <= kInlineExtents) {
    blob.extents = static_cast<u32>(runs.size());
    std::ranges::transform(runs, blob.runs, [](const ValueRun& run) {
      return BlobReference::Run{run.extent, run.checksum};
    });
  } else {
    blob.chunks = store_chunks(store, tree_id, runs);
  }
  return encode(blob);
}

void free_blob(PageStore& store, u32 tree_id, Bytes reference) {
  BlobReference blob;
  const PageReader pages = store.reader();
  check_format(parse_blob_reference(reference, store.page_size(), blob), kNoPage, "V1: a reference to a large value");
  std::vector<Extent> runs;  // found first, freed after: a reader does not outlive a change
  for_each_run(pages, tree_id, blob, 0, [&](const BlobRun& run) { return runs.push_back(run.extent), true; });
  std::vector<PageRef> nodes;
  if (blob.extents == 0) {
    walk_pages(TreeReader(pages, chunk_tree_shape(tree_id), blob.chunks), [&](Extent page, u32 birth) {
      nodes.push_back({page.start, birth});
    });
  }
  for (const Extent& run : runs) store.free_run(run, blob.birth);
  for (const PageRef& node : nodes) store.free(node);
}

void for_each_run(const PageReader& pages, u32 tree_id, const BlobReference& blob, u64 offset,
                  const std::function<bool(const BlobRun&)>& visit) {
  if (offset >= blob.run_bytes()) return;
  if (blob.extents == 0) {
    return for_each_chunk(TreeReader(pages, chunk_tree_shape(tree_id), blob.chunks), blob, offset, visit);
  }
  u64 at = 0;
  for (u32 i = 0; i < blob.extents; ++i) {
    const u64 size = std::min(blob.run_bytes() - at, u64{blob.runs[i].extent.pages} * pages.page_size());
    if (at + size > offset && !visit({blob.runs[i].extent, blob.runs[i].checksum, at, size})) return;
    at += size;
  }
}

Bytes ValueView::head() const {
  if (!blob_) return bytes_;
  BlobReference blob;
  check_format(parse_blob_reference(bytes_, pages_.page_size(), blob), kNoPage, "V1: a reference to a large value");
  Bytes first;
  for_each_run(pages_, tree_id_, blob, 0, [&](const BlobRun& run) {
    const u8* data = pages_.fetch_run(run.extent, blob.birth, run.size, run.checksum);
    first = bytes_of(data, run.size);
    return false;
  });
  return first;
}

std::optional<Bytes> ValueView::in_one_piece() const {
  const Bytes first = head();
  return first.size() == size_ ? std::optional(first) : std::nullopt;
}

void ValueView::read_part(u64 offset, void* to, u64 size) const {
  SAPWOOD_ASSERT(offset <= size_ && size <= size_ - offset);
  if (size == 0) return;
  if (!blob_) {
    std::memcpy(to, bytes_.data() + offset, size);
    return;
  }
  BlobReference blob;
  check_format(parse_blob_reference(bytes_, pages_.page_size(), blob), kNoPage, "V1: a reference to a large value");
  char* out = static_cast<char*>(to);
  const u64 end = offset + size;
  for_each_run(pages_, tree_id_, blob, offset, [&](const BlobRun& run) {
    const u64 from = std::max(offset, run.offset);
    const u64 until = std::min(end, run.offset + run.size);
    if (from < until) {
      const u8* data = pages_.fetch_run(run.extent, blob.birth, run.size, run.checksum);
      std::memcpy(out + (from - offset), data + (from - run.offset), until - from);
    }
    return run.offset + run.size < end;
  });
  const u64 tail_start = blob.run_bytes();
  if (end > tail_start) {
    const u64 from = std::max(offset, tail_start);
    std::memcpy(out + (from - offset), blob.tail.data() + (from - tail_start), end - from);
  }
}

}  // namespace sapwood::tree
