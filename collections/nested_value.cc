#include "collections/nested_value.h"

#include "base/bytes.h"
#include "collections/stored_key.h"
#include "collections/types.h"
#include "sapwood/any_value.h"
#include "sapwood/detail/rows.h"

namespace sapwood::collections {
namespace {

constexpr u8 kAnyTag = 0x70;  // docs/format.md, "Any"
constexpr std::size_t kIdSize = 8;

}  // namespace

bool may_be_collections(const TypeInfo& type) {
  if (type.row) return false;
  return type.type == ValueType::collection || type.type == ValueType::any;
}

void require_may_hold_collections(const CatalogRecord& record) {
  if (!may_be_collections(record.types.value)) {
    throw Error(ErrorCode::wrong_type, record.who() + " is a " + describe(record.types) +
                                           ": only values of type collection or any can be collections");
  }
  if (!record.form.is_plain()) {
    throw Error(ErrorCode::invalid_argument,
                record.who() + " keeps times of its entries, or compresses them: collections cannot be in it");
  }
}

u64 child_in(const TypeInfo& type, Bytes value) {
  if (type.row) return 0;
  if (type.type == ValueType::collection) return value.size() == kIdSize ? load<u64>(value.data()) : 0;
  if (type.type != ValueType::any || value.size() != 1 + kIdSize || static_cast<u8>(value.front()) != kAnyTag) return 0;
  return load_be64(value.data() + 1);
}

bool holds_child(const TypeInfo& type, Bytes value) {
  if (!type.row) return child_in(type, value) != 0;
  bool found = false;
  const TypeInfo field_type = type.of_field();
  struct Search {
    const TypeInfo& type;
    bool& found;
  } search{field_type, found};
  detail::read_row(value, {&search, [](void* to, const detail::FieldBytes& field) {
                             Search& in = *static_cast<Search*>(to);
                             in.found |= child_in(in.type, field.value) != 0;
                           }});
  return found;
}

std::string value_of_child(const TypeInfo& type, u64 id) {
  std::string value(kIdSize, '\0');
  if (type.type == ValueType::collection) {
    store<u64>(value.data(), id);
  } else {
    store_be64(value.data(), id);
    value.insert(value.begin(), static_cast<char>(kAnyTag));
  }
  return value;
}

u64 child_of_entry(const CatalogRecord& record, const tree::ValueView& value, bool is_long) {
  if (!may_hold_collections(record)) return 0;
  const TypeInfo& type = record.types.value;
  if (is_long) {
    std::string both;
    value.read(both);
    return child_in(type, split_long_entry(both, {}).value);
  }
  return value.is_inline() ? child_in(type, value.inline_bytes()) : 0;
}

void throw_no_child(const CatalogRecord& parent, u64 id, ErrorCode code) {
  const std::string who = parent.who();
  if (code == ErrorCode::corrupt) {
    throw Error(code, who + ": C5: an entry refers to the collection " + name_of_nested(id) +
                          ", which is not there, or another one's; run check on the file");
  }
  throw Error(code, who + " does not hold the collection " + name_of_nested(id) + " (any more)");
}

void note_child(CatalogRecord& record, Bytes value) {
  if (record.owns_collections || !may_hold_collections(record)) return;
  record.owns_collections = child_in(record.types.value, value) != 0;
}

}  // namespace sapwood::collections
