// Values that are collections: docs/format.md, "Keys and values".
#pragma once

#include "collections/catalog.h"
#include "sapwood/error.h"

namespace sapwood::collections {

// Whether values of the type can be collections: only where they have no form.
bool may_be_collections(const TypeInfo& type);
inline bool may_hold_collections(const CatalogRecord& record) {
  return may_be_collections(record.types.value) && record.form.is_plain();
}
// Throws wrong_type, or invalid_argument, if they cannot.
void require_may_hold_collections(const CatalogRecord& record);
// Whether they are: then the record says so from its creation on.
inline bool always_collections(const TypeInfo& type) { return type.type == ValueType::collection && !type.row; }
// The id of the collection that a stored value is; 0 if it is none, or none that can be.
u64 child_in(const TypeInfo& type, Bytes value);
// The same of a value that may be a row: whether a field of it is a collection.
bool holds_child(const TypeInfo& type, Bytes value);
// The bytes of a value of that type that is the collection.
std::string value_of_child(const TypeInfo& type, u64 id);
// The same of an entry of a collection, as the tree holds it. Reads no large value but those behind long keys.
u64 child_of_entry(const CatalogRecord& record, const tree::ValueView& value, bool is_long);

// Throws `code`: corrupt if an entry of `parent` refers to the collection.
[[noreturn]] void throw_no_child(const CatalogRecord& parent, u64 id, ErrorCode code);

// Notes in the record that a value has been put, as it is stored, which may be a collection.
void note_child(CatalogRecord& record, Bytes value);

}  // namespace sapwood::collections
