// What the ways of opening collections share.
#pragma once

#include <string_view>
#include <vector>

#include "collections/catalog.h"
#include "sapwood/info.h"
#include "sapwood/types.h"

namespace sapwood::db {

[[noreturn]] void throw_no_collection(std::string_view name);
[[noreturn]] void throw_no_collection(std::uint64_t id);
// The record of the collection with that id, named or in another one. Throws Error{not_found}.
collections::CatalogRecord record_with(const collections::CatalogReader& catalog, std::uint64_t id);
// Throws Error{wrong_type} unless the collection has these types.
void check_types(const collections::CatalogRecord& record, const CollectionTypes& types);

// By name.
std::vector<CollectionInfo> list_collections(const collections::CatalogReader& catalog);
std::vector<CollectionInfo> list_collections(std::vector<collections::CatalogRecord> records);
// How many there are: with names, nested, dropped.
void count_collections(const collections::CatalogReader& catalog, Info& to);

}  // namespace sapwood::db
