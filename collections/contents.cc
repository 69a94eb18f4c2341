#include "collections/contents.h"

#include "collections/types.h"
#include "tree/check.h"
#include "tree/cursor.h"

namespace sapwood::collections {

storage::VerifyNode CollectionContents::verify_node() const { return &tree::verify_node; }

void CollectionContents::begin_replay(storage::WriteTransaction& txn) { session_.emplace(txn, false); }

void CollectionContents::replay(Bytes operations) {
  while (!operations.empty()) session_->apply(decode_operation(operations));
}

void CollectionContents::end_replay() {
  session_->flush();
  session_.reset();
}

void CollectionContents::walk(const storage::PageReader& pages, const storage::CatalogRoot& catalog,
                              const std::function<void(storage::Extent pages, u32 birth)>& visit) {
  const CatalogReader reader(pages, to_tree_root(catalog));
  tree::walk_pages(reader.tree(), visit);
  reader.for_each(
      [&](CatalogRecord&& record) { tree::walk_pages(tree::TreeReader(pages, record.shape, record.root), visit); });
}

namespace {

// Keys and values of fixed width in leaves of variable entries: their widths. (Fixed leaves cannot be wrong.)
void check_widths(const tree::TreeReader& tree, const CatalogRecord& record, const std::string& name,
                  std::vector<std::string>& findings) {
  const u32 key_width = width_of(record.types.key);
  const u32 value_width = width_of(record.types.value);
  if (record.shape.fixed || (key_width == 0 && value_width == 0)) return;
  tree::Cursor cursor(tree);
  for (cursor.seek_first(); cursor.valid(); cursor.next()) {
    const bool key_fits = key_width == 0 || cursor.key().size() == key_width;
    if (key_fits && (value_width == 0 || cursor.value().size() == value_width)) continue;
    findings.push_back(name + ": entry " + std::to_string(cursor.index()) + " is not as wide as its type");
    return;
  }
}

}  // namespace

void check_collections(const storage::PageReader& pages, const storage::CatalogRoot& catalog, const Progress& progress,
                       u64 pages_in_all, std::vector<std::string>& findings) {
  u64 done = 0;
  u64 told = 0;
  const tree::VisitPages visit = [&](storage::Extent extent, u32) {
    done += extent.pages;
    if (!progress || done - told < 1024) return;
    told = done;
    if (!progress(done, pages_in_all)) throw Error(ErrorCode::cancelled, "check was cancelled");
  };
  const auto guarded = [&](const std::string& what, const auto& step) {
    try {
      step();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::cancelled) throw;
      findings.push_back(what + ": " + error.what());
    }
  };

  const CatalogReader reader(pages, to_tree_root(catalog));
  tree::check_tree(reader.tree(), "catalog", findings, visit);
  guarded("catalog", [&] { reader.check(findings); });
  std::vector<u64> ids;
  guarded("catalog", [&] { ids = reader.ids(); });
  for (const u64 id : ids) {
    std::optional<CatalogRecord> record;
    try {
      record = reader.find(id);
    } catch (const Error&) {  // reader.check() told of it
    }
    if (!record) continue;
    const std::string name = std::string(kind_name(record->types.kind)) + " '" + record->name + "'";
    const tree::TreeReader tree(pages, record->shape, record->root);
    const std::size_t before = findings.size();
    tree::check_tree(tree, name, findings, visit);
    if (findings.size() == before) guarded(name, [&] { check_widths(tree, *record, name, findings); });
  }
  if (progress && !progress(done, pages_in_all)) throw Error(ErrorCode::cancelled, "check was cancelled");
}

}  // namespace sapwood::collections
