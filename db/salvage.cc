#include "db/salvage.h"

#include <algorithm>
#include <optional>

#include "collections/handle_state.h"
#include "collections/nested_value.h"
#include "collections/stored_key.h"
#include "collections/utf8.h"
#include "collections/write_state.h"
#include "db/lost_entries.h"
#include "tree/descent.h"
#include "tree/salvage.h"

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
    if (record.dropped) survey_dropped(record);
    survey_collection(pages_, survivor, seen_, told);
    needs_scan |= survivor.deep_gaps != 0;
    if (!record.dropped) survivors_.push_back(std::move(survivor));
  }
  if (needs_scan) {
    orphans_ = tree::find_orphans(file_, seen_, told);
    find_lost_collections(catalog);
  }
  leave_dropped();
}

// Notes what the entries of a collection that waits to be reclaimed are. Its pages are no orphans.
void Salvage::survey_dropped(const CatalogRecord& record) {
  dropped_.insert(record.id);
  if (!record.owns_collections) return;
  std::string key;
  const auto note_children = [&](const LeafNode& leaf, PageNo, u64) {
    for (u32 i = 0; i < leaf.count(); ++i) {
      key.clear();
      const bool is_long =
          record.types.has_keys() && collections::is_long_key(record.shape, pages_.page_size(), leaf.key(i, key));
      try {
        const tree::ValueView value = tree::make_value(leaf.value(i), pages_, record.shape.tree_id);
        dropped_.insert(collections::child_of_entry(record, value, is_long));
      } catch (const Error&) {  // it may come back, under another name
      }
    }
  };
  storage::PageSet walked(file_.page_count());
  tree::salvage_tree(tree::TreeReader(pages_, record.shape, record.root), walked,
                     {.leaf = note_children, .gap = [](const tree::Gap&) {}});
}

// Takes out what lies in collections that wait to be reclaimed.
void Salvage::leave_dropped() {
  if (dropped_.empty()) return;
  std::multimap<u64, u64> children;
  for (const Survivor& survivor : survivors_) {
    if (survivor.record.is_nested()) children.emplace(survivor.record.parent, survivor.record.id);
  }
  std::vector<u64> left(dropped_.begin(), dropped_.end());
  while (!left.empty()) {
    const auto [first, last] = children.equal_range(left.back());
    left.pop_back();
    for (auto child = first; child != last; ++child) {
      if (dropped_.insert(child->second).second) left.push_back(child->second);
    }
  }
  std::erase_if(survivors_,
                [&](const Survivor& one) { return one.record.is_nested() && dropped_.contains(one.record.id); });
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
  if (record->dropped) return;
  Survivor survivor{.record = std::move(*record)};
  CatalogRecord& found = survivor.record;
  if (has_name) found.name = name->second;
  if (has_name) found.parent = 0;
  const tree::TreeRoot old_root = found.root;
  survivor.has_root = find_root(found, orphans);
  std::vector<std::string> lost;
  if (!has_name && !found.is_nested()) lost.emplace_back(old == old_records.end() ? "its name" : "its last name");
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

// The form with the new ids of its parts.
collections::ValueForm Salvage::new_form(const collections::ValueForm& form) const {
  collections::ValueForm made = form;
  for (u64* id : {&made.time_index, &made.expiry_index, &made.dictionaries}) {
    if (*id == 0) continue;
    const auto found = std::ranges::find(survivors_, *id, [](const Survivor& one) { return one.record.id; });
    *id = found == survivors_.end() ? collections::WriteSession::kNewId : found->new_id;
  }
  return made;
}

// Indexes of times and expiry are made anew; dictionaries are of use with what they are the dictionaries of.
bool Salvage::is_copied(const CatalogRecord& record) const {
  if (!record.part_of_form) return true;
  return record.types.key == ValueType::uint64 && record_of(record.parent) == nullptr;
}

// Entries know nested collections by their ids, so if there are any, all keep theirs.
void Salvage::keep_ids() {
  const bool keep = std::ranges::any_of(survivors_, [](const Survivor& one) { return one.record.is_nested(); });
  std::set<u64> used;
  for (Survivor& survivor : survivors_) {
    u64& id = survivor.new_id;
    id = survivor.record.id;
    const bool usable = collections::is_free_tree_id(static_cast<u32>(id)) && id >> 63 == 0;
    if (!keep || !usable || !used.insert(id).second) id = 0;
  }
  u64 last = used.empty() ? 0 : *used.rbegin();
  for (Survivor& survivor : survivors_) {
    if (survivor.new_id != 0) continue;
    while (!collections::is_free_tree_id(static_cast<u32>(++last))) {
    }
    survivor.new_id = last;
  }
}

// Those whose parent is lost, and one of those that lie in each other, get names.
void Salvage::find_parents() {
  std::map<u64, CatalogRecord*> records;
  for (Survivor& survivor : survivors_) records.emplace(survivor.new_id, &survivor.record);
  std::set<u64> reachable;
  for (const auto& [first, record] : records) {
    std::set<u64> way;
    u64 id = first;
    for (CatalogRecord* at = record; at->is_nested() && !reachable.contains(id); id = at->parent, at = records.at(id)) {
      way.insert(id);
      const auto parent = records.find(at->parent);
      const bool lost =
          parent == records.end() || way.contains(at->parent) || !collections::may_hold_collections(*parent->second);
      if (!lost) continue;
      at->parent = 0;
      break;
    }
    reachable.insert(way.begin(), way.end());
  }
  for (const auto& [id, record] : records) {
    if (record->is_nested()) nested_.emplace(id, record->parent);
  }
}

// Those that no entry refers to any more.
void Salvage::name_orphans(const std::shared_ptr<collections::Environment>& to, RepairReport& report) {
  if (nested_.empty()) return;
  collections::WriteState write(to, to->engine().begin_write(std::chrono::milliseconds(-1)));
  write.session().trust_values();
  for (const auto& [id, parent] : nested_) {
    collections::OpenCollection* lost = write.session().find(id);
    if (lost == nullptr) continue;
    const std::string old_name = lost->record.name;
    write.session().adopt_orphan(*lost, free_name(lost->record));
    const auto told = std::ranges::find(report.collections, old_name, &RepairedCollection::name);
    if (told == report.collections.end()) continue;
    told->name = lost->record.name;
    told->losses.push_back({"the entry of the collection that it was in", 0, "damaged"});
  }
  write.commit(Durability::none);
}

void Salvage::copy_to(const std::shared_ptr<collections::Environment>& to, RepairReport& report) {
  report.losses.insert(report.losses.end(), losses_.begin(), losses_.end());
  keep_ids();
  find_parents();
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
    write->session().trust_values();
    const CatalogRecord& record = survivor.record;
    collections::OpenCollection& made =
        record.is_nested()
            ? write->session().create_orphan(record.parent, record.types, survivor.new_id)
            : write->session().create_as(free_name(record), record.types, new_form(record.form), survivor.new_id);
    const detail::Handle handle(std::make_shared<collections::HandleState>(write, made));
    const std::function<void()> told = [&] { tell(given.size(), seen_.size()); };
    const std::span<const Orphan> orphans = tree::orphans_of(orphans_, survivor.record.shape.tree_id);
    report.collections.push_back(
        CollectionSalvage(pages_, survivor, orphans, given, nested_, find_dictionary, told).copy_to(handle));
    write->commit(Durability::none);
  }
  name_orphans(to, report);
}

}  // namespace sapwood::db
