#include "tree/bulk.h"

#include <vector>

#include "base/assert.h"
#include "tree/branch_sequence.h"
#include "tree/keep_value.h"
#include "tree/leaf_sequence.h"

namespace sapwood::tree {

using storage::PageStore;

// The entries of the page being filled, and for each level above the children of the branch being filled.
struct BulkLoader::State {
  State(PageStore& page_store, const TreeShape& tree_shape, TreeRoot& tree_root)
      : store(page_store), shape(tree_shape), root(tree_root), page_size(page_store.page_size()) {}

  struct Pending {
    std::size_t key;  // offsets into `bytes`
    std::size_t value;
    std::size_t end;
    ValueKind kind;
  };

  Bytes key_of(const Pending& entry) const { return Bytes(bytes).substr(entry.key, entry.value - entry.key); }
  Bytes value_of(const Pending& entry) const { return Bytes(bytes).substr(entry.value, entry.end - entry.value); }
  u32 size_of(const Pending& entry, u32 shared) const {
    return entry_bytes(shape.order, static_cast<u32>(entry.value - entry.key),
                       static_cast<u32>(entry.end - entry.value), shared);
  }

  void add_fixed(Bytes key, Bytes value);
  void add_variable(Bytes key, const StoredValue& value);
  void append(Bytes key, const StoredValue& value);
  void flush_leaf();
  void add_child(u32 level, Bytes separator, PageRef child, u64 entries);
  void flush_branch(u32 level, u32 count);

  PageStore& store;
  TreeShape shape;
  TreeRoot& root;
  const u32 page_size;
  u64 count = 0;
  bool owns_runs = false;
  std::string last_key;   // of the entry added last
  std::string separator;  // of the page being filled

  std::vector<Pending> pending;
  std::string bytes;
  u32 prefix = 0;                        // what the keys of `pending` share
  u32 sum = 0;                           // their bytes with that prefix
  std::vector<u8> fixed;                 // the page being filled, of entries of fixed size
  std::vector<BranchSequence> branches;  // [level - 1]
};

BulkLoader::BulkLoader(PageStore& store, const TreeShape& shape, TreeRoot& root)
    : state_(std::make_unique<State>(store, shape, root)) {
  SAPWOOD_ASSERT(root.count == 0 && root.height == 0);
  if (!shape.fixed) return;
  state_->fixed.resize(store.page_size());
  format_node(state_->fixed.data(), shape, 0, store.page_size());
}

BulkLoader::~BulkLoader() = default;

void BulkLoader::add(Bytes key, Bytes value) {
  State& state = *state_;
  const bool keyed = is_keyed(state.shape.order);
  if (!keyed) key = Bytes();
  SAPWOOD_ASSERT(key.size() <= max_key_size(state.page_size));
  if (keyed && state.count != 0 && key <= state.last_key) {
    throw Error(ErrorCode::invalid_argument, "the keys of a bulk load do not ascend: sort them and drop duplicates");
  }
  if (state.shape.fixed) {
    state.add_fixed(key, value);
  } else {
    std::string reference;
    TreeRoot told;
    const u32 key_size = static_cast<u32>(key.size());
    const StoredValue stored = keep_value(state.store, state.shape, told, key_size, value, reference);
    state.owns_runs |= told.owns_runs;
    state.add_variable(key, stored);
  }
  ++state.count;
  if (keyed) state.last_key.assign(key);
}

void BulkLoader::finish() {
  State& state = *state_;
  if (state.count == 0) return;
  state.flush_leaf();
  u32 level = 1;
  for (; level < state.branches.size() || state.branches[level - 1].size() > 1; ++level) {
    state.flush_branch(level, state.branches[level - 1].size());
  }
  state.root = TreeRoot{state.branches[level - 1].child(0), static_cast<u8>(level), state.owns_runs, state.count};
}

void BulkLoader::State::add_fixed(Bytes key, Bytes value) {
  FixedLeafEditor leaf(fixed.data(), page_size);
  if (leaf.count() == leaf.capacity()) {
    flush_leaf();
    if (!key.empty()) separator = shortest_separator(last_key, key);
  }
  leaf.insert(leaf.count(), key, value);
}

void BulkLoader::State::add_variable(Bytes key, const StoredValue& value) {
  const u32 key_size = static_cast<u32>(key.size());
  const u32 shared = pending.empty() ? key_size : common_prefix(key_of(pending[0]), key);
  if (shared < prefix) {
    prefix = shared;
    sum = 0;
    for (const Pending& entry : pending) sum += size_of(entry, prefix);
  }
  const u32 size = entry_bytes(shape.order, key_size, static_cast<u32>(value.bytes.size()), shared);
  if (!pending.empty() && kPageHeaderSize + prefix + sum + size > page_size) {
    flush_leaf();
    if (is_keyed(shape.order)) separator = shortest_separator(last_key, key);
  }
  append(key, value);
}

void BulkLoader::State::append(Bytes key, const StoredValue& value) {
  if (pending.empty()) prefix = static_cast<u32>(key.size());
  const std::size_t start = bytes.size();
  bytes.append(key);
  const std::size_t middle = bytes.size();
  bytes.append(value.bytes);
  pending.push_back({start, middle, bytes.size(), value.kind});
  sum += size_of(pending.back(), prefix);
}

void BulkLoader::State::flush_leaf() {
  PageRef ref;
  u8* page = store.create(ref, leaf_type(shape), 0, shape.tree_id);
  u32 entries = static_cast<u32>(pending.size());
  if (shape.fixed) {
    entries = PageHeader::count(fixed.data());
    copy_node(page, fixed.data(), page_size);
    std::fill(fixed.begin() + kPageHeaderSize, fixed.end(), u8{0});
    PageHeader::set_count(fixed.data(), 0);
  } else {
    LeafSequence sequence(shape, page_size, ref.page);
    for (const Pending& entry : pending) sequence.add({key_of(entry), {value_of(entry), entry.kind}});
    sequence.build(0, entries, page);
    pending.clear();
    bytes.clear();
    sum = 0;
  }
  add_child(1, separator, ref, entries);
  store.release_memory();
}

void BulkLoader::State::add_child(u32 level, Bytes child_separator, PageRef child, u64 entries) {
  if (level >= kMaxHeight) throw Error(ErrorCode::limit, "a tree cannot grow higher");
  if (branches.size() < level) branches.emplace_back(shape, page_size, level, kNoPage);
  branches[level - 1].add(child_separator, child, entries);
  if (!branches[level - 1].filled_by_last()) return;
  flush_branch(level, branches[level - 1].size() - 1);
}

// Writes the first `children` children of the branch being filled to a page; the others stay.
void BulkLoader::State::flush_branch(u32 level, u32 children) {
  PageRef ref;
  u8* page = store.create(ref, PageType::branch, static_cast<u8>(level), shape.tree_id);
  BranchSequence& sequence = branches[level - 1];
  sequence.build(0, children, page);
  const std::string first(sequence.separator(0));
  const u64 entries = sequence.entries(0, children);
  sequence.remove_first(children);
  add_child(level + 1, first, ref, entries);
}

}  // namespace sapwood::tree
