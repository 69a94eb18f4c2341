#include "db/collection_salvage.h"

#include <algorithm>

#include "collections/entry_form.h"
#include "collections/nested_value.h"
#include "collections/stored_key.h"
#include "collections/types.h"
#include "db/lost_entries.h"
#include "sapwood/codec.h"
#include "tree/descent.h"

namespace sapwood::db {
namespace {

using detail::Batch;
using tree::Gap;
using tree::LeafNode;
using tree::Orphan;

constexpr std::size_t kMostLosses = 1000;

void check_width(const TypeInfo& type, Bytes bytes) {
  const u32 width = collections::width_of(type);
  if (width != 0 && bytes.size() != width) sapwood::detail::throw_wrong_width(bytes.size(), width);
}

void require(bool ok, const char* rule) {
  if (!ok) throw Error(ErrorCode::corrupt, rule);
}

}  // namespace

void survey_collection(const storage::PageReader& pages, Survivor& survivor, storage::PageSet& seen,
                       const std::function<void()>& told) {
  const collections::CatalogRecord& record = survivor.record;
  const auto claim_blobs = [&](const LeafNode& leaf, PageNo, u64) {
    told();
    if (record.shape.fixed) return;
    for (u32 i = 0; i < leaf.count(); ++i) {
      const tree::StoredValue value = leaf.value(i);
      if (value.kind != tree::ValueKind::blob) continue;
      try {
        tree::claim_blob(pages, record.shape.tree_id, value.bytes, seen);
      } catch (const Error&) {  // told when it is copied
      }
    }
  };
  tree::salvage_tree(
      tree::TreeReader(pages, record.shape, record.root), seen,
      {.leaf = claim_blobs, .gap = [&](const Gap& gap) { survivor.deep_gaps += gap.level != 0 ? 1 : 0; }});
}

RepairedCollection CollectionSalvage::copy_to(const detail::Handle& to) {
  result_.name = to.name();
  result_.types = types();
  if (survivor_.lost_of_record) result_.losses.push_back(*survivor_.lost_of_record);
  if (types().has_keys()) copy_keyed(to);
  else copy_list(to);
  const bool uses_orphans = survivor_.deep_gaps != 0 || !survivor_.has_root;
  if (uses_orphans && std::ranges::any_of(orphans_, &Orphan::maybe_old)) {
    lose("which entries below damaged pages had been erased", 0, "the bitmap of free pages is damaged too");
  }
  result_.saved = to.size();
  return std::move(result_);
}

void CollectionSalvage::lose(std::string what, std::optional<u64> entries, std::string_view why) {
  result_.lost += entries.value_or(0);
  if (result_.losses.size() == kMostLosses) ++result_.more_losses;
  else result_.losses.push_back({std::move(what), entries, reason_of(why)});
}

tree::SalvageVisitor CollectionSalvage::visitor(Batch& batch, const std::function<void(const Gap&)>& gap) {
  const auto copy_leaf = [this, &batch](const LeafNode& leaf, PageNo, u64 first) {
    for (u32 i = 0; i < leaf.count(); ++i) copy_entry(batch, leaf, i, first + i);
    told_();
  };
  return {.leaf = copy_leaf, .gap = gap};
}

void CollectionSalvage::copy_keyed(const detail::Handle& to) {
  std::vector<Gap> deep;
  if (survivor_.has_root) {
    Batch batch(to, Batch::Mode::bulk);
    ascends_ = types().is_sorted();
    const auto note_gap = [&](const Gap& gap) {
      if (gap.level != 0) deep.push_back(gap);
      else lose(gap_text(types(), gap), gap.entries, gap.why);
    };
    tree::salvage_tree(tree::TreeReader(pages_, record().shape, record().root), given_, visitor(batch, note_gap));
    batch.finish();
    ascends_ = false;
  } else {
    deep.push_back({.level = tree::kMaxHeight});
  }
  if (!deep.empty()) copy_orphan_entries(to, deep);
}

// What lies below the damaged branches, found by the keys.
void CollectionSalvage::copy_orphan_entries(const detail::Handle& to, std::vector<Gap>& gaps) {
  Batch batch(to, Batch::Mode::put);
  std::vector<u64> found(gaps.size());
  tree::for_each_orphan_entry(pages_, orphans_, record().shape, gaps,
                              [&](const LeafNode& leaf, u32 i, Bytes, const Gap& gap) {
                                ++found[static_cast<std::size_t>(&gap - gaps.data())];
                                copy_entry(batch, leaf, i, 0);
                              });
  batch.finish();
  if (!survivor_.has_root) return;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const u64 missing = gaps[i].entries > found[i] ? gaps[i].entries - found[i] : 0;
    if (missing != 0) lose("some " + gap_text(types(), gaps[i]), missing, gaps[i].why);
  }
}

void CollectionSalvage::find_tops() {
  tops_ = tree::topmost(pages_, orphans_, record().shape);
  std::ranges::stable_sort(tops_, std::ranges::greater(), &Orphan::birth);
}

void CollectionSalvage::copy_list(const detail::Handle& to) {
  gaps_left_ = survivor_.deep_gaps;
  if (gaps_left_ != 0 || !survivor_.has_root) find_tops();
  Batch batch = Batch::appending(to);
  if (survivor_.has_root) {
    const auto fill_gap = [&](const Gap& gap) {
      if (gap.level != 0) copy_orphan_items(batch, gap);
      else lose(gap_text(types(), gap), gap.entries, gap.why);
    };
    tree::salvage_tree(tree::TreeReader(pages_, record().shape, record().root), given_, visitor(batch, fill_gap));
  } else {
    gaps_left_ = 1;
    copy_orphan_items(batch, {.level = tree::kMaxHeight, .why = "the root of the list is lost"});
  }
  batch.finish();
}

// What lies below a damaged branch of a list: pages without a parent, of which the newest count where there are more
// than the branch had entries. Their order is a guess, that of their numbers. The last gap takes all that are left.
void CollectionSalvage::copy_orphan_items(Batch& batch, const Gap& gap) {
  const bool takes_rest = --gaps_left_ == 0;
  std::vector<Orphan> chosen;
  std::vector<Orphan> left;
  u64 entries = 0;
  for (const Orphan& top : tops_) {
    const u64 more = tree::entries_below(pages_, top);
    const bool fits = tree::may_be_below(top, gap) && entries + more <= gap.entries;
    const bool is_rest = takes_rest && !(top.maybe_old && survivor_.has_root);
    if (fits) entries += more;
    (fits || is_rest ? chosen : left).push_back(top);
  }
  tops_ = std::move(left);
  std::ranges::sort(chosen, {}, [](const Orphan& top) { return to_u64(top.ref.page); });
  const u64 before = copied_;
  const tree::SalvageVisitor visit = visitor(batch, [this](const Gap& below) {
    const bool is_told = survivor_.has_root || below.level != 0;  // by the count below; by the pages under it
    if (!is_told) lose(gap_text(types(), below), below.entries, below.why);
  });
  Gap place = gap;
  for (const Orphan& top : chosen) {
    place.ref = top.ref;
    place.level = top.level;
    place.entries = tree::entries_below(pages_, top);
    tree::salvage_subtree(pages_, record().shape, place, given_, visit);
    place.first += place.entries;
  }
  const u64 saved = copied_ - before;
  if (saved < gap.entries) lose("some of " + gap_text(types(), gap), gap.entries - saved, gap.why);
  if (chosen.size() > 1) {
    lose("the order of " + std::to_string(saved) + " items from position " + std::to_string(gap.first) + " on", 0,
         gap.why);
  }
}

// A view of the value, or a copy in value_. Throws Error{corrupt}.
Bytes CollectionSalvage::read_value(const tree::StoredValue& stored) {
  const u32 tree_id = record().shape.tree_id;
  if (stored.kind == tree::ValueKind::blob) {
    tree::claim_blob(pages_, tree_id, stored.bytes, given_);
    tree::verify_blob(pages_, tree_id, stored.bytes);
  }
  const tree::ValueView view = tree::make_value(stored, pages_, tree_id);
  if (const std::optional<Bytes> whole = view.in_one_piece()) return *whole;
  view.read(value_);
  return value_;
}

// The user's value in a stored one, and its times. Throws Error{corrupt}.
Bytes CollectionSalvage::take_form(Bytes stored, detail::EntryTimes& times) {
  const collections::ValueForm& form = record().form;
  if (form.is_plain()) return stored;
  const collections::FormedValue value = collections::split_value(form, stored, record().name);
  if (form.timestamps) times.time_us = value.times.time_us;
  if (form.expiry_index != 0) times.expiry_us = value.times.expiry_us;
  if (!value.compressed) return value.payload;
  const u32 number = collections::dictionary_number(value.payload);
  const collections::Dictionary* dictionary = number == 0 ? nullptr : &find_dictionary_(form.dictionaries, number);
  collections::decompress(decompressed_, value.payload, dictionary, record().name);
  return decompressed_;
}

// What the new collection would not take, or its check find. Throws Error.
void CollectionSalvage::check_entry(Bytes key, Bytes value) const {
  check_width(types().key, key);
  check_width(types().value, value);
  collections::check_form(types().key, key);
  collections::check_form(types().value, value);
  require(types().has_values() || value.empty(), "it has a value, and is in a set");
  const u32 most = types().is_hashed() ? collections::kMaxHashedKey : tree::max_key_size(pages_.page_size());
  require(key.size() <= most, "it is too long for a key");
}

// Of a value that is a collection: that survives, and is this one's, and no other entry has it. Throws Error.
void CollectionSalvage::claim_child(Bytes value) {
  if (!collections::may_hold_collections(record())) return;
  const u64 child = collections::child_in(types().value, value);
  if (child == 0 && !collections::always_collections(types().value)) return;
  const auto found = nested_.find(child);
  require(found != nested_.end() && found->second == record().id,
          "the collection that it is, is lost or another one's");
  nested_.erase(found);
}

void CollectionSalvage::copy_entry(Batch& batch, const LeafNode& leaf, u32 i, u64 position) {
  key_.clear();
  const Bytes stored_key = types().has_keys() ? leaf.key(i, key_) : Bytes();
  const bool is_long = collections::is_long_key(record().shape, pages_.page_size(), stored_key);
  Bytes key = stored_key;
  Bytes value;
  detail::EntryTimes times;
  try {
    if (!is_long) key = collections::short_key(record().shape, stored_key, record().name);
    value = read_value(leaf.value(i));
    if (is_long) {
      const collections::LongEntry entry = collections::split_long_entry(value, record().name);
      key = entry.key;
      value = entry.value;
    }
    value = take_form(value, times);
    check_entry(key, value);
    require(!ascends_ || copied_ == 0 || last_key_ < key, "it is not after the key before it");
    claim_child(value);
  } catch (const Error& error) {
    return lose(entry_text(types(), position, key), 1, error.what());
  }
  batch.add(key, value, times);
  ++copied_;
  if (ascends_) last_key_ = key;
}

}  // namespace sapwood::db
