// Database::metrics: the engine's own figures, and a walk over all trees of a snapshot.
#include "sapwood/metrics.h"

#include <algorithm>
#include <map>

#include "collections/environment.h"
#include "db/listing.h"
#include "db/make_info.h"
#include "sapwood/database.h"
#include "tree/measure.h"

namespace sapwood {
namespace {

using collections::CatalogReader;
using collections::CatalogRecord;
using storage::Extent;

// Every page once, told to `progress` now and then.
class Claims {
 public:
  Claims(u64 page_count, const Progress& progress, u64 pages_in_all)
      : seen_(page_count), progress_(progress), pages_in_all_(pages_in_all) {}

  void claim(Extent pages) {
    const u64 start = to_u64(pages.start);
    storage::check_format(start != 0 && start < seen_.size() && pages.pages <= seen_.size() - start, pages.start,
                          "reference past the end of the file");
    for (u64 page = start; page < start + pages.pages; ++page) {
      storage::check_format(!seen_[page], PageNo{page}, "it is referred to twice");
      seen_[page] = true;
    }
    done_ += pages.pages;
    if (done_ - told_ >= kStep) tell();
  }
  void tell() {
    told_ = done_;
    if (progress_ && !progress_(done_, pages_in_all_))
      throw Error(ErrorCode::cancelled, "collecting metrics was cancelled");
  }
  tree::ClaimPages callback() {
    return [this](Extent pages) { claim(pages); };
  }

 private:
  static constexpr u64 kStep = 1024;
  std::vector<bool> seen_;
  const Progress& progress_;
  u64 pages_in_all_;
  u64 done_ = 0;
  u64 told_ = 0;
};

CollectionMetrics measure(const storage::PageReader& pages, const CatalogRecord& record, Claims& claims) {
  CollectionMetrics metrics;
  metrics.info = {record.name, record.types, record.root.count, record.id, collections::options_of(record.form)};
  metrics.tree = tree::measure_tree(tree::TreeReader(pages, record.shape, record.root), claims.callback());
  return metrics;
}

void add(TreeMetrics& sum, const TreeMetrics& tree) {
  sum.height = std::max(sum.height, tree.height);
  sum.branch_pages += tree.branch_pages;
  sum.leaf_pages += tree.leaf_pages;
  sum.fixed_leaf_pages += tree.fixed_leaf_pages;
  sum.value_pages += tree.value_pages;
  sum.branch_bytes += tree.branch_bytes;
  sum.leaf_bytes += tree.leaf_bytes;
  sum.key_bytes += tree.key_bytes;
  sum.value_bytes += tree.value_bytes;
  sum.value_bytes_in_runs += tree.value_bytes_in_runs;
}

// Of an index or of dictionaries: its pages are the collection's.
void add_part(TreeMetrics& of, const TreeMetrics& part) {
  const u32 height = of.height;
  add(of, part);
  of.height = height;
}

}  // namespace

const char* checkpoint_cause_name(CheckpointCause cause) noexcept {
  switch (cause) {
    case CheckpointCause::asked: return "asked";
    case CheckpointCause::log_full: return "log_full";
    case CheckpointCause::pages_held: return "pages_held";
    case CheckpointCause::commit: return "commit";
  }
  return "unknown";
}

Metrics Database::metrics(const Progress& progress) const {
  storage::Engine& engine = environment().engine();
  Metrics metrics;
  const storage::Engine::Moment moment = engine.measure(metrics);
  const collections::ScopedSnapshot snapshot(engine, moment.snapshot);
  metrics.info = db::make_info(moment.info, engine.read_only());

  const storage::PageReader& pages = snapshot->pages;
  Claims claims(pages.page_count(), progress, metrics.info.live_pages - metrics.bitmap_pages);
  const CatalogReader catalog(pages, collections::to_tree_root(snapshot->descriptor.catalog));
  metrics.catalog = tree::measure_tree(catalog.tree(), claims.callback());
  std::map<std::uint64_t, CollectionMetrics> by_id;  // with their parts, which have higher ids
  catalog.for_each([&](CatalogRecord&& record) {
    const CollectionMetrics measured = measure(pages, record, claims);
    add(metrics.all_collections, measured.tree);
    if (record.dropped) add(metrics.dropped, measured.tree);
    else if (record.part_of_form) add_part(by_id[record.parent].tree, measured.tree);
    else if (record.is_nested()) add(metrics.nested, measured.tree);
    else by_id[record.id] = measured;
  });
  for (auto& [id, measured] : by_id) metrics.collections.push_back(std::move(measured));
  claims.tell();
  db::count_collections(catalog, metrics.info);
  metrics.caches = environment().object_caches().metrics();
  std::ranges::sort(metrics.collections, {}, [](const CollectionMetrics& one) { return one.info.name; });
  return metrics;
}

CollectionMetrics Database::metrics(std::string_view name, const Progress& progress) const {
  const collections::ScopedSnapshot snapshot(environment().engine());
  const CatalogReader catalog(snapshot->pages, collections::to_tree_root(snapshot->descriptor.catalog));
  const std::optional<CatalogRecord> record = catalog.find(name);
  if (!record) db::throw_no_collection(name);
  Claims claims(snapshot->pages.page_count(), progress, 0);
  CollectionMetrics metrics = measure(snapshot->pages, *record, claims);
  for (const u64 id : {record->form.time_index, record->form.dictionaries}) {
    if (const std::optional<CatalogRecord> part = id == 0 ? std::nullopt : catalog.find(id))
      add_part(metrics.tree, measure(snapshot->pages, *part, claims).tree);
  }
  claims.tell();
  return metrics;
}

}  // namespace sapwood
