#include "collections/contents.h"

#include <algorithm>

#include "collections/check_nested.h"
#include "collections/entry_form.h"
#include "collections/nested_value.h"
#include "collections/snapshots.h"
#include "collections/stored_key.h"
#include "collections/time_index.h"
#include "collections/types.h"
#include "storage/findings.h"
#include "storage/page_set.h"
#include "tree/check.h"
#include "tree/cursor.h"
#include "tree/relocate.h"

namespace sapwood::collections {

storage::VerifyNode CollectionContents::verify_node() const { return &tree::verify_node; }

namespace {

// The value of an operation that refers to runs; `buffer` keeps its bytes.
Bytes referred_value(const Operation& operation, const storage::ValueRuns& runs, std::string& buffer) {
  const InRuns& in = *operation.in_runs;
  buffer = runs.read(in.first, in.count);
  buffer += operation.value;
  if (in.size > buffer.size()) {
    throw Error(ErrorCode::corrupt, "redo log: a value is longer than the runs that hold it; restore a backup");
  }
  return Bytes(buffer).substr(buffer.size() - in.size);
}

}  // namespace

void CollectionContents::begin_replay(storage::WriteTransaction& txn) { session_.emplace(txn, false); }

void CollectionContents::replay(Bytes operations, const storage::ValueRuns& runs) {
  while (!operations.empty()) {
    Operation operation = decode_operation(operations);
    std::string value;
    if (operation.in_runs) operation.value = referred_value(operation, runs, value);
    session_->apply(operation);
  }
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

namespace {

// Visits what only named snapshots refer to: what is not in `seen` yet. The newest goes first, since older ones share
// most with it.
void walk_snapshots(const storage::PageReader& pages, const storage::Descriptor& version, storage::PageSet& seen,
                    const tree::VisitPages& visit) {
  const std::vector<NamedSnapshot> snapshots = list_snapshots(pages, version);
  for (auto snapshot = snapshots.rbegin(); snapshot != snapshots.rend(); ++snapshot) {
    walk_version(pages, snapshot->version.catalog, [&](storage::Extent extent, u32 birth, tree::PageUse) {
      if (seen.contains(extent.start)) return false;
      seen.add(extent);
      visit(extent, birth);
      return true;
    });
  }
}

}  // namespace

void CollectionContents::walk(const storage::PageReader& pages, const storage::Descriptor& version,
                              const tree::VisitPages& visit) {
  const auto enter = [&visit](storage::Extent extent, u32 birth, tree::PageUse) { return visit(extent, birth), true; };
  if (version.kept == 0) return walk_version(pages, version.catalog, enter);
  storage::PageSet seen(pages.page_count());
  const tree::VisitPages visit_newest = [&](storage::Extent extent, u32 birth) {
    seen.add(extent);
    visit(extent, birth);
  };
  walk_version(pages, version.catalog,
               [&](storage::Extent extent, u32 birth, tree::PageUse) { return visit_newest(extent, birth), true; });
  tree::walk_pages(snapshot_table(pages, version), visit_newest);
  walk_snapshots(pages, version, seen, visit);
}

bool CollectionContents::walk_sound(const storage::PageReader& pages, const storage::Descriptor& version,
                                    const tree::VisitPages& visit) {
  bool all = true;
  const auto guarded = [&all](const auto& step) {
    try {
      step();
    } catch (const Error&) {
      all = false;
    }
  };
  storage::PageSet seen(version.kept == 0 ? 0 : pages.page_count());
  const tree::VisitPages visit_newest = [&](storage::Extent extent, u32 birth) {
    visit(extent, birth);
    if (version.kept != 0) guarded([&] { seen.add(extent); });
  };
  const CatalogReader reader(pages, to_tree_root(version.catalog));
  std::vector<u64> ids;
  guarded([&] { tree::walk_pages(reader.tree(), visit_newest); });
  guarded([&] { ids = reader.ids(); });
  for (const u64 id : ids) {
    guarded([&] {
      const std::optional<CatalogRecord> record = reader.find(id);
      if (record) tree::walk_pages(tree::TreeReader(pages, record->shape, record->root), visit_newest);
    });
  }
  if (version.kept == 0) return all;
  guarded([&] { tree::walk_pages(snapshot_table(pages, version), visit_newest); });
  guarded([&] { walk_snapshots(pages, version, seen, visit); });
  return all;
}

namespace {

// The indexes of a collection in that version, if it has them.
struct Indexes {
  Indexes(const CatalogReader& catalog, const CatalogRecord& record)
      : times(find(catalog, record.form.time_index, "its index of times")),
        expiry(find(catalog, record.form.expiry_index, "its index of expiry")) {}

  static std::optional<tree::TreeReader> find(const CatalogReader& catalog, u64 id, const char* what) {
    if (id == 0) return std::nullopt;
    const std::optional<CatalogRecord> index = catalog.find(id);
    if (!index) throw Error(ErrorCode::corrupt, std::string("it has lost ") + what);
    return tree::TreeReader(catalog.tree().pages(), index->shape, index->root);
  }

  std::optional<tree::TreeReader> times;
  std::optional<tree::TreeReader> expiry;
};

// What is wrong with an entry that the tree cannot know of: its widths (fixed leaves cannot be wrong), form and hash.
// Empty if nothing is.
class EntryCheck {
 public:
  EntryCheck(const CollectionTree& tree, const CatalogRecord& record, const Indexes& indexes, NestedCheck& nested)
      : tree_(tree),
        record_(record),
        indexes_(indexes),
        nested_(nested),
        key_width_(record.shape.fixed ? 0 : width_of(record.types.key)),
        value_width_(record.shape.fixed ? 0 : width_of(record.types.value)),
        reads_values_(has_form(record.types.value) || may_be_collections(record.types.value) ||
                      !record.form.is_plain()) {}

  bool is_needed() const {
    return record_.types.is_hashed() || key_width_ != 0 || value_width_ != 0 || has_form(record_.types.key) ||
           reads_values_;
  }

  // Of those that were looked at: how many will be gone.
  u64 expiring() const { return expiring_; }

  std::string fault(const tree::Cursor& cursor) {
    try {
      return fault_in(cursor);
    } catch (const Error& error) {
      return std::string(": ") + error.what();
    }
  }

 private:
  std::string fault_in(const tree::Cursor& cursor) {
    const Bytes stored = record_.types.has_keys() ? cursor.key() : Bytes();
    const bool is_long = is_long_key(record_.shape, tree_.pages().page_size(), stored);
    if (is_long || reads_values_) cursor.value().read(value_);
    LongEntry entry{Bytes(), value_};
    u64 value_size = cursor.value().size();
    if (is_long) {
      entry = split_long_entry(value_, record_.name);
      value_size = entry.value.size();
    } else {
      entry.key = short_key(record_.shape, stored, record_.name);
    }
    check_form(record_.types.key, entry.key);
    if (reads_values_) {
      const Bytes value = tree_.user_value(entry.value, decoded_);
      check_form(record_.types.value, value);
      value_size = value.size();
    }
    const bool is_wide =
        (key_width_ == 0 || entry.key.size() == key_width_) && (value_width_ == 0 || value_size == value_width_);
    if (!is_wide) return " is not as wide as its type";
    if (may_hold_collections(record_)) {
      const u64 child = child_in(record_.types.value, entry.value);
      if (child != 0 || record_.types.value == ValueType::collection) {
        std::string fault = nested_.note_entry(record_, child);
        if (!fault.empty()) return fault;
      }
    }
    if (record_.types.is_hashed() && Bytes(StoredKey(tree_, entry.key)) != stored)
      return " does not stand where its hash says";
    return indexed_fault(stored, tree_.times_of(entry.value));
  }

  std::string indexed_fault(Bytes tree_key, const StoredTimes& times) {
    if (indexes_.times && !is_indexed(*indexes_.times, tree_key, times.time_us))
      return " is not in the index of times under its time";
    const i64 expires_us = record_.form.expires_at(times);
    if (!indexes_.expiry || expires_us == kNeverUs) return {};
    ++expiring_;
    if (!is_indexed(*indexes_.expiry, tree_key, expires_us)) return " is not in the index of expiry under its moment";
    return {};
  }

  bool is_indexed(const tree::TreeReader& index, Bytes tree_key, i64 time_us) {
    const TimeEntry expected(time_us, tree_key, tree_.pages().key_hash(), tree_.pages().page_size());
    const std::optional<tree::ValueView> found = index.get(expected.key());
    if (!found) return false;
    found->read(indexed_);
    return indexed_ == expected.value();
  }

  const CollectionTree& tree_;
  const CatalogRecord& record_;
  const Indexes& indexes_;
  u64 expiring_ = 0;
  NestedCheck& nested_;
  u32 key_width_;
  u32 value_width_;
  bool reads_values_;
  std::string value_;
  std::string decoded_;
  std::string indexed_;
};

// An index of as many entries as there are to be, among them each of these, has no others.
void check_size(const std::string& index, const tree::TreeReader& tree, u64 expected, const std::string& name,
                std::vector<std::string>& findings) {
  if (tree.size() == expected) return;
  storage::add_finding(findings, name + ": " + index + " holds " + std::to_string(tree.size()) +
                                     " entries, and itself " + std::to_string(expected));
}

// Tells of the first entry that is wrong, and how many are.
void check_entries(const CollectionTree& tree, const CatalogRecord& record, const Indexes& indexes,
                   const std::string& name, NestedCheck& nested, std::vector<std::string>& findings) {
  EntryCheck check(tree, record, indexes, nested);
  if (indexes.times) check_size("its index of times", *indexes.times, tree.size(), name, findings);
  if (!check.is_needed()) return;
  std::string first;
  u64 wrong = 0;
  tree::Cursor cursor(tree);
  for (cursor.seek_first(); cursor.valid(); cursor.next()) {
    const std::string fault = check.fault(cursor);
    if (!fault.empty() && wrong++ == 0) first = "entry " + std::to_string(cursor.index()) + fault;
  }
  if (wrong > 1) first += "; " + std::to_string(wrong - 1) + " more entries are wrong too";
  if (wrong != 0) storage::add_finding(findings, name + ": " + first);
  if (indexes.expiry && wrong == 0) {
    check_size("its index of expiry", *indexes.expiry, check.expiring(), name, findings);
  }
}

std::string name_in_findings(const CatalogRecord& record) {
  if (record.part_of_form)
    return "part " + std::to_string(record.id) + " of collection " + std::to_string(record.parent);
  return std::string(kind_name(record.types.kind)) + " '" + record.name + "'";
}

}  // namespace

void check_collections(const storage::PageReader& pages, const storage::Descriptor& version, TxnId summed,
                       const Progress& progress, u64 pages_in_all, std::vector<std::string>& findings) {
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
      if (std::ranges::find(findings, finding) == findings.end()) storage::add_finding(findings, std::move(finding));
    }
  };

  const storage::CatalogRoot& catalog = version.catalog;
  DictionaryCache dictionaries;  // as they are in this version
  const CatalogReader reader(pages, to_tree_root(catalog));
  tree::CheckedPages checked{storage::PageSet(pages.page_count()), summed};
  tree::check_tree(reader.tree(), "catalog", findings, visit, &checked);
  guarded("catalog", [&] { reader.check(findings); });
  std::vector<u64> ids;
  guarded("catalog", [&] { ids = reader.ids(); });
  const auto record_of = [&](u64 id) -> std::optional<CatalogRecord> {
    try {
      return reader.find(id);
    } catch (const Error&) {  // reader.check() told of it
      return std::nullopt;
    }
  };
  NestedCheck nested(ids);
  for (const u64 id : ids) {
    const std::optional<CatalogRecord> record = record_of(id);
    if (record && !record->part_of_form) nested.note_record(*record);
  }
  for (const u64 id : ids) {
    const std::optional<CatalogRecord> record = record_of(id);
    if (!record) continue;
    const std::string name = name_in_findings(*record);
    const CollectionTree tree(pages, *record, record->root, {.cache = &dictionaries, .catalog = &catalog});
    const std::size_t before = findings.size();
    tree::check_tree(tree, name, findings, visit, &checked);
    if (findings.size() == before) {
      guarded(name, [&] { check_entries(tree, *record, Indexes(reader, *record), name, nested, findings); });
    }
    if (findings.size() != before) nested.note_unsound(*record);
  }
  nested.finish(findings);
  check_snapshots(pages, version, findings, visit, checked);
  if (progress && !progress(done, pages_in_all)) throw Error(ErrorCode::cancelled, "check was cancelled");
}

}  // namespace sapwood::collections
