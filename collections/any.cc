// AnyCollection: encodes and decodes by the types that the catalog says.
#include "sapwood/any.h"

#include <algorithm>
#include <deque>

#include "collections/any_codec.h"
#include "collections/handle_state.h"
#include "collections/types.h"
#include "sapwood/detail/cursor.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

using collections::decode_as;
using EncodedKey = collections::EncodedAny<true>;
using EncodedValue = collections::EncodedAny<false>;

// Receives one key or value of a type.
struct Target {
  TypeInfo type;
  AnyValue value{};
};
template <bool kKey>
detail::Receiver receiver(Target& target) {
  return {&target, [](void* to, std::string_view bytes) {
            Target& found = *static_cast<Target*>(to);
            found.value = decode_as<kKey>(found.type, bytes);
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
  if (collection.types().has_keys()) throw_wrong_kind(collection, "a list or records");
}

// The bounds of a scan as bytes: [low, high), narrowed by the prefix.
class Bounds {
 public:
  Bounds(const CollectionTypes& types, const AnyScan& scan) {
    if (scan.low) low_ = std::string(EncodedKey(types.key, *scan.low));
    if (scan.high) high_ = std::string(EncodedKey(types.key, *scan.high));
    if (!scan.prefix) return;
    const detail::PrefixInterval within(collections::encode_prefix(types.key, *scan.prefix),
                                        collections::width_of(types.key));
    const detail::KeyInterval interval = within;
    if (!low_ || *low_ < *interval.low) low_ = *interval.low;
    if (interval.high && (!high_ || *interval.high < *high_)) high_ = *interval.high;
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

std::vector<std::optional<AnyValue>> AnyCollection::get_many(std::span<const AnyValue> keys) const {
  need_keys(*this);
  std::deque<EncodedKey> encoded;
  std::vector<std::string_view> parts;
  for (const AnyValue& key : keys) parts.push_back(encoded.emplace_back(types().key, key));
  struct Found {
    TypeInfo type;
    std::vector<std::optional<AnyValue>> values;
  } found{types().value, std::vector<std::optional<AnyValue>>(keys.size())};
  handle_.get_many(parts, {&found, [](void* to, std::size_t index, std::string_view bytes) {
                             Found& into = *static_cast<Found*>(to);
                             into.values[index] = decode_as<false>(into.type, bytes);
                           }});
  return std::move(found.values);
}

ChangeSummary AnyCollection::changes_since(const AnyCollection& before,
                                           const std::function<bool(const AnyChange&)>& visit) const {
  const CollectionTypes types = this->types();
  const auto read_key = [&](std::string_view bytes) {
    return types.has_keys() ? decode_as<true>(types.key, bytes) : AnyValue();
  };
  const auto read_value = [&](std::string_view bytes) {
    return types.has_values() ? decode_as<false>(types.value, bytes) : AnyValue();
  };
  return detail::find_changes(before.handle_, handle_, read_key, read_value, visit);
}

bool AnyCollection::put(const AnyValue& key, const AnyValue& value) {
  need_keys(*this);
  return handle_.put(EncodedKey(types().key, key), EncodedValue(types().value, value));
}

bool AnyCollection::erase(const AnyValue& key) {
  need_keys(*this);
  return handle_.erase(EncodedKey(types().key, key));
}

bool AnyCollection::put(const AnyValue& key, const AnyValue& value, DateTime time) {
  need_keys(*this);
  return handle_.put(EncodedKey(types().key, key), EncodedValue(types().value, value), {.time_us = time.us});
}

bool AnyCollection::put(const AnyValue& key, const AnyValue& value, std::chrono::microseconds time_to_live) {
  need_keys(*this);
  return handle_.put(EncodedKey(types().key, key), EncodedValue(types().value, value),
                     {.lives_us = time_to_live.count()});
}

std::optional<DateTime> AnyCollection::timestamp(const AnyValue& key) const {
  need_keys(*this);
  const std::optional<std::int64_t> time_us = handle_.get_time(EncodedKey(types().key, key));
  if (!time_us) return std::nullopt;
  return DateTime{*time_us};
}

bool AnyCollection::set_timestamp(const AnyValue& key, DateTime time) {
  need_keys(*this);
  return handle_.set_times(EncodedKey(types().key, key), {.time_us = time.us});
}

std::optional<DateTime> AnyCollection::expires(const AnyValue& key) const {
  need_keys(*this);
  const std::optional<std::int64_t> moment_us = handle_.get_expiry(EncodedKey(types().key, key));
  if (!moment_us) return std::nullopt;
  return DateTime{*moment_us};
}

bool AnyCollection::expire(const AnyValue& key, std::chrono::microseconds time_to_live) {
  need_keys(*this);
  return handle_.set_times(EncodedKey(types().key, key), {.lives_us = time_to_live.count()});
}

bool AnyCollection::expire_at(const AnyValue& key, DateTime moment) {
  need_keys(*this);
  return handle_.set_times(EncodedKey(types().key, key), {.expiry_us = moment.us});
}

std::uint64_t AnyCollection::prune(DateTime before, std::span<const AnyValue> keep) {
  need_keys(*this);
  std::deque<EncodedKey> encoded;
  std::vector<std::string_view> kept;
  for (const AnyValue& key : keep) kept.push_back(encoded.emplace_back(types().key, key));
  return handle_.prune(before.us, kept);
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

AnyCollection AnyCollection::create(const AnyValue& key, const CollectionTypes& types) {
  need_keys(*this);
  return AnyCollection(handle_.create_child(EncodedKey(this->types().key, key), types));
}

AnyCollection AnyCollection::create_at(std::uint64_t index, const CollectionTypes& types) {
  need_list(*this);
  return AnyCollection(handle_.create_child_at(index, types));
}

AnyCollection AnyCollection::open(const AnyValue& key) const {
  need_keys(*this);
  return AnyCollection(handle_.child(EncodedKey(types().key, key), nullptr));
}

AnyCollection AnyCollection::open_at(std::uint64_t index) const {
  need_list(*this);
  return AnyCollection(handle_.child_at(index, nullptr));
}

AnyCollection AnyCollection::open(Nested value) const { return AnyCollection(handle_.child_with(value.id, nullptr)); }

Place AnyCollection::place(const AnyValue& key) const {
  need_keys(*this);
  return {handle_, Bytes(EncodedKey(types().key, key))};
}

Place AnyCollection::place_at(std::uint64_t index) const {
  need_list(*this);
  return {handle_, index};
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
  const bool timestamps = options().timestamps;
  std::uint64_t visited = 0;
  for (std::uint64_t done = 0; done < size; ++done, cursor.move(scan.reversed ? -1 : 1)) {
    const detail::Cursor::Entry& at = cursor.entry();
    if (at.expired) continue;
    AnyEntry entry{cursor.index(), {}, decode_as<false>(types.value, at.value)};
    if (types.key != ValueType::none) entry.key = decode_as<true>(types.key, at.key);
    if (timestamps) entry.time = DateTime{at.time_us};
    if (at.expiry_us != collections::kNoExpiryUs) entry.expires = DateTime{at.expiry_us};
    ++visited;
    if (!visit(entry)) break;
  }
  return visited;
}

void AnyCollection::fill(detail::Batch batch, const std::function<std::optional<AnyEntry>()>& next) {
  const CollectionTypes types = this->types();
  const CollectionOptions options = this->options();
  while (const std::optional<AnyEntry> entry = next()) {
    detail::EntryTimes times;
    if (entry->time && options.timestamps) times.time_us = entry->time->us;
    if (entry->expires && options.expiry) times.expiry_us = entry->expires->us;
    batch.add(EncodedKey(types.key, entry->key), EncodedValue(types.value, entry->value), times);
  }
  batch.finish();
}

void AnyCollection::extend(const std::function<std::optional<AnyEntry>()>& next) {
  const bool is_list = !types().has_keys();
  fill(is_list ? detail::Batch::appending(handle_) : detail::Batch(handle_, detail::Batch::Mode::put), next);
}

void AnyCollection::bulk_load(const std::function<std::optional<AnyEntry>()>& next) {
  fill(detail::Batch(handle_, detail::Batch::Mode::bulk), next);
}

}  // namespace sapwood
