#include "collections/entry_form.h"

#include "collections/any_codec.h"

namespace sapwood::collections {

bool has_form(const TypeInfo& type) {
  return type.type == ValueType::json || type.type == ValueType::any || type.type == ValueType::tuple;
}

void check_form(const TypeInfo& type, Bytes bytes) {
  if (type.type == ValueType::json) return check_json(bytes);
  if (has_form(type)) decode_as<true>(type, bytes);
}

}  // namespace sapwood::collections
