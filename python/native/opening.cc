#include "python/native/opening.h"

#include "collections/types.h"
#include "python/native/any.h"

namespace sapwood::python {

CollectionTypes Wanted::types() const {
  const CollectionTypes shape{kind, ValueType::none, ValueType::none};
  CollectionTypes types = shape;
  if (shape.has_keys()) types.key = key ? key->info() : TypeInfo(ValueType::any);
  if (shape.has_values()) types.value = value ? value->info() : TypeInfo(ValueType::any);
  if (kind == CollectionKind::records) types.value = types.value.as_row();
  return types;
}

Wanted wanted(const std::string& name, const std::string& kind, std::optional<Type> key, std::optional<Type> value,
              bool timestamps, bool time_index, std::int64_t time_to_live_us, bool expiry, int compression) {
  if (compression < 0 || compression > 19) throw nb::value_error("compression is a level of zstd, 1 to 19; 0: none");
  CollectionOptions options;
  options.timestamps = timestamps;
  options.time_index = time_index;
  options.time_to_live = std::chrono::microseconds(time_to_live_us);
  options.expiry = expiry;
  options.compression = static_cast<std::uint8_t>(compression);
  return {name, kind_of_name(kind), std::move(key), std::move(value), options};
}

void check_types(const AnyCollection& found, const Wanted& wanted) {
  const CollectionTypes types = found.types();
  CollectionTypes expected = wanted.types();
  if (!wanted.key) expected.key = types.key;
  if (!wanted.value) expected.value = types.value;
  if (types == expected) return;
  const bool is_other_kind = types.kind != wanted.kind;
  throw Error(ErrorCode::wrong_type,
              "'" + wanted.name + "' is a " + collections::describe(types) + ", not a " +
                  (is_other_kind ? std::string(kind_name(wanted.kind)) : collections::describe(expected)));
}

Collection make_collection(std::shared_ptr<Context> context, const AnyCollection& found, const Wanted& wanted,
                           std::shared_ptr<Transaction> transaction) {
  const CollectionTypes types = found.types();
  Type key = wanted.key ? *wanted.key : standard_type(types.key);
  Type value = wanted.value ? *wanted.value : standard_type(types.value);
  if (types.value.row) value = value.as_row();
  return {std::move(context), found, std::move(key), std::move(value), std::move(transaction)};
}

nb::list describe(const std::vector<CollectionInfo>& collections) {
  nb::list found;
  for (const CollectionInfo& info : collections) {
    nb::dict one;
    one["name"] = info.name;
    one["kind"] = kind_name(info.types.kind);
    one["key"] = type_name(info.types.key);
    one["value"] = type_name(info.types.value.of_field());
    one["count"] = info.count;
    one["timestamps"] = info.options.timestamps;
    one["compression"] = static_cast<int>(info.options.compression);
    found.append(one);
  }
  return found;
}

}  // namespace sapwood::python
