#include "collections/entry_form.h"

#include "collections/any_codec.h"
#include "collections/row.h"

namespace sapwood::collections {

bool has_form(const TypeInfo& type) {
  return type.row || type.type == ValueType::json || type.type == ValueType::any || type.type == ValueType::tuple;
}

void check_form(const TypeInfo& type, Bytes bytes) {
  if (type.row) return check_row(bytes, type.of_field());
  if (type.type == ValueType::json) return check_json(bytes);
  if (has_form(type)) decode_as<true>(type, bytes);
}

}  // namespace sapwood::collections
