#include "collections/contents.h"

#include <algorithm>

#include "collections/entry_form.h"
#include "collections/stored_key.h"
#include "collections/types.h"
#include "tree/check.h"
#include "tree/cursor.h"
#include "tree/relocate.h"

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

void CollectionContents::relocate(storage::WriteTransaction& txn, PageNo end) {
  tree::TreeRoot root = to_tree_root(txn.catalog());
  std::string buffer;
  for (const u64 id : CatalogReader(txn.reader(), root).ids()) {
    std::optional<CatalogRecord> record = CatalogReader(txn.reader(), root).find(id);
    if (record && tree::relocate_pages(txn, record->shape, record->root, end)) {
      CatalogWriter(txn, root).store(*record, buffer);
    }
  }
  tree::relocate_pages(txn, catalog_shape(), root, end);
  txn.catalog() = to_catalog_root(root);
}

void CollectionContents::walk(const storage::PageReader& pages, const storage::CatalogRoot& catalog,
                              const std::function<void(storage::Extent pages, u32 birth)>& visit) {
  const CatalogReader reader(pages, to_tree_root(catalog));
  tree::walk_pages(reader.tree(), visit);
  reader.for_each(
      [&](CatalogRecord&& record) { tree::walk_pages(tree::TreeReader(pages, record.shape, record.root), visit); });
}

namespace {

// What the tree cannot know of its entries: widths (fixed leaves cannot be wrong), forms, and hashes.
void check_entries(const tree::TreeReader& tree, const CatalogRecord& record, const std::string& name,
                   std::vector<std::string>& findings) {
  const bool hashed = record.types.is_hashed();
  const u32 key_width = record.shape.fixed ? 0 : width_of(record.types.key);
  const u32 value_width = record.shape.fixed ? 0 : width_of(record.types.value);
  const bool reads_values = has_form(record.types.value);
  if (!hashed && key_width == 0 && value_width == 0 && !has_form(record.types.key) && !reads_values) return;
  std::string value;
  tree::Cursor cursor(tree);
  for (cursor.seek_first(); cursor.valid(); cursor.next()) {
    Bytes key = record.types.has_keys() ? cursor.key() : Bytes();
    const Bytes stored = key;
    u64 value_size = cursor.value().size();
    const bool is_long = is_long_key(record.shape, tree.pages().page_size(), key);
    if (is_long || reads_values) cursor.value().read(value);
    Bytes value_bytes = value;
    if (is_long) {
      const LongEntry entry = split_long_entry(value, record.name);
      key = entry.key;
      value_bytes = entry.value;
      value_size = entry.value.size();
    } else {
      key = short_key(record.shape, key, record.name);
    }
    try {
      check_form(record.types.key, key);
      if (reads_values) check_form(record.types.value, value_bytes);
    } catch (const Error& error) {
      findings.push_back(name + ": entry " + std::to_string(cursor.index()) + ": " + error.what());
      return;
    }
    if ((key_width != 0 && key.size() != key_width) || (value_width != 0 && value_size != value_width)) {
      findings.push_back(name + ": entry " + std::to_string(cursor.index()) + " is not as wide as its type");
      return;
    }
    if (hashed && Bytes(StoredKey(tree, key)) != stored) {
      findings.push_back(name + ": entry " + std::to_string(cursor.index()) + " does not stand where its hash says");
      return;
    }
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
      std::string finding = what + ": " + error.what();
      if (std::ranges::find(findings, finding) == findings.end()) findings.push_back(std::move(finding));
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
    if (findings.size() == before) guarded(name, [&] { check_entries(tree, *record, name, findings); });
  }
  if (progress && !progress(done, pages_in_all)) throw Error(ErrorCode::cancelled, "check was cancelled");
}

}  // namespace sapwood::collections
