// AnyCollection: encodes and decodes by the types that the catalog says.
#include "sapwood/any.h"

#include <algorithm>
#include <limits>

#include "collections/handle_state.h"
#include "collections/types.h"
#include "sapwood/detail/cursor.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

[[noreturn]] void throw_wrong_type(ValueType wanted, const AnyValue& value) {
  throw Error(ErrorCode::wrong_type, std::string("a ") + type_name(wanted) + " is needed, not the " +
                                         type_name(type_of(value)) + " " + format_value(value));
}

// The value as an integer of type T, if it is one that fits.
template <class T>
T to_integer(ValueType wanted, const AnyValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr && std::in_range<T>(*number)) {
    return static_cast<T>(*number);
  }
  if (const auto* number = std::get_if<std::uint64_t>(&value); number != nullptr && std::in_range<T>(*number)) {
    return static_cast<T>(*number);
  }
  throw_wrong_type(wanted, value);
}

// Integers up to 2^53 are doubles without loss.
double to_double(const AnyValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const std::int64_t number = to_integer<std::int64_t>(ValueType::float64, value);
  if (number > (std::int64_t{1} << 53) || number < -(std::int64_t{1} << 53))
    throw_wrong_type(ValueType::float64, value);
  return static_cast<double>(number);
}

// The bytes of a key or value; they refer to `value` or to the scratch.
template <bool kKey>
class Encoded {
 public:
  Encoded(ValueType type, const AnyValue& value) : bytes_(encode(type, value)) {}
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;
  operator std::string_view() const { return bytes_; }

 private:
  template <class T>
  std::string_view as(typename Codec<T>::View value) {
    if constexpr (kKey) return Codec<T>::encode_key(value, scratch_);
    else return Codec<T>::encode_value(value, scratch_);
  }
  std::string_view encode(ValueType type, const AnyValue& value) {
    switch (type) {
      case ValueType::boolean:
        if (const auto* flag = std::get_if<bool>(&value)) return as<bool>(*flag);
        break;
      case ValueType::int32: return as<std::int32_t>(to_integer<std::int32_t>(type, value));
      case ValueType::int64: return as<std::int64_t>(to_integer<std::int64_t>(type, value));
      case ValueType::uint64: return as<std::uint64_t>(to_integer<std::uint64_t>(type, value));
      case ValueType::float64: return as<double>(to_double(value));
      case ValueType::string:
        if (const auto* text = std::get_if<std::string>(&value)) return as<std::string>(*text);
        break;
      case ValueType::bytes:
        if (const auto* bytes = std::get_if<std::vector<std::byte>>(&value)) return as<std::vector<std::byte>>(*bytes);
        break;
      case ValueType::none:
        if (kKey || std::holds_alternative<std::monostate>(value)) return {};
        break;
    }
    throw_wrong_type(type, value);
  }

  detail::Scratch scratch_;
  std::string_view bytes_;
};
using EncodedKey = Encoded<true>;
using EncodedValue = Encoded<false>;

template <class T, bool kKey>
T decode_as(std::string_view bytes) {
  if constexpr (kKey) return Codec<T>::decode_key(bytes);
  else return Codec<T>::decode_value(bytes);
}

template <bool kKey>
AnyValue decode(ValueType type, std::string_view bytes) {
  switch (type) {
    case ValueType::boolean: return decode_as<bool, kKey>(bytes);
    case ValueType::int32: return std::int64_t{decode_as<std::int32_t, kKey>(bytes)};
    case ValueType::int64: return decode_as<std::int64_t, kKey>(bytes);
    case ValueType::uint64: return decode_as<std::uint64_t, kKey>(bytes);
    case ValueType::float64: return decode_as<double, kKey>(bytes);
    case ValueType::string: return std::string(bytes);
    case ValueType::bytes: return decode_as<std::vector<std::byte>, kKey>(bytes);
    case ValueType::none: break;
  }
  return std::monostate{};
}

// Receives one key or value of a type.
struct Target {
  ValueType type;
  AnyValue value{};
};
template <bool kKey>
detail::Receiver receiver(Target& target) {
  return {&target, [](void* to, std::string_view bytes) {
            Target& found = *static_cast<Target*>(to);
            found.value = decode<kKey>(found.type, bytes);
          }};
}

[[noreturn]] void throw_wrong_kind(const AnyCollection& collection, const char* needed) {
  throw Error(ErrorCode::wrong_type, "'" + collection.name() + "' is a " + collections::describe(collection.types()) +
                                         "; this needs " + needed);
}
void need_keys(const AnyCollection& collection) {
  if (!collection.types().has_keys()) throw_wrong_kind(collection, "a collection with keys");
}
void need_order(const AnyCollection& collection) {
  if (!collection.types().is_sorted()) throw_wrong_kind(collection, "a sorted collection");
}
void need_list(const AnyCollection& collection) {
  if (collection.types().kind != CollectionKind::list) throw_wrong_kind(collection, "a list");
}

// The bounds of a scan as bytes: [low, high), narrowed by the prefix.
class Bounds {
 public:
  Bounds(const CollectionTypes& types, const AnyScan& scan) {
    if (scan.low) low_ = std::string(EncodedKey(types.key, *scan.low));
    if (scan.high) high_ = std::string(EncodedKey(types.key, *scan.high));
    if (!scan.prefix) return;
    if (collections::width_of(types.key) != 0) {
      throw Error(ErrorCode::wrong_type, std::string("keys of type ") + type_name(types.key) + " have no prefixes");
    }
    const std::string prefix(EncodedKey(types.key, *scan.prefix));
    if (!low_ || *low_ < prefix) low_ = prefix;
    const std::string end = detail::prefix_end(prefix);
    if (!end.empty() && (!high_ || end < *high_)) high_ = end;
  }
  detail::KeyInterval interval() const {
    detail::KeyInterval interval;
    if (low_) interval.low = *low_;
    if (high_) interval.high = *high_;
    return interval;
  }

 private:
  std::optional<std::string> low_;
  std::optional<std::string> high_;
};

}  // namespace

std::optional<AnyValue> AnyCollection::get(const AnyValue& key) const {
  need_keys(*this);
  Target value{types().value};
  if (!handle_.get(EncodedKey(types().key, key), receiver<false>(value))) return std::nullopt;
  return std::move(value.value);
}

bool AnyCollection::put(const AnyValue& key, const AnyValue& value) {
  need_keys(*this);
  return handle_.put(EncodedKey(types().key, key), EncodedValue(types().value, value));
}

bool AnyCollection::erase(const AnyValue& key) {
  need_keys(*this);
  return handle_.erase(EncodedKey(types().key, key));
}

std::uint64_t AnyCollection::rank(const AnyValue& key) const {
  need_order(*this);
  return handle_.rank(EncodedKey(types().key, key));
}

std::uint64_t AnyCollection::erase_range(const AnyScan& interval) {
  need_order(*this);
  return handle_.erase(Bounds(types(), interval).interval());
}

void AnyCollection::set(std::uint64_t index, const AnyValue& value) {
  need_list(*this);
  handle_.set(index, EncodedValue(types().value, value));
}

void AnyCollection::insert(std::uint64_t index, const AnyValue& value) {
  need_list(*this);
  handle_.insert(index, EncodedValue(types().value, value));
}

void AnyCollection::push_back(const AnyValue& value) {
  need_list(*this);
  handle_.append(EncodedValue(types().value, value));
}

void AnyCollection::erase_at(std::uint64_t first, std::uint64_t count) {
  need_list(*this);
  handle_.erase_at(first, count);
}

AnyEntry AnyCollection::at(std::uint64_t index) const {
  const CollectionTypes types = this->types();
  Target key{types.key};
  Target value{types.value};
  const bool keyed = types.key != ValueType::none;
  handle_.at(index, keyed ? receiver<true>(key) : detail::Receiver{}, receiver<false>(value));
  return {index, std::move(key.value), std::move(value.value)};
}

detail::Section AnyCollection::section(const AnyScan& scan) const {
  detail::Section section;
  if (types().is_sorted()) {
    const Bounds bounds(types(), scan);
    section = handle_.range(bounds.interval());
  } else if (scan.low || scan.high || scan.prefix) {
    throw Error(ErrorCode::wrong_type,
                "'" + name() + "' is a " + kind_name(types().kind) + ": it has no keys in order to scan between");
  } else {
    section = handle_.all();
  }
  std::uint64_t& from = scan.reversed ? section.last : section.first;
  const std::uint64_t skip = std::min(scan.skip, section.last - section.first);
  from = scan.reversed ? from - skip : from + skip;
  const std::uint64_t size = std::min(scan.limit, section.last - section.first);
  if (scan.reversed) section.first = section.last - size;
  else section.last = section.first + size;
  return section;
}

std::uint64_t AnyCollection::count(const AnyScan& scan) const {
  const detail::Section found = section(scan);
  return found.last - found.first;
}

std::uint64_t AnyCollection::scan(const AnyScan& scan, const std::function<bool(const AnyEntry&)>& visit) const {
  const CollectionTypes types = this->types();
  const detail::Section found = section(scan);
  const std::uint64_t size = found.last - found.first;
  detail::Cursor cursor(found.scan, scan.reversed ? found.last - 1 : found.first);
  for (std::uint64_t done = 0; done < size; ++done) {
    AnyEntry entry{cursor.index(), {}, decode<false>(types.value, cursor.entry().value)};
    if (types.key != ValueType::none) entry.key = decode<true>(types.key, cursor.entry().key);
    if (!visit(entry)) return done + 1;
    cursor.move(scan.reversed ? -1 : 1);
  }
  return size;
}

void AnyCollection::fill(detail::Batch batch, const std::function<std::optional<AnyEntry>()>& next) {
  const CollectionTypes types = this->types();
  while (const std::optional<AnyEntry> entry = next()) {
    batch.add(EncodedKey(types.key, entry->key), EncodedValue(types.value, entry->value));
  }
  batch.finish();
}

void AnyCollection::extend(const std::function<std::optional<AnyEntry>()>& next) {
  const bool is_list = types().kind == CollectionKind::list;
  fill(is_list ? detail::Batch::appending(handle_) : detail::Batch(handle_, detail::Batch::Mode::put), next);
}

void AnyCollection::bulk_load(const std::function<std::optional<AnyEntry>()>& next) {
  fill(detail::Batch(handle_, detail::Batch::Mode::bulk), next);
}

}  // namespace sapwood
