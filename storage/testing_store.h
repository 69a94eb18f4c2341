// For tests of the engine: numbered values and a few blobs, on pages of a very simple kind, with their redo operations.
//
// The root page holds entries of 16 bytes {page u64, birth u32, 0}: first kBlobs blob pages, then leaves of
// kValuesALeaf values (0: absent) each. A blob page lists its extents, 24 bytes each: {start u64, pages u32, size u32,
// checksum u32, 0}.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "storage/engine.h"

namespace sapwood::storage::testing {

inline constexpr u32 kBlobs = 4;
inline constexpr u32 kValuesALeaf = 8;

inline u32 root_entries(u32 page_size) { return std::min<u32>((page_size - kPageHeaderSize) / 16, 250); }
inline u64 value_limit(u32 page_size) { return u64{root_entries(page_size) - kBlobs} * kValuesALeaf; }

// What is stored, as the tests' model has it.
struct State {
  std::map<u64, u64> values;
  std::map<u32, std::string> blobs;
  bool operator==(const State&) const = default;
};

inline PageRef load_ref(const u8* at) { return PageRef{PageNo{load<u64>(at)}, load<u32>(at + 8)}; }
inline void store_ref(u8* at, PageRef ref) {
  store<u64>(at, to_u64(ref.page));
  store<u32>(at + 8, ref.birth);
}
template <class Byte>
Byte* root_entry(Byte* root, u32 number) {
  return root + kPageHeaderSize + 16 * number;
}

// Calls visit(extent, size, checksum) for each extent of a blob page.
template <class Visit>
void for_each_extent(const u8* page, Visit visit) {
  for (u32 i = 0; i < PageHeader::count(page); ++i) {
    const u8* p = page + kPageHeaderSize + 24 * i;
    visit(Extent{PageNo{load<u64>(p)}, load<u32>(p + 8)}, load<u32>(p + 12), load<u32>(p + 16));
  }
}

inline void verify_test_node(const u8* page, u32 page_size, PageNo number) {
  const PageType type = PageHeader::type(page);
  check_format(type == PageType::branch || type == PageType::leaf, number, "it is of no kind that tests use");
  check_format(PageHeader::count(page) <= (page_size - kPageHeaderSize) / 24, number, "too many extents");
}

// Everything in one version.
inline State read_state(const PageReader& pages, const CatalogRoot& catalog) {
  State state;
  if (catalog.root.page == kNoPage) return state;
  const u8* root = pages.fetch(catalog.root);
  check_format(PageHeader::type(root) == PageType::branch, catalog.root.page, "not a root");
  for (u32 entry = 0; entry < root_entries(pages.page_size()); ++entry) {
    const PageRef ref = load_ref(root_entry(root, entry));
    if (ref.page == kNoPage) continue;
    const u8* page = pages.fetch(ref);
    check_format(PageHeader::type(page) == PageType::leaf, ref.page, "not a leaf");
    if (entry < kBlobs) {
      std::string& blob = state.blobs[entry];
      for_each_extent(page, [&](Extent extent, u32 size, u32 checksum) {
        blob.append(reinterpret_cast<const char*>(pages.fetch_run(extent, ref.birth, size, checksum)), size);
      });
      continue;
    }
    for (u32 i = 0; i < kValuesALeaf; ++i) {
      const u64 value = load<u64>(page + kPageHeaderSize + 8 * i);
      if (value != 0) state.values[u64{entry - kBlobs} * kValuesALeaf + i] = value;
    }
  }
  check_format(state.values.size() == catalog.count, catalog.root.page, "the count is wrong");
  return state;
}

// Changes in a write transaction. With `logged` they are recorded for redo.
class Editor {
 public:
  Editor(WriteTransaction& txn, bool logged) : txn_(txn), logged_(logged) {}
  explicit Editor(WriteTransaction& txn) : Editor(txn, true) {}

  // `value` 0 erases; a leaf that is empty then is freed.
  void put(u64 index, u64 value) {
    log('p', index, value, {});
    u8* root = edit_root();
    u8* entry = root_entry(root, kBlobs + static_cast<u32>(index / kValuesALeaf));
    PageRef ref = load_ref(entry);
    if (ref.page == kNoPage && value == 0) return;
    u8* leaf = ref.page == kNoPage ? txn_.create(ref, PageType::leaf, 0, 1) : txn_.edit(ref);
    store_ref(entry, ref);
    u8* at = leaf + kPageHeaderSize + 8 * (index % kValuesALeaf);
    txn_.catalog().count += static_cast<u64>(value != 0) - static_cast<u64>(load<u64>(at) != 0);
    store<u64>(at, value);
    if (value != 0 || !is_empty(leaf)) return;
    txn_.free(ref);
    store_ref(entry, PageRef{});
  }

  void erase_blob(u32 number) {
    log('e', number, 0, {});
    free_blob(root_entry(edit_root(), number));
  }

  void put_blob(u32 number, const std::string& data) {
    u8* entry = root_entry(edit_root(), number);
    free_blob(entry);
    PageRef ref;
    u8* page = txn_.create(ref, PageType::leaf, 0, 1);
    std::vector<ValueRun> runs;
    for (u64 at = 0; at < data.size();) {
      const u64 left = data.size() - at;
      const Extent extent = txn_.allocate_run(static_cast<u32>((left + txn_.page_size() - 1) / txn_.page_size()));
      const u32 size = static_cast<u32>(std::min<u64>(left, u64{extent.pages} * txn_.page_size()));
      txn_.write_run(extent, data.data() + at, size);
      u8* p = page + kPageHeaderSize + 24 * runs.size();
      store<u64>(p, to_u64(extent.start));
      store<u32>(p + 8, extent.pages);
      store<u32>(p + 12, size);
      store<u32>(p + 16, run_checksum(data.data() + at, size));
      runs.push_back({extent, size, load<u32>(p + 16)});
      at += size;
    }
    PageHeader::set_count(page, static_cast<u32>(runs.size()));
    store_ref(entry, ref);
    txn_.value_written(runs);
    const WriteTransaction::ReferredRuns referred =
        logged_ ? txn_.refer_to_value(data.size()) : WriteTransaction::ReferredRuns{};
    if (referred.count == 0) return log('b', number, 0, data);
    log('r', number, referred.first << 32 | referred.count, {});
  }

  State read() const { return read_state(txn_.reader(), txn_.catalog()); }

 private:
  static bool is_empty(const u8* leaf) {
    for (u32 i = 0; i < kValuesALeaf; ++i) {
      if (load<u64>(leaf + kPageHeaderSize + 8 * i) != 0) return false;
    }
    return true;
  }

  u8* edit_root() {
    PageRef& root = txn_.catalog().root;
    return root.page == kNoPage ? txn_.create(root, PageType::branch, 1, 1) : txn_.edit(root);
  }

  void free_blob(u8* entry) {
    const PageRef ref = load_ref(entry);
    if (ref.page == kNoPage) return;
    const u8* page = txn_.reader().fetch(ref);
    for_each_extent(page, [&](Extent extent, u32, u32) { txn_.free_run(extent, ref.birth); });
    txn_.free(ref);
    store_ref(entry, PageRef{});
  }

  void log(char kind, u64 number, u64 value, const std::string& data) {
    if (!logged_) return;
    std::string operation(1 + 8 + 8 + 8, kind);
    store<u64>(operation.data() + 1, number);
    store<u64>(operation.data() + 9, value);
    store<u64>(operation.data() + 17, data.size());
    txn_.record([&](std::string& to) { to += operation + data; });
  }

  WriteTransaction& txn_;
  bool logged_;
};

class TestContents final : public Contents {
 public:
  VerifyNode verify_node() const override { return &verify_test_node; }

  void begin_replay(WriteTransaction& txn) override { txn_ = &txn; }
  void replay(Bytes operations, const ValueRuns& runs) override {
    Editor editor(*txn_, false);
    while (!operations.empty()) {
      check_format(operations.size() >= 25, kNoPage, "an operation is cut off");
      const u64 number = load<u64>(operations.data() + 1);
      const u64 value = load<u64>(operations.data() + 9);
      const u64 size = load<u64>(operations.data() + 17);
      check_format(operations.size() >= 25 + size, kNoPage, "an operation is cut off");
      const char kind = operations[0];
      if (kind == 'p') editor.put(number, value);
      if (kind == 'e') editor.erase_blob(static_cast<u32>(number));
      if (kind == 'r') editor.put_blob(static_cast<u32>(number), runs.read(value >> 32, value & ~u32{0}));
      if (kind == 'b') editor.put_blob(static_cast<u32>(number), std::string(operations.substr(25, size)));
      operations.remove_prefix(25 + size);
      txn_->release_memory();
    }
  }
  void end_replay() override { txn_ = nullptr; }
  void relocate(WriteTransaction&, PageNo) override {}  // they stay where they are

  void walk(const PageReader& pages, const Descriptor& version,
            const std::function<void(Extent pages, u32 birth)>& visit) override {
    const CatalogRoot& catalog = version.catalog;
    if (catalog.root.page == kNoPage) return;
    visit(Extent{catalog.root.page, 1}, catalog.root.birth);
    const u8* root = pages.fetch(catalog.root);
    for (u32 entry = 0; entry < root_entries(pages.page_size()); ++entry) {
      const PageRef ref = load_ref(root_entry(root, entry));
      if (ref.page == kNoPage) continue;
      visit(Extent{ref.page, 1}, ref.birth);
      if (entry >= kBlobs) continue;
      for_each_extent(pages.fetch(ref), [&](Extent extent, u32, u32) { visit(extent, ref.birth); });
    }
  }
  bool walk_sound(const PageReader& pages, const Descriptor& version,
                  const std::function<void(Extent pages, u32 birth)>& visit) override {
    try {
      walk(pages, version, visit);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

 private:
  WriteTransaction* txn_ = nullptr;
};

}  // namespace sapwood::storage::testing
