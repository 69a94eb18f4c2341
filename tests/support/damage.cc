#include "tests/support/damage.h"

#include <algorithm>

#include "collections/catalog.h"
#include "collections/stored_key.h"
#include "storage/damaged_file.h"
#include "tests/support/model.h"
#include "tests/support/sim.h"
#include "tree/check.h"
#include "tree/descent.h"
#include "tree/salvage.h"

namespace sapwood::test {
namespace {

std::vector<Entry> sorted(std::vector<Entry> entries) {
  std::ranges::sort(entries);
  return entries;
}

void require_included(const std::string& name, std::vector<Entry> some, std::vector<Entry> all, const char* what) {
  some = sorted(std::move(some));
  all = sorted(std::move(all));
  std::vector<Entry> missing;
  std::ranges::set_difference(some, all, std::back_inserter(missing));
  if (missing.empty()) return;
  throw Disagreement("'" + name + "': " + std::to_string(missing.size()) + " entries " + what + ", such as key '" +
                     missing.front().first + "' with " + std::to_string(missing.front().second.size()) + " bytes");
}

// Where the entries of a tree are.
std::vector<PlacedEntry> place_entries(const storage::PageReader& pages, const collections::CatalogRecord& record) {
  std::vector<PlacedEntry> placed;
  storage::PageSet seen(pages.page_count());
  const auto take_leaf = [&](const tree::LeafNode& leaf, PageNo number, u64) {
    if (number == kNoPage) number = PageNo{pages.place_of(record.root.leaf.data()).offset / pages.page_size()};
    for (u32 i = 0; i < leaf.count(); ++i) {
      const tree::StoredValue stored = leaf.value(i);
      PlacedEntry& one = placed.emplace_back();
      one.pages.insert(to_u64(number));
      const tree::ValueView view = tree::make_value(stored, pages, record.shape.tree_id);
      view.read(one.entry.second);
      if (stored.kind == tree::ValueKind::blob) {
        tree::BlobReference blob;
        tree::parse_blob_reference(stored.bytes, pages.page_size(), blob);
        tree::for_each_run(pages, record.shape.tree_id, blob, 0, [&](const tree::BlobRun& run) {
          for (u64 p = 0; p < run.extent.pages; ++p) one.pages.insert(to_u64(run.extent.start) + p);
          return true;
        });
        if (blob.extents == 0) {
          tree::walk_pages(tree::TreeReader(pages, tree::chunk_tree_shape(record.shape.tree_id), blob.chunks),
                           [&](storage::Extent extent, u32) { one.pages.insert(to_u64(extent.start)); });
        }
      }
      if (!record.types.has_keys()) continue;
      std::string buffer;
      const Bytes key = leaf.key(i, buffer);
      if (collections::is_long_key(record.shape, pages.page_size(), key)) {
        const std::string both = one.entry.second;
        const collections::LongEntry entry = collections::split_long_entry(both, record.name);
        one.entry = {std::string(entry.key), std::string(entry.value)};
      } else {
        one.entry.first = collections::short_key(record.shape, key, record.name);
      }
    }
  };
  tree::salvage_tree(tree::TreeReader(pages, record.shape, record.root), seen,
                     {.leaf = take_leaf,
                      .gap = [](const tree::Gap& gap) { throw Disagreement("the original is damaged: " + gap.why); }});
  return placed;
}

}  // namespace

Original::Original(os::SimDisk& disk) : bytes_(disk.contents(kDamagedPath)) {
  const storage::DamagedFile file(disk, kDamagedPath, &tree::verify_node);
  page_size_ = file.geometry().page_size;
  first_page_ = file.geometry().first_page;
  const collections::CatalogReader catalog(file.pages(), collections::to_tree_root(file.meta()->catalog));
  catalog.for_each([&](collections::CatalogRecord&& record) {
    std::vector<PlacedEntry> entries = place_entries(file.pages(), record);
    collections_[record.id] = {record.name, record.types, std::move(entries)};
  });
}

bool Original::is_bitmap(u64 page) const {
  const storage::Geometry geometry(static_cast<u32>(page_size_));
  return page >= first_page_ && geometry.is_bitmap(PageNo{page});
}

void Original::judge(os::SimDisk& disk, const std::string& path, const std::set<u64>& damaged) const {
  Options options = sim_options(disk, 512);
  options.mode = OpenMode::read;
  Database database = Database::open(path, options);
  for (const std::string& finding : database.check()) throw Disagreement("the new file is unsound: " + finding);
  const ReadTxn snapshot = database.read();
  const bool bitmaps_hit = std::ranges::any_of(damaged, [this](u64 page) { return is_bitmap(page); });
  if (bitmaps_hit && damaged.size() > 1) {
    dump(snapshot);
    return;
  }
  u64 known = 0;
  for (const auto& [id, collection] : collections_) {
    std::string name = collection.name;
    if (!snapshot.has(name)) name = "lost-" + std::to_string(id);
    std::vector<Entry> wanted;
    std::vector<Entry> all;
    for (const PlacedEntry& one : collection.entries) {
      all.push_back(one.entry);
      const bool whole = std::ranges::none_of(one.pages, [&](u64 page) { return damaged.contains(page); });
      if (whole) wanted.push_back(one.entry);
    }
    std::vector<Entry> found;
    if (snapshot.has(name)) {
      const std::unique_ptr<Face> face = any_face(snapshot.any(name));
      found = face->entries(0, face->size(), false);
      ++known;
    }
    const std::vector<Entry> in_order = found;
    require_included(name, found, all, "were not in the old file");
    require_included(name, wanted, found, "are missing");
    if (damaged.empty() && !collection.types.has_keys() && in_order != all)
      throw Disagreement("'" + name + "' is out of order");
  }
  if (known != snapshot.collections().size()) throw Disagreement("collections that were not in the old file");
}

std::set<u64> damage_page(std::string& bytes, u64 page_size, u64 page, Damage kind, Rng& random) {
  char* const at = bytes.data() + page * page_size;
  switch (kind) {
    case Damage::zeros: std::fill_n(at, page_size, '\0'); return {page};
    case Damage::junk: std::generate_n(at, page_size, [&] { return static_cast<char>(random()); }); return {page};
    case Damage::bit_flip: at[below(random, page_size)] ^= static_cast<char>(1 << below(random, 8)); return {page};
    case Damage::swap: break;
  }
  const u64 other = below(random, bytes.size() / page_size);
  std::swap_ranges(at, at + page_size, bytes.data() + other * page_size);
  return {page, other};
}

}  // namespace sapwood::test
