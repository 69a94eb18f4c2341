#include "collections/row.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"
#include "collections/entry_form.h"
#include "collections/types.h"
#include "sapwood/error.h"

namespace sapwood {
namespace collections {
namespace {

constexpr u64 kHashBytes = 4;

[[noreturn]] void throw_damaged(const char* what) {
  throw Error(ErrorCode::corrupt, std::string("a stored row is damaged: ") + what + "; run check on the file");
}

u32 hash_of(Bytes name) { return hash32(name.data(), name.size(), 0); }

}  // namespace

RowReader::RowReader(const tree::ValueView& row) : row_(row), head_(row.head()) {
  if (row.size() == 0) return;
  width_ = static_cast<u8>(head_.front());
  if (!std::has_single_bit(width_) || width_ > 8) throw_damaged("W1: its numbers have no known width");
  if (row.size() < 1 + width_) throw_damaged("W1: it is cut off");
  count_ = number_at(1);
  const u64 per_field = kHashBytes + 2 * width_;
  if (count_ > (row.size() - 1 - width_) / per_field || count_ > ~u32{0}) throw_damaged("W1: its directory is cut off");
  ends_at_ = 1 + width_ + kHashBytes * count_;
  names_at_ = 1 + width_ + per_field * count_;
  const u64 rest = row.size() - names_at_;
  const u64 names = count_ == 0 ? 0 : number_at(names_at_ - 2 * width_);
  const u64 values = count_ == 0 ? 0 : number_at(names_at_ - width_);
  if (names > rest || values != rest - names) throw_damaged("W1: its parts do not have its size");
  values_at_ = names_at_ + names;
}

Bytes RowReader::read(Part part, std::string& buffer) const {
  if (part.offset + part.size <= head_.size()) return head_.substr(part.offset, part.size);
  buffer.resize(part.size);
  row_.read_part(part.offset, buffer.data(), part.size);
  return buffer;
}

u64 RowReader::number_at(u64 offset) const {
  u64 number = 0;
  if (offset + width_ <= head_.size()) [[likely]] {
    const char* at = head_.data() + offset;
    switch (width_) {
      case 1: return static_cast<u8>(*at);
      case 2: return load<u16>(at);
      case 4: return load<u32>(at);
      default: return load<u64>(at);
    }
  }
  row_.read_part(offset, &number, width_);
  return number;
}

u32 RowReader::hash_at(u64 i) const {
  const u64 offset = 1 + width_ + kHashBytes * i;
  if (offset + kHashBytes <= head_.size()) [[likely]]
    return load<u32>(head_.data() + offset);
  u32 hash = 0;
  row_.read_part(offset, &hash, kHashBytes);
  return hash;
}

// The first field whose hash is not less. Hashes are spread evenly, so it is near its share of the fields.
u64 RowReader::lower_bound(u32 hash) const {
  const u64 share = u64{hash} * count_ >> 32;
  u64 low = 0;
  u64 high = count_;
  for (u64 step = 16; step < count_; step *= 2) {
    const u64 first = share > step ? share - step : 0;
    const u64 last = std::min(share + step, count_);
    const bool below = first == 0 || hash_at(first - 1) < hash;
    const bool above = last == count_ || hash_at(last) >= hash;
    if (below) low = std::max(low, first);
    if (above) high = std::min(high, last);
    if (below && above) break;
  }
  while (low < high) {
    const u64 middle = low + (high - low) / 2;
    if (hash_at(middle) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

RowReader::Part RowReader::part(u64 i, u32 which, u64 start) const {
  const u64 at = ends_at_ + (2 * i + which) * width_;
  const u64 begin = i == 0 ? 0 : number_at(at - 2 * width_);
  const u64 end = number_at(at);
  const u64 limit = which == 0 ? values_at_ - names_at_ : row_.size() - values_at_;
  if (begin > end || end > limit) throw_damaged("W1: the ends of its fields descend");
  return {start + begin, end - begin};
}

Bytes RowReader::name(u64 i, std::string& buffer) const { return read(part(i, 0, names_at_), buffer); }
Bytes RowReader::value(u64 i, std::string& buffer) const { return read(part(i, 1, values_at_), buffer); }

std::optional<u64> RowReader::find(Bytes name) const {
  const u32 hash = hash_of(name);
  std::string buffer;
  for (u64 i = lower_bound(hash); i < count_ && hash_at(i) == hash; ++i) {
    const Part stored = part(i, 0, names_at_);
    if (stored.size == name.size() && read(stored, buffer) == name) return i;
  }
  return std::nullopt;
}

void check_row(Bytes row, const TypeInfo& field) {
  const RowReader reader((tree::ValueView(row)));
  if (reader.is_placeholder()) return;
  std::vector<FieldBytes> fields;
  std::string unused;
  const u32 width = width_of(field);
  for (u64 i = 0; i < reader.count(); ++i) {
    const FieldBytes& one = fields.emplace_back(FieldBytes{reader.name(i, unused), reader.value(i, unused)});
    if (width != 0 && one.value.size() != width) throw_damaged("W3: a field is not as wide as its type");
    if (has_form(field)) check_form(field, one.value);
  }
  std::string again;
  try {
    detail::encode_row(again, fields);
  } catch (const Error&) {
    throw_damaged("W2: a name is too long, or there twice");
  }
  if (again != row) throw_damaged("W2: its fields are out of order");
}

}  // namespace collections

namespace detail {

using collections::RowReader;

namespace {

struct PlacedField {
  u32 hash;
  FieldBytes field;
};

std::vector<PlacedField> in_order(std::span<const FieldBytes> fields) {
  std::vector<PlacedField> placed;
  placed.reserve(fields.size());
  for (const FieldBytes& field : fields) {
    if (field.name.size() > kMaxFieldName) {
      throw Error(ErrorCode::too_long, "the name of a field has " + std::to_string(field.name.size()) +
                                           " bytes; the limit is " + std::to_string(kMaxFieldName));
    }
    placed.push_back({collections::hash_of(field.name), field});
  }
  std::ranges::sort(placed, [](const PlacedField& a, const PlacedField& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.field.name < b.field.name;
  });
  const auto same = [](const PlacedField& a, const PlacedField& b) { return a.field.name == b.field.name; };
  if (const auto twice = std::ranges::adjacent_find(placed, same); twice != placed.end())
    throw Error(ErrorCode::invalid_argument, "a row has the field '" + std::string(twice->field.name) + "' twice");
  return placed;
}

char* put_number(char* to, u64 number, u64 width) {
  std::memcpy(to, &number, width);
  return to + width;
}

char* put_bytes(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

void encode_row(std::string& to, std::span<const FieldBytes> fields) {
  const std::vector<PlacedField> placed = in_order(fields);
  u64 names = 0;
  u64 values = 0;
  for (const FieldBytes& field : fields) {
    names += field.name.size();
    values += field.value.size();
  }
  const u64 most = std::max({u64{placed.size()}, names, values});
  const u64 width = most < 1 << 8 ? 1 : most < 1 << 16 ? 2 : most < u64{1} << 32 ? 4 : 8;
  to.resize(1 + width + placed.size() * (collections::kHashBytes + 2 * width) + names + values);
  char* at = put_number(to.data(), width, 1);
  at = put_number(at, placed.size(), width);
  for (const PlacedField& one : placed) at = put_number(at, one.hash, collections::kHashBytes);
  names = values = 0;
  for (const PlacedField& one : placed) {
    at = put_number(at, names += one.field.name.size(), width);
    at = put_number(at, values += one.field.value.size(), width);
  }
  for (const PlacedField& one : placed) at = put_bytes(at, one.field.name);
  for (const PlacedField& one : placed) at = put_bytes(at, one.field.value);
}

bool read_row(std::string_view row, FieldReceiver receiver) {
  const RowReader reader((tree::ValueView(row)));
  if (reader.is_placeholder()) return false;
  std::vector<FieldBytes> fields;
  fields.reserve(reader.count());
  std::string unused;
  for (u64 i = 0; i < reader.count(); ++i) fields.push_back({reader.name(i, unused), reader.value(i, unused)});
  std::ranges::sort(fields, {}, &FieldBytes::name);
  for (const FieldBytes& field : fields) receiver.take(receiver.to, field);
  return true;
}

}  // namespace detail
}  // namespace sapwood
