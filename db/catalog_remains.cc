#include "db/catalog_remains.h"

#include <algorithm>
#include <array>

#include "db/lost_entries.h"

namespace sapwood::db {
namespace {

using storage::PageHeader;
using tree::Gap;
using tree::LeafNode;

constexpr std::size_t kRecordKey = 9;  // 'i' and the id

// Calls `visit` with the key and value of an entry; the catalog has no large values.
template <class Visit>
void with_entry(const LeafNode& leaf, u32 i, Visit visit) {
  std::string buffer;
  const tree::StoredValue value = leaf.value(i);
  if (value.kind == tree::ValueKind::inline_bytes) visit(leaf.key(i, buffer), value.bytes);
}

}  // namespace

CatalogRemains::CatalogRemains(const storage::DamagedFile& file, storage::PageSet& seen,
                               const std::function<void()>& told)
    : page_size_(file.geometry().page_size) {
  const storage::PageReader pages = file.pages();
  const auto take_entry = [this](const LeafNode& leaf, u32 i) {
    with_entry(leaf, i, [this](Bytes key, Bytes value) { take(key, value); });
  };
  if (file.meta()) {
    const tree::TreeReader catalog(pages, collections::catalog_shape(),
                                   collections::to_tree_root(file.meta()->catalog));
    tree::salvage_tree(catalog, seen,
                       {.leaf =
                            [&](const LeafNode& leaf, PageNo, u64) {
                              for (u32 i = 0; i < leaf.count(); ++i) take_entry(leaf, i);
                            },
                        .gap = [&](const Gap& gap) { gaps_.push_back(gap); }});
  } else {
    gaps_.push_back({.level = tree::kMaxHeight, .why = "the newest copies of the meta are damaged"});
  }
  std::vector<Gap> deep = gaps_;
  std::erase_if(deep, [](const Gap& gap) { return gap.level == 0; });
  if (deep.empty()) return;
  const std::vector<tree::Orphan> orphans = tree::find_orphans(file, seen, told);
  tree::for_each_orphan_entry(pages, tree::orphans_of(orphans, collections::kCatalogTreeId),
                              collections::catalog_shape(), deep,
                              [&](const LeafNode& leaf, u32 i, Bytes, const Gap&) { take_entry(leaf, i); });
}

void CatalogRemains::take(Bytes key, Bytes value) {
  if (key.starts_with('n') && value.size() == 8) {
    names_.emplace(load<u64>(value.data()), key.substr(1));
    return;
  }
  const std::optional<u64> record = collections::record_id(key);
  if (!record) return;
  const u64 id = *record;
  try {
    records_.emplace(id, collections::decode_record(id, value, page_size_));
  } catch (const Error& error) {
    unreadable_.emplace(id, error.what());
  }
}

bool CatalogRemains::may_have_lost(u64 id) const {
  if (records_.contains(id) || !collections::is_free_tree_id(static_cast<u32>(id))) return false;
  if (unreadable_.contains(id)) return true;
  std::string key(kRecordKey, 'i');
  store_be64(key.data() + 1, id);
  const auto after = std::ranges::partition_point(gaps_, [&](const Gap& gap) { return !gap.low || *gap.low <= key; });
  return after != gaps_.begin() && (!std::prev(after)->high || key < *std::prev(after)->high);
}

std::string CatalogRemains::why_lost(u64 id) const {
  const auto found = unreadable_.find(id);
  if (found != unreadable_.end()) return reason_of(found->second);
  return gaps_.empty() ? "it has a name and no record" : reason_of(gaps_.front().why);
}

OldRecords read_old_records(const storage::DamagedFile& file) {
  OldRecords records;
  std::map<u32, u64> births;
  const u32 page_size = file.geometry().page_size;
  file.for_each_node([&](storage::PageRef, const u8* page) {
    const bool is_catalog = PageHeader::tree_id(page) == collections::kCatalogTreeId &&
                            PageHeader::type(page) == storage::PageType::leaf &&
                            tree::page_order(page) == tree::Order::key;
    if (!is_catalog) return;
    const LeafNode leaf(page, page_size);
    const u64 birth = PageHeader::birth(page);
    for (u32 i = 0; i < leaf.count(); ++i) {
      with_entry(leaf, i, [&](Bytes key, Bytes value) {
        const std::optional<u64> id = collections::record_id(key);
        if (!id) return;
        const u32 tree_id = static_cast<u32>(*id);
        if (births.contains(tree_id) && births[tree_id] >= birth) return;
        try {
          records[tree_id] = collections::decode_record(*id, value, page_size);
          births[tree_id] = birth;
        } catch (const Error&) {  // of no use
        }
      });
    }
  });
  return records;
}

}  // namespace sapwood::db
