#include "db/salvage.h"

#include <algorithm>
#include <optional>

#include "collections/handle_state.h"
#include "collections/stored_key.h"
#include "collections/utf8.h"
#include "collections/write_state.h"
#include "db/lost_entries.h"

namespace sapwood::db {
namespace {

using collections::CatalogRecord;
using storage::PageType;
using tree::LeafNode;
using tree::Order;
using tree::Orphan;

// Whether any entry of the tree has a value of the user's: sets have none.
bool has_values(const storage::PageReader& pages, std::span<const Orphan> orphans, const tree::TreeShape& shape) {
  if (shape.fixed) return shape.value_width != 0;
  std::string key;
  for (const Orphan& orphan : orphans) {
    if (orphan.type != PageType::leaf || orphan.order != shape.order) continue;
    const LeafNode leaf(pages.fetch(orphan.ref), pages.page_size());
    for (u32 i = 0; i < leaf.count(); ++i) {
      key.clear();
      const tree::StoredValue value = leaf.value(i);
      // Of a long key the value holds the key, and after it the user's value; a blob is taken for one of a map.
      if (!collections::is_long_key(shape, pages.page_size(), leaf.key(i, key))) {
        if (!value.bytes.empty()) return true;
      } else if (value.kind == tree::ValueKind::inline_bytes) {
        try {
          if (!collections::split_long_entry(value.bytes, {}).value.empty()) return true;
        } catch (const Error&) {  // told when it is copied
        }
      }
    }
  }
  return false;
}

// The leaf that tells most of the tree's shape: keyed before unkeyed, of variable size before fixed, since large values
// have trees of their own, which are lists of fixed size.
const Orphan* telling_leaf(std::span<const Orphan> orphans) {
  const Orphan* best = nullptr;
  const auto rank = [](const Orphan& one) {
    return (is_keyed(one.order) ? 2 : 0) + (one.type == PageType::leaf ? 1 : 0);
  };
  for (const Orphan& orphan : orphans) {
    if (orphan.level == 0 && (best == nullptr || rank(orphan) > rank(*best))) best = &orphan;
  }
  return best;
}

// As much of the record as pages tell: the types become bytes. nullopt if no leaf is left.
std::optional<CatalogRecord> record_from_pages(const storage::PageReader& pages, u64 id,
                                               std::span<const Orphan> orphans) {
  const Orphan* leaf = telling_leaf(orphans);
  if (leaf == nullptr || !tree::is_known(leaf->order)) return std::nullopt;
  CatalogRecord record;
  record.id = id;
  record.shape.tree_id = static_cast<u32>(id);
  record.shape.order = leaf->order;
  record.shape.fixed = leaf->type == PageType::fixed_leaf;
  if (record.shape.fixed) {
    const u32 widths = tree::page_widths(pages.fetch(leaf->ref));
    record.shape.value_width = static_cast<u16>(widths);
    record.shape.key_width = static_cast<u16>(widths >> 16);
  }
  const bool values = leaf->order == Order::position || has_values(pages, orphans, record.shape);
  switch (leaf->order) {
    case Order::position: record.types.kind = CollectionKind::list; break;
    case Order::key: record.types.kind = values ? CollectionKind::sorted_map : CollectionKind::sorted_set; break;
    case Order::hash: record.types.kind = values ? CollectionKind::dict : CollectionKind::set; break;
  }
  if (record.types.has_keys()) record.types.key = ValueType::bytes;
  if (record.types.has_values()) record.types.value = ValueType::bytes;
  return record;
}

}  // namespace

void Salvage::tell(u64 done, u64 total) {
  constexpr u64 kStep = 256;
  if (!progress_ || calls_++ % kStep != 0) return;
  if (!progress_(done, total)) throw Error(ErrorCode::cancelled, "the repair was cancelled");
}

void Salvage::survey() {
  const std::function<void()> told = [this] { tell(seen_.size(), 0); };
  const CatalogRemains catalog(file_, seen_, told);
  bool needs_scan = !catalog.gaps().empty() || !catalog.unreadable().empty();
  for (const auto& [id, record] : catalog.records()) {
    Survivor survivor{.record = record};
    survey_collection(pages_, survivor, seen_, told);
    needs_scan |= survivor.deep_gaps != 0;
    survivors_.push_back(std::move(survivor));
  }
  if (!needs_scan) return;
  orphans_ = tree::find_orphans(file_, seen_, told);
  find_lost_collections(catalog);
}

// Collections whose records are lost: by names that are left, and by the pages of their trees.
void Salvage::find_lost_collections(const CatalogRemains& catalog) {
  if (catalog.gaps().empty() && catalog.unreadable().empty()) return;
  const OldRecords old_records = read_old_records(file_);
  std::set<u64> ids;
  for (const Orphan& orphan : orphans_) ids.insert(orphan.tree_id);
  for (const auto& [id, name] : catalog.names()) ids.insert(id);
  for (const auto& [id, why] : catalog.unreadable()) ids.insert(id);
  const std::size_t before = survivors_.size();
  for (const u64 id : ids) {
    if (catalog.may_have_lost(id)) add_lost_collection(id, catalog, old_records);
  }
  if (survivors_.size() == before && !catalog.gaps().empty()) {
    losses_.push_back({"collections, if any had their records there", std::nullopt, catalog.why_lost(0)});
  }
}

void Salvage::add_lost_collection(u64 id, const CatalogRemains& catalog, const OldRecords& old_records) {
  const auto name = catalog.names().find(id);
  const bool has_name = name != catalog.names().end();
  const std::span<const Orphan> orphans = tree::orphans_of(orphans_, static_cast<u32>(id));
  const auto old = old_records.find(static_cast<u32>(id));
  std::optional<CatalogRecord> record;
  if (old != old_records.end()) record = old->second;
  else record = record_from_pages(pages_, id, orphans);
  if (!record || (orphans.empty() && !has_name)) {
    if (!has_name && !catalog.unreadable().contains(id)) return;  // pages of nothing
    losses_.push_back({"the collection " + (has_name ? "'" + name->second + "'" : std::to_string(id)), std::nullopt,
                       catalog.why_lost(id)});
    return;
  }
  Survivor survivor{.record = std::move(*record)};
  CatalogRecord& found = survivor.record;
  if (has_name) found.name = name->second;
  const tree::TreeRoot old_root = found.root;
  survivor.has_root = find_root(found, orphans);
  std::vector<std::string> lost;
  if (!has_name) lost.emplace_back(old == old_records.end() ? "its name" : "its last name");
  if (old == old_records.end()) lost.emplace_back("its types");
  const bool same_root = survivor.has_root && old_root.root == found.root.root;
  if (!same_root) lost.emplace_back("how many entries it had");
  std::string what;
  for (const std::string& one : lost) what += (what.empty() ? "" : ", ") + one;
  if (!what.empty()) survivor.lost_of_record = RepairLoss{what, std::nullopt, catalog.why_lost(id)};
  if (survivor.has_root) survey_collection(pages_, survivor, seen_, [this] { tell(seen_.size(), 0); });
  survivors_.push_back(std::move(survivor));
}

// The one page that no other refers to is the tree's root, if no old pages lie about (or the top of what is left).
bool Salvage::find_root(CatalogRecord& record, std::span<const Orphan> orphans) const {
  record.root = {};
  const std::vector<Orphan> tops = tree::topmost(pages_, orphans, record.shape);
  if (tops.size() != 1 || tops.front().maybe_old || tops.front().level >= tree::kMaxHeight) return false;
  record.root.root = tops.front().ref;
  record.root.height = static_cast<u8>(tops.front().level + 1);
  record.root.count = tree::entries_below(pages_, tops.front());
  return true;
}

// The collection's name, or if it is taken or none that can be used, one made of its id.
std::string Salvage::free_name(const CatalogRecord& record) {
  std::string name = record.name;
  const bool usable =
      !name.empty() && name.size() <= collections::max_name_size(pages_.page_size()) && collections::is_utf8(name);
  if (usable && names_.insert(name).second) return name;
  name = "lost-" + std::to_string(record.id);
  while (!names_.insert(name).second) name += "+";
  return name;
}

const CatalogRecord* Salvage::record_of(u64 id) const {
  const auto found = std::ranges::find(survivors_, id, [](const Survivor& one) { return one.record.id; });
  return found == survivors_.end() ? nullptr : &found->record;
}

// An index of times is made anew; dictionaries are of use with what they are the dictionaries of.
bool Salvage::is_copied(const CatalogRecord& record) const {
  if (!record.part_of_form) return true;
  return record.types.key == ValueType::uint64 && record_of(record.parent) == nullptr;
}

void Salvage::copy_to(const std::shared_ptr<collections::Environment>& to, RepairReport& report) {
  report.losses.insert(report.losses.end(), losses_.begin(), losses_.end());
  storage::PageSet given(file_.page_count());
  collections::DictionaryCache dictionaries;
  const FindDictionary find_dictionary = [&](u64 id, u32 number) -> const collections::Dictionary& {
    return dictionaries.find(id, number, [&] {
      const CatalogRecord* record = record_of(id);
      if (record == nullptr) throw Error(ErrorCode::corrupt, "the dictionaries that it was compressed with are lost");
      return collections::read_dictionary(tree::TreeReader(pages_, record->shape, record->root), number, record->name);
    });
  };
  for (const Survivor& survivor : survivors_) {
    if (!is_copied(survivor.record)) continue;
    const auto write =
        std::make_shared<collections::WriteState>(to, to->engine().begin_write(std::chrono::milliseconds(-1)));
    collections::OpenCollection& made = write->session().create(free_name(survivor.record), survivor.record.types,
                                                                collections::options_of(survivor.record.form));
    const detail::Handle handle(std::make_shared<collections::HandleState>(write, made));
    const std::function<void()> told = [&] { tell(given.size(), seen_.size()); };
    const std::span<const Orphan> orphans = tree::orphans_of(orphans_, survivor.record.shape.tree_id);
    report.collections.push_back(
        CollectionSalvage(pages_, survivor, orphans, given, find_dictionary, told).copy_to(handle));
    write->commit(Durability::none);
  }
}

}  // namespace sapwood::db
