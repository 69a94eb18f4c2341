#include "tests/support/operation.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/bytes.h"
#include "tests/support/type_samples.h"

namespace sapwood::test {

const char* operation_name(OperationKind kind) {
  constexpr std::array<const char*, kOperationKinds> kNames{
      "put",       "erase",         "erase_range",    "insert",     "push_back",    "set",        "pop",
      "extend",    "bulk_load",     "update",         "assign",     "erase_if",     "combine",    "clear",
      "drop",      "rename",        "read",           "savepoint",  "roll_back_to", "release",    "commit",
      "roll_back", "take_snapshot", "check_snapshot", "checkpoint", "sync",         "big_commit", "verify",
      "reopen",    "toggle_named",  "compact",        "nest"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string describe(const Operation& operation) {
  constexpr std::array<const char*, 3> kDurabilities{"sync", "async", "none"};
  std::string text = operation_name(operation.kind);
  if (operation.kind == OperationKind::commit) {
    return text + " " + kDurabilities.at(static_cast<std::size_t>(operation.durability));
  }
  if (operation.automatic) text += " (automatic)";
  text += " " + known_collections().at(operation.collection % known_collections().size()).name;
  return text + " place " + std::to_string(operation.place) + " size " + std::to_string(operation.size);
}

Mix usual_mix() {
  Mix mix;
  using enum OperationKind;
  mix[put] = 300;
  mix[erase] = 130;
  mix[erase_range] = 10;
  mix[insert] = 160;
  mix[push_back] = 60;
  mix[set] = 60;
  mix[pop] = 30;
  mix[extend] = 10;
  mix[bulk_load] = 1;
  mix[update] = 60;
  mix[assign] = 20;
  mix[erase_if] = 3;
  mix[combine] = 20;
  mix[clear] = 1;
  mix[drop] = 1;
  mix[rename] = 2;
  mix[read] = 100;
  mix[savepoint] = 8;
  mix[roll_back_to] = 4;
  mix[release] = 4;
  mix[commit] = 60;
  mix[roll_back] = 6;
  mix[take_snapshot] = 6;
  mix[check_snapshot] = 6;
  mix[checkpoint] = 3;
  mix[sync] = 3;
  mix[big_commit] = 1;
  mix[verify] = 2;
  mix[reopen] = 1;
  mix[toggle_named] = 2;
  mix[compact] = 1;
  mix[nest] = 100;
  return mix;
}

Operation random_operation(Rng& random, const Mix& mix) {
  u64 at = below(random, std::accumulate(mix.weights.begin(), mix.weights.end(), u64{0}));
  Operation operation;
  for (std::size_t kind = 0; kind < kOperationKinds; ++kind) {
    if (at < mix.weights[kind]) {
      operation.kind = static_cast<OperationKind>(kind);
      break;
    }
    at -= mix.weights[kind];
  }
  operation.collection = static_cast<u8>(below(random, mix.collections));
  operation.automatic = below(random, 100) < mix.automatic_percent;
  const u64 durability = below(random, 100);
  if (durability < mix.async_percent) operation.durability = Durability::async;
  else if (durability < mix.async_percent + mix.none_percent) operation.durability = Durability::none;
  operation.place = random();
  operation.size = random();
  operation.seed = random();
  return operation;
}

const std::vector<KnownCollection>& known_collections() {
  using enum ValueType;
  const auto list = [](ValueType value) { return CollectionTypes{CollectionKind::list, none, value}; };
  const auto map = [](ValueType key, ValueType value) {
    return CollectionTypes{CollectionKind::sorted_map, key, value};
  };
  static const std::vector<KnownCollection> kAll{
      {"words", list(string)},
      {"names", map(string, string)},
      {"files", {CollectionKind::dict, string, bytes}},
      {"seen", {CollectionKind::set, bytes, none}},
      {"numbers", list(int64)},
      {"squares", map(int64, int64)},
      {"spectra", map(float64, bytes)},
      {"weights", list(float64)},
      {"blobs", list(bytes)},
      {"raw", map(bytes, float64)},
      {"index", map(string, int64)},
      {"labels", map(int64, string)},
      {"terms", {CollectionKind::sorted_set, string, none}},
      {"cubes", {CollectionKind::dict, int64, float64}},
      {"primes", {CollectionKind::set, int64, none}},
      {"times", {CollectionKind::sorted_set, float64, none}},
      {"pages", {CollectionKind::dict, float64, string}},
      {"sections", {CollectionKind::sorted_map, TypeInfo::tuple({string, int64}), string}},
      {"notes", {CollectionKind::dict, string, any}},
      {"ids", {CollectionKind::dict, uuid, datetime}},
      {"moments", map(datetime, json)},
      {"sums", {CollectionKind::sorted_set, int128, none}},
      {"steps", map(int32, uint64)},
      {"flags", list(boolean)},
      {"atoms", {CollectionKind::list, none, Codec<Atom>::type}},
      {"degrees", {CollectionKind::list, none, Codec<Celsius>::type}},
      {"rows", Records<std::string>::types},
      {"events", map(int64, float64), {.time_index = true, .expiry = true}},
      {"records", {CollectionKind::dict, string, bytes}, {.time_index = true, .expiry = true, .compression = 3}},
      {"lines", list(string), {.compression = 1}},
  };
  return kAll;
}

namespace {

// Text of `size` bytes that starts with the number; the same for the same arguments.
std::string filler(u64 size, u64 seed) {
  std::string text(size, '\0');
  u64 state = seed | 1;
  for (std::size_t i = 0; i < text.size(); i += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(text.data() + i, &state, std::min<std::size_t>(8, text.size() - i));
  }
  return text;
}

// A mixture: short, medium with long common prefixes, and up to the longest that is allowed.
std::string text_key(u64 number, const Scale& scale) {
  const std::string digits = std::to_string(number * 2654435761u % 1000003);
  if (number == 7) return "";
  if (number % 13 == 0) return std::string(scale.max_key() - number % 3 - digits.size(), 'p') + digits;
  if (number % 11 == 0) return digits + std::string(number % (scale.max_key() - digits.size()), '\xff');
  if (number % 3 == 0) return "common/prefix/of/some/length/" + digits;
  return std::string(1, static_cast<char>(number % 251)) + digits;
}

// Few sections, with zeros in their names, and one of them long.
std::tuple<std::string, i64> tuple_key(u64 number) {
  std::string section(number % 4, '\0');
  section += number % 17 == 0 ? std::string(40, 's') : std::to_string(number % 7);
  return {section, static_cast<i64>(number * 0x9e3779b97f4a7c15u) >> (number % 60)};
}

// Of all sizes.
i64 integer_key(u64 number) { return static_cast<i64>(number * 0x9e3779b97f4a7c15u) >> (number % 60); }

Uuid uuid_key(u64 number) {
  Uuid uuid;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<u8>(number * (i + 3) >> (i % 5));
  std::memcpy(uuid.bytes.data() + 8, &number, sizeof number);
  return uuid;
}

double double_key(u64 number) {
  if (number == 3) return std::numeric_limits<double>::quiet_NaN();
  if (number == 4) return -std::numeric_limits<double>::infinity();
  return (static_cast<double>(number) - 150) * 0.75;
}

// A document of all kinds; `text` is some of it.
AnyValue any_value(std::string text, u64 seed) {
  AnyMap map;
  map.entries.emplace_back("text", AnyValue(std::move(text)));
  map.entries.emplace_back("number", static_cast<i64>(seed) >> (seed % 64));
  map.entries.emplace_back(AnyTuple{{seed % 3, "key"}}, AnyList{{seed % 2 == 0, std::monostate(), 0.5}});
  if (seed % 4 == 0) return DateTime{static_cast<i64>(seed)};
  if (seed % 4 == 1) return AnyList{{AnyValue(std::move(map)), Uuid{}, seed}};
  return map;
}

template <class T>
std::string encoded_key(T key) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_key(key, scratch));
}

// A document with the text in it, as hexadecimal digits.
std::string json_value(const std::string& text, u64 seed) {
  std::string json = "{\"seed\": " + std::to_string(seed) + ", \"text\": \"";
  for (const char c : text) json += "0123456789abcdef"[static_cast<u8>(c) % 16];
  return json + "\"}";
}

// Up to ten fields, or many more, with the text in the last; one row in eight is a placeholder.
std::string row_value(std::string text, u64 seed) {
  if (seed % 8 == 0) return "";
  Records<std::string>::Row row;
  for (u64 i = 0, count = seed % 64 == 1 ? 200 : seed % 11; i < count; ++i) row[field_name(seed + i)] = "short";
  if (!row.empty()) row.rbegin()->second = std::move(text);
  return std::string(detail::EncodedRow<std::string>(row));
}

// Of types that have a width; empty for others.
std::string fixed_value(const TypeInfo& type, u64 seed) {
  switch (type.type) {
    case ValueType::boolean: return std::string(1, static_cast<char>(seed % 2));
    case ValueType::int64:
    case ValueType::uint64:
    case ValueType::datetime: return filler(8, seed);
    case ValueType::structure: return filler(type.width, seed);
    case ValueType::float64: {
      Codec<double>::Scratch scratch;
      return std::string(Codec<double>::encode_value(static_cast<double>(static_cast<i64>(seed)) / 3, scratch));
    }
    default: return "";
  }
}

}  // namespace

std::string field_name(u64 number) {
  if (number % 37 == 0) return std::string(number % 5, '\n');
  return "field " + std::to_string(number % 300);
}

Scale scale_of(const Scale& scale, const CollectionTypes& types) {
  Scale own = scale;
  if (types.is_hashed()) own.key_quarters = 3;
  return own;
}

std::string make_key(const TypeInfo& type, u64 place, const Scale& scale) {
  const u64 number = place % scale.keys;
  switch (type.type) {
    case ValueType::int32: return encoded_key(static_cast<std::int32_t>(integer_key(number)));
    case ValueType::int64: return encoded_key(integer_key(number));
    case ValueType::int128: return encoded_key(Int128{integer_key(number)} * static_cast<i64>(number));
    case ValueType::uuid: return encoded_key(uuid_key(number));
    case ValueType::datetime: return encoded_key(DateTime{integer_key(number)});
    case ValueType::float64: return encoded_key<double>(double_key(number));
    case ValueType::tuple: return encoded_key(tuple_key(number));
    default: return text_key(number, scale);
  }
}

std::string make_value(const TypeInfo& type, u64 size, u64 seed, const Scale& scale) {
  if (type == ValueType::none) return "";
  if (type.row) return row_value(filler(size % 16 == 1 ? size / 16 % scale.max_value : size % 48, seed), seed);
  if (std::string fixed = fixed_value(type, seed); !fixed.empty()) return fixed;
  // Mostly short; one in 16 around the page; one in 64 of any size.
  u64 length = size % 48;
  if (size % 16 == 1) length = size / 16 % (scale.page_size * 2);
  if (size % 64 == 2) length = size / 64 % (scale.max_value + 1);
  std::string text = filler(std::min(length, scale.max_value), seed);
  if (type == ValueType::json) return json_value(text, seed);
  if (type != ValueType::any) return text;
  Codec<AnyValue>::Scratch scratch;
  return std::string(Codec<AnyValue>::encode_value(any_value(std::move(text), seed), scratch));
}

}  // namespace sapwood::test
