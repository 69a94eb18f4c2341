#include "db/lost_entries.h"

#include <span>

#include "collections/any_codec.h"
#include "collections/hex.h"
#include "collections/types.h"
#include "collections/utf8.h"
#include "sapwood/any_value.h"

namespace sapwood::db {

std::string key_text(const TypeInfo& type, Bytes key) {
  constexpr std::size_t kMost = 200;
  try {
    if (type.type == ValueType::string) {
      if (key.size() <= kMost && collections::is_utf8(key)) return "'" + std::string(key) + "'";
    } else if (type.type != ValueType::bytes) {
      std::string whole(key);  // a bound between pages is cut off where it differs
      if (whole.size() < collections::width_of(type)) whole.resize(collections::width_of(type));
      return format_value(type, collections::decode_as<true>(type, whole));
    }
  } catch (const Error&) {  // the start of a key
  }
  const Bytes start = key.substr(0, kMost);
  return "bytes " + collections::to_hex(std::as_bytes(std::span(start))) + (key.size() > kMost ? "..." : "");
}

std::string gap_text(const CollectionTypes& types, const tree::Gap& gap) {
  if (!types.has_keys()) {
    const u64 last = gap.first + (gap.entries == 0 ? 0 : gap.entries - 1);
    return "positions " + std::to_string(gap.first) + " to " + std::to_string(last);
  }
  if (types.is_hashed()) return "keys that are neighbours by hash";
  if (!gap.low && !gap.high) return "all keys";
  std::string text = "keys";
  if (gap.low) text += " from " + key_text(types.key, *gap.low);
  if (gap.high) text += " to before " + key_text(types.key, *gap.high);
  return text;
}

std::string entry_text(const CollectionTypes& types, u64 position, Bytes key) {
  return types.has_keys() ? "key " + key_text(types.key, key) : "position " + std::to_string(position);
}

std::string reason_of(std::string_view message) { return std::string(message.substr(0, message.find("; "))); }

}  // namespace sapwood::db
