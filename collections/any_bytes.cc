// The encoding of AnyValue. docs/format.md, "Any": a tag, then the body; memcmp gives the order of tags, then bodies.
//
//   tag          body
//   0x00         none: it ends a tuple, list or map
//   0x02         none
//   0x04, 0x05   false, true
//   0x10..0x1f   negative whole number, of 0x20 - tag bytes: the magnitude, big-endian, all bits inverted
//   0x20         0
//   0x21..0x30   positive whole number of tag - 0x20 bytes: the magnitude, big-endian
//   0x38         double                       }
//   0x40, 0x41   string, bytes                } as parts of tuples
//   0x48, 0x50   uuid, datetime               }
//   0x60, 0x61   tuple, list: their elements, then 0x00
//   0x62         map: keys and values in turn, keys strictly ascending, then 0x00
//   0x70         a collection: its id, 8 bytes big-endian; only as the whole value
#include <algorithm>

#include "base/types.h"
#include "sapwood/any_value.h"
#include "sapwood/error.h"
#include "sapwood/tuple.h"

namespace sapwood::detail {
namespace {

// Stored; never renumber.
enum Tag : u8 {
  kEnd = 0x00,
  kNone = 0x02,
  kFalse = 0x04,
  kTrue = 0x05,
  kZero = 0x20,  // of whole numbers
  kDouble = 0x38,
  kString = 0x40,
  kBytes = 0x41,
  kUuid = 0x48,
  kDateTime = 0x50,
  kTuple = 0x60,
  kList = 0x61,
  kMap = 0x62,
  kCollection = 0x70,
};
constexpr std::size_t kMaxInteger = 16;  // bytes

void append_tag(std::string& to, unsigned tag) { to += static_cast<char>(tag); }

template <class T>
void append_tagged(std::string& to, Tag tag, typename Codec<T>::Argument value) {
  append_tag(to, tag);
  append_part<T>(to, value);
}

void append_integer(std::string& to, Int128 value) {
  const Uint128 magnitude = value < 0 ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
  unsigned size = 0;
  while (size < kMaxInteger && magnitude >> (8 * size) != 0) ++size;
  append_tag(to, value < 0 ? kZero - size : kZero + size);
  const Uint128 bits = value < 0 ? ~magnitude : magnitude;
  for (unsigned left = size; left-- != 0;) to += static_cast<char>(static_cast<u8>(bits >> (8 * left)));
}

void append_element(std::string& to, const AnyValue& value, std::size_t depth);

void append_elements(std::string& to, Tag tag, const std::vector<AnyValue>& elements, std::size_t depth) {
  append_tag(to, tag);
  for (const AnyValue& element : elements) append_element(to, element, depth);
}

void append_map(std::string& to, const AnyMap& map, std::size_t depth) {
  struct Entry {
    std::string key;
    const AnyValue* value;
  };
  std::vector<Entry> entries;
  entries.reserve(map.entries.size());
  for (const auto& [key, value] : map.entries) {
    append_element(entries.emplace_back(Entry{{}, &value}).key, key, depth);
  }
  std::ranges::sort(entries, {}, &Entry::key);
  if (std::ranges::adjacent_find(entries, {}, &Entry::key) != entries.end()) {
    throw Error(ErrorCode::invalid_argument, "a map of type any has a key twice");
  }
  append_tag(to, kMap);
  for (const Entry& entry : entries) {
    to += entry.key;
    append_element(to, *entry.value, depth);
  }
}

// The element without the end of tuples, lists and maps.
void append_open(std::string& to, const AnyValue& value, std::size_t depth) {
  struct Append {
    std::string& to;
    std::size_t depth;
    void operator()(std::monostate) const { append_tag(to, kNone); }
    void operator()(bool flag) const { append_tag(to, flag ? kTrue : kFalse); }
    void operator()(std::int64_t number) const { append_integer(to, number); }
    void operator()(std::uint64_t number) const { append_integer(to, number); }
    void operator()(const Int128& number) const { append_integer(to, number); }
    void operator()(double number) const { append_tagged<double>(to, kDouble, number); }
    void operator()(const std::string& text) const { append_tagged<std::string>(to, kString, text); }
    void operator()(const std::vector<std::byte>& bytes) const {
      append_tagged<std::vector<std::byte>>(to, kBytes, bytes);
    }
    void operator()(const Uuid& uuid) const { append_tagged<Uuid>(to, kUuid, uuid); }
    void operator()(const DateTime& time) const { append_tagged<DateTime>(to, kDateTime, time); }
    void operator()(const Json&) const {
      throw Error(ErrorCode::invalid_argument,
                  "JSON text cannot stand in a value of type any; parse_value makes one of it");
    }
    void operator()(const AnyTuple& tuple) const { append_elements(to, kTuple, tuple.parts, depth + 1); }
    void operator()(const AnyList& list) const { append_elements(to, kList, list.items, depth + 1); }
    void operator()(const AnyMap& map) const { append_map(to, map, depth + 1); }
    void operator()(const Nested& nested) const {
      if (depth != 0) {
        throw Error(ErrorCode::invalid_argument,
                    "a collection cannot stand in a list, tuple or map of type any: only as a value of its own");
      }
      append_tagged<std::uint64_t>(to, kCollection, nested.id);
    }
  };
  std::visit(Append{to, depth}, value);
}

bool is_nested(const AnyValue& value) {
  return std::holds_alternative<AnyTuple>(value) || std::holds_alternative<AnyList>(value) ||
         std::holds_alternative<AnyMap>(value);
}

void append_element(std::string& to, const AnyValue& value, std::size_t depth) {
  if (depth == kMaxAnyDepth && is_nested(value)) {
    throw Error(ErrorCode::invalid_argument, "a value of type any is nested more than 64 deep");
  }
  append_open(to, value, depth);
  if (is_nested(value)) append_tag(to, kEnd);
}

// --- Decoding --------------------------------------------------------------------------------------------------------

[[noreturn]] void throw_malformed(const char* what) {
  throw Error(ErrorCode::corrupt, std::string("a stored value of type any ") + what + "; run check on the file");
}

u8 take_tag(Bytes& from) { return static_cast<u8>(take_fixed(from, 1).front()); }

AnyValue narrowest(Int128 number) {
  if (number == static_cast<std::int64_t>(number)) return static_cast<std::int64_t>(number);
  if (number == static_cast<Int128>(static_cast<std::uint64_t>(number))) return static_cast<std::uint64_t>(number);
  return number;
}

AnyValue take_integer(Bytes& from, u8 tag) {
  const bool negative = tag < kZero;
  const Bytes body = take_fixed(from, negative ? kZero - tag : tag - kZero);
  Uint128 bits = negative ? ~Uint128{0} : 0;
  for (const char byte : body) bits = bits << 8 | static_cast<u8>(byte);
  const Uint128 magnitude = negative ? ~bits : bits;
  const Uint128 most = (~Uint128{0} >> 1) + (negative ? 1 : 0);
  if (magnitude > most) throw_malformed("has a whole number of more than 128 bits");
  if (!body.empty() && magnitude >> (8 * (body.size() - 1)) == 0)
    throw_malformed("has a whole number in too many bytes");
  return narrowest(static_cast<Int128>(negative ? Uint128{0} - magnitude : magnitude));
}

double take_double(Bytes& from) {
  const Bytes body = take_fixed(from, Codec<double>::width);
  const double number = Codec<double>::decode_key(body);
  Codec<double>::Scratch again;
  if (Codec<double>::encode_key(number, again) != body) throw_malformed("has a double that is stored otherwise");
  return number;
}

AnyValue take_element(Bytes& from, u8 tag, std::size_t depth);

std::vector<AnyValue> take_elements(Bytes& from, std::size_t depth) {
  std::vector<AnyValue> elements;
  for (u8 tag; (tag = take_tag(from)) != kEnd;) elements.push_back(take_element(from, tag, depth));
  return elements;
}

AnyMap take_map(Bytes& from, std::size_t depth) {
  AnyMap map;
  Bytes last;
  for (;;) {
    const Bytes at = from;
    const u8 tag = take_tag(from);
    if (tag == kEnd) return map;
    AnyValue key = take_element(from, tag, depth);
    const Bytes bytes = at.substr(0, at.size() - from.size());
    if (!map.entries.empty() && bytes <= last) throw_malformed("has a map whose keys are out of order");
    last = bytes;
    const u8 value_tag = take_tag(from);
    map.entries.emplace_back(std::move(key), take_element(from, value_tag, depth));
  }
}

AnyValue take_element(Bytes& from, u8 tag, std::size_t depth) {
  if (tag >= kZero - kMaxInteger && tag <= kZero + kMaxInteger) return take_integer(from, tag);
  if (tag >= kTuple && tag <= kMap && depth == kMaxAnyDepth) throw_malformed("is nested more than 64 deep");
  switch (tag) {
    case kNone: return std::monostate{};
    case kFalse: return false;
    case kTrue: return true;
    case kDouble: return take_double(from);
    case kString: return take_part<std::string>(from);
    case kBytes: return take_part<std::vector<std::byte>>(from);
    case kUuid: return take_part<Uuid>(from);
    case kDateTime: return take_part<DateTime>(from);
    case kTuple: return AnyTuple{take_elements(from, depth + 1)};
    case kList: return AnyList{take_elements(from, depth + 1)};
    case kMap: return take_map(from, depth + 1);
    case kCollection:
      if (depth != 0) throw_malformed("has a collection inside");
      return Nested{take_part<std::uint64_t>(from)};
    default: throw_malformed("has a part of a kind that is not known");
  }
}

}  // namespace

void append_any(std::string& to, const AnyValue& value) { append_element(to, value, 0); }

AnyValue decode_any(std::string_view bytes) {
  const u8 tag = take_tag(bytes);
  AnyValue value = take_element(bytes, tag, 0);
  require_end(bytes);
  return value;
}

std::string any_prefix(const AnyValue& first) {
  const bool is_text =
      std::holds_alternative<std::string>(first) || std::holds_alternative<std::vector<std::byte>>(first);
  if (!is_text && !std::holds_alternative<AnyTuple>(first) && !std::holds_alternative<AnyList>(first)) {
    throw Error(ErrorCode::wrong_type, "only strings, bytes, tuples and lists have prefixes, not the " +
                                           std::string(type_name(type_of(first))) + " " + format_value(first));
  }
  std::string bytes;
  append_open(bytes, first, 0);
  if (is_text) bytes.resize(bytes.size() - 2);  // without the end of an escaped string
  return bytes;
}

}  // namespace sapwood::detail
