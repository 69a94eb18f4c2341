#include "db/listing.h"

#include <algorithm>

#include "collections/types.h"
#include "sapwood/error.h"

namespace sapwood::db {

using collections::CatalogRecord;
using collections::options_of;

void throw_no_collection(std::string_view name) {
  throw Error(ErrorCode::not_found, "there is no collection '" + std::string(name) +
                                        "'; a write transaction creates it, collections() lists those that are there");
}

void throw_no_collection(u64 id) {
  throw Error(ErrorCode::not_found, "there is no collection #" + std::to_string(id) + " (any more)");
}

CatalogRecord record_with(const collections::CatalogReader& catalog, u64 id) {
  std::optional<CatalogRecord> found = catalog.find(id);
  if (!found || found->dropped || found->part_of_form || !catalog.is_attached(*found)) throw_no_collection(id);
  return *std::move(found);
}

void check_types(const CatalogRecord& record, const CollectionTypes& types) {
  if (record.types == types) return;
  throw Error(ErrorCode::wrong_type, "'" + record.name + "' is a " + collections::describe(record.types) + ", not a " +
                                         collections::describe(types));
}

std::vector<CollectionInfo> list_collections(const collections::CatalogReader& catalog) {
  std::vector<CatalogRecord> records;
  catalog.for_each_named([&](CatalogRecord&& record) { records.push_back(std::move(record)); });
  return list_collections(std::move(records));
}

std::vector<CollectionInfo> list_collections(std::vector<CatalogRecord> records) {
  std::erase_if(records, [](const CatalogRecord& record) { return record.parent != 0; });
  std::sort(records.begin(), records.end(),
            [](const CatalogRecord& a, const CatalogRecord& b) { return a.name < b.name; });
  std::vector<CollectionInfo> infos;
  infos.reserve(records.size());
  for (CatalogRecord& record : records) {
    infos.push_back({std::move(record.name), record.types, record.root.count, record.id, options_of(record.form)});
  }
  return infos;
}

void count_collections(const collections::CatalogReader& catalog, Info& to) {
  to.collections = catalog.count('n');
  to.dropped_collections = catalog.count('q');
  to.nested_collections = catalog.count('i') - to.collections - to.dropped_collections;
}

}  // namespace sapwood::db
