#include "collections/snapshots.h"

#include <algorithm>

#include "base/bytes.h"
#include "collections/catalog.h"
#include "storage/findings.h"
#include "storage/page_set.h"
#include "tree/cursor.h"
#include "tree/leaf_node.h"

namespace sapwood::collections {
namespace {

using storage::CatalogRoot;
using storage::Descriptor;
using storage::PageReader;
using storage::PageRef;
using storage::WriteTransaction;

constexpr std::size_t kTableEntrySize = 20;
constexpr std::size_t kSnapshotSize = 44;

tree::TreeShape table_shape() {
  tree::TreeShape shape;
  shape.tree_id = kSnapshotTreeId;
  shape.order = tree::Order::key;
  return shape;
}

[[noreturn]] void throw_damaged(const std::string& what) {
  throw Error(ErrorCode::corrupt, "snapshots: " + what + "; run check on the file");
}

// What searches take for granted.
void check_table_root(const tree::TreeRoot& root) {
  tree::check_root(root);
  const bool is_empty = root.height == 0;
  if (is_empty != (root.count == 0) || is_empty != (root.root.page == kNoPage)) {
    throw_damaged("a root, its height and its count disagree");
  }
}

std::string encode_table(const tree::TreeRoot& root) {
  std::string bytes(kTableEntrySize, '\0');
  store_u48(bytes.data(), to_u64(root.root.page));
  bytes[6] = static_cast<char>(root.height);
  store<u32>(bytes.data() + 8, root.root.birth);
  store<u64>(bytes.data() + 12, root.count);
  return bytes;
}

std::string encode_version(const Descriptor& version) {
  std::string bytes(kSnapshotSize, '\0');
  char* p = bytes.data();
  store<u64>(p, version.txn);
  store<i64>(p + 8, version.commit_time_us);
  store<u64>(p + 16, version.page_count);
  store<u64>(p + 24, version.catalog.count);
  store_u48(p + 32, to_u64(version.catalog.root.page));
  p[38] = static_cast<char>(version.catalog.height);
  store<u32>(p + 40, version.catalog.root.birth);
  return bytes;
}

Descriptor decode_version(Bytes bytes) {
  if (bytes.size() != kSnapshotSize) throw_damaged("an entry of the table is not as long as it should be");
  const char* p = bytes.data();
  Descriptor version;
  version.txn = load<u64>(p);
  version.commit_time_us = load<i64>(p + 8);
  version.page_count = load<u64>(p + 16);
  version.catalog.count = load<u64>(p + 24);
  version.catalog.root = PageRef{PageNo{load_u48(p + 32)}, load<u32>(p + 40)};
  version.catalog.height = static_cast<u8>(p[38]);
  check_table_root(to_tree_root(version.catalog));
  return version;
}

std::string read_bytes(const tree::ValueView& value) {
  std::string bytes;
  value.read(bytes);
  return bytes;
}

// Puts the table's new root into the catalog; from here on the transaction keeps `kept`.
void store_table(WriteTransaction& txn, const tree::TreeRoot& table, TxnId kept) {
  txn.keep(kept);
  tree::TreeRoot catalog = to_tree_root(txn.catalog());
  tree::TreeWriter writer(txn, catalog_shape(), catalog);
  if (kept != 0) writer.put(kSnapshotTableKey, encode_table(table));
  else writer.erase(kSnapshotTableKey);
  txn.catalog() = to_catalog_root(catalog);
}

}  // namespace

tree::TreeReader snapshot_table(const PageReader& pages, const Descriptor& version) {
  tree::TreeRoot root;
  if (version.kept != 0) {
    const tree::TreeReader catalog(pages, catalog_shape(), to_tree_root(version.catalog));
    const std::optional<tree::ValueView> value = catalog.get(kSnapshotTableKey);
    const std::string bytes = value ? read_bytes(*value) : std::string();
    if (bytes.size() != kTableEntrySize) throw_damaged("the catalog does not tell where their table is");
    root.root = PageRef{PageNo{load_u48(bytes.data())}, load<u32>(bytes.data() + 8)};
    root.height = static_cast<u8>(bytes[6]);
    root.count = load<u64>(bytes.data() + 12);
    check_table_root(root);
  }
  return tree::TreeReader(pages, table_shape(), root);
}

std::vector<NamedSnapshot> list_snapshots(const PageReader& pages, const Descriptor& version) {
  std::vector<NamedSnapshot> all;
  const tree::TreeReader table = snapshot_table(pages, version);
  tree::Cursor cursor(table);
  for (cursor.seek_first(); cursor.valid(); cursor.next()) {
    all.push_back({std::string(cursor.key()), decode_version(read_bytes(cursor.value()))});
  }
  std::ranges::stable_sort(all, {}, [](const NamedSnapshot& snapshot) { return snapshot.version.txn; });
  const TxnId newest = all.empty() ? 0 : all.back().version.txn;
  if (newest != version.kept || (newest != 0 && newest >= version.txn)) {
    throw_damaged("P1: the newest one in the table is not the one that is kept");
  }
  return all;
}

std::optional<NamedSnapshot> find_snapshot(const PageReader& pages, const Descriptor& version, Bytes name) {
  if (name.size() > max_name_size(pages.page_size())) return std::nullopt;
  const std::optional<tree::ValueView> value = snapshot_table(pages, version).get(name);
  if (!value) return std::nullopt;
  return NamedSnapshot{std::string(name), decode_version(read_bytes(*value))};
}

void create_snapshot(WriteTransaction& txn, Bytes name) {
  check_name(name, txn.page_size());
  const Descriptor& base = txn.base();
  tree::TreeRoot table = snapshot_table(txn.reader(), base).root();
  txn.keep(0);  // the table's pages are no snapshot's
  if (!tree::TreeWriter(txn, table_shape(), table).put(name, encode_version(base))) {
    throw Error(ErrorCode::exists, "a snapshot '" + std::string(name) + "' exists already; drop it first");
  }
  store_table(txn, table, base.txn);
}

bool drop_snapshot(WriteTransaction& txn, Bytes name) {
  const Descriptor& base = txn.base();
  std::vector<NamedSnapshot> all = list_snapshots(txn.reader(), base);
  const auto found = std::ranges::find(all, name, &NamedSnapshot::name);
  if (found == all.end()) return false;
  // Found first: what is freed may be used for the pages that are written now.
  std::vector<std::pair<storage::Extent, u32>> held;
  for_each_held_alone(txn.reader(), base, all, static_cast<std::size_t>(found - all.begin()),
                      [&](storage::Extent pages, u32 birth) { held.emplace_back(pages, birth); });
  tree::TreeRoot table = snapshot_table(txn.reader(), base).root();
  all.erase(found);
  txn.use_reserve(WriteTransaction::Reserve::all);
  txn.keep(0);
  tree::TreeWriter(txn, table_shape(), table).erase(name);
  for (const auto& [pages, birth] : held) txn.free_run(pages, birth);
  store_table(txn, table, all.empty() ? 0 : all.back().version.txn);
  txn.use_reserve(WriteTransaction::Reserve::none);
  return true;
}

void walk_version(const PageReader& pages, const CatalogRoot& catalog, const tree::EnterPages& enter) {
  const auto walk_trees = [&](const u8* page) {
    const tree::LeafNode leaf(page, pages.page_size());
    std::string key_buffer;
    for (u32 i = 0; i < leaf.count(); ++i) {
      key_buffer.clear();
      const std::optional<u64> id = record_id(leaf.key(i, key_buffer));
      if (!id) continue;
      const CatalogRecord record = decode_record(*id, leaf.value(i).bytes, pages.page_size());
      tree::walk_pages_where(tree::TreeReader(pages, record.shape, record.root), enter);
    }
  };
  tree::walk_pages_where(tree::TreeReader(pages, catalog_shape(), to_tree_root(catalog)), enter, walk_trees);
}

void check_snapshots(const PageReader& pages, const Descriptor& version, std::vector<std::string>& findings,
                     const tree::VisitPages& visit, tree::CheckedPages& checked) {
  if (version.kept == 0) return;
  try {
    tree::check_tree(snapshot_table(pages, version), "snapshots", findings, visit, &checked);
    const std::vector<NamedSnapshot> all = list_snapshots(pages, version);
    checked.shares = true;
    for (auto snapshot = all.rbegin(); snapshot != all.rend(); ++snapshot) {
      const std::string name = "snapshot '" + snapshot->name + "'";
      const CatalogReader catalog(pages, to_tree_root(snapshot->version.catalog));
      tree::check_tree(catalog.tree(), name, findings, visit, &checked);
      catalog.for_each([&](CatalogRecord&& record) {
        const tree::TreeReader tree(pages, record.shape, record.root);
        tree::check_tree(tree, name + ", '" + record.name + "'", findings, visit, &checked);
      });
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) throw;
    storage::add_finding(findings, error.what());
  }
}

void for_each_held_alone(const PageReader& pages, const Descriptor& version,
                         const std::vector<NamedSnapshot>& snapshots, std::size_t i, const tree::VisitPages& visit) {
  const Descriptor& snapshot = snapshots[i].version;
  const Descriptor& newer = i + 1 < snapshots.size() ? snapshots[i + 1].version : version;
  const Descriptor older = i > 0 ? snapshots[i - 1].version : Descriptor{};
  const bool births_tell = version.txn >> 32 == 0;  // else they are ambiguous
  storage::PageSet shared(pages.page_count());
  if (births_tell) {
    // Where the newer version was not changed since the snapshot, both have the same pages from there down.
    walk_version(pages, newer.catalog, [&](storage::Extent extent, u32 birth, tree::PageUse) {
      if (birth > snapshot.txn) return true;
      shared.add(extent);
      return false;
    });
  } else {
    const auto add = [&](storage::Extent extent, u32, tree::PageUse) {
      return !shared.contains(extent.start) && (shared.add(extent), true);
    };
    walk_version(pages, newer.catalog, add);
    walk_version(pages, older.catalog, add);
  }
  walk_version(pages, snapshot.catalog, [&](storage::Extent extent, u32 birth, tree::PageUse) {
    if (shared.contains(extent.start) || (births_tell && birth <= older.txn)) return false;
    visit(extent, birth);
    return true;
  });
}

}  // namespace sapwood::collections
