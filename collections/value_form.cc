#include "collections/value_form.h"

#include "base/bytes.h"
#include "collections/nested_value.h"
#include "collections/types.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

constexpr u8 kTimestamps = kFirstFormOption;
constexpr u8 kTimeIndex = 17;
constexpr u8 kTimeToLive = 18;
constexpr u8 kCompression = 19;
constexpr u8 kExpiry = 20;
constexpr i64 kLongestTimeToLive = i64{1} << 61;  // so that no difference of times overflows

template <class T>
void append_number(std::string& to, T number) {
  char bytes[sizeof(T)];
  store<T>(bytes, number);
  to.append(bytes, sizeof bytes);
}

void start_option(std::string& to, u8 what, u8 size) {
  to += static_cast<char>(what);
  to += static_cast<char>(size);
}

bool take_option(u8 what, Bytes bytes, ValueForm& form) {
  switch (what) {
    case kTimestamps: form.timestamps = true; return bytes.empty();
    case kTimeIndex:
      if (bytes.size() != 8) return false;
      form.time_index = load<u64>(bytes.data());
      return true;
    case kTimeToLive:
      if (bytes.size() != 8) return false;
      form.time_to_live_us = load<i64>(bytes.data());
      return true;
    case kCompression:
      if (bytes.size() != 9) return false;
      form.level = static_cast<u8>(bytes[0]);
      form.dictionaries = load<u64>(bytes.data() + 1);
      return true;
    case kExpiry:
      if (bytes.size() != 8) return false;
      form.expiry_index = load<u64>(bytes.data());
      return form.expiry_index != 0;
    default: return false;
  }
}

bool makes_sense(const ValueForm& form) {
  const bool finds_expired = form.timestamps && (form.time_index != 0 || form.expiry_index != 0);
  return (form.time_index == 0 || form.timestamps) && (form.time_to_live_us == 0 || finds_expired) &&
         form.time_to_live_us >= 0 && form.time_to_live_us <= kLongestTimeToLive && form.level <= kHighestLevel;
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "'" + name + "' " + why);
}

}  // namespace

FormedValue split_value(const ValueForm& form, Bytes stored, const std::string& collection) {
  FormedValue value;
  const u32 header = form.header_size();
  if (stored.size() < header) [[unlikely]] {
    throw Error(ErrorCode::corrupt, "'" + collection + "': a stored value of " + std::to_string(stored.size()) +
                                        " bytes is shorter than its header; run check on the file");
  }
  if (form.timestamps) value.times.time_us = load<i64>(stored.data());
  if (form.expiry_index != 0) value.times.expiry_us = load<i64>(stored.data() + (form.timestamps ? 8 : 0));
  value.payload = stored.substr(header);
  if (form.dictionaries == 0) return value;
  const u8 coding = static_cast<u8>(stored[header - 1]);
  if (coding > 1) [[unlikely]] {
    throw Error(ErrorCode::corrupt, "'" + collection + "': a stored value has the unknown coding " +
                                        std::to_string(coding) + "; run check on the file");
  }
  value.compressed = coding == 1;
  return value;
}

void append_header(std::string& to, const ValueForm& form, const StoredTimes& times, bool compressed) {
  if (form.timestamps) append_number<i64>(to, times.time_us);
  if (form.expiry_index != 0) append_number<i64>(to, times.expiry_us);
  if (form.dictionaries != 0) to += static_cast<char>(compressed ? 1 : 0);
}

void replace_times(std::string& stored, const ValueForm& form, const StoredTimes& times) {
  if (form.timestamps) store<i64>(stored.data(), times.time_us);
  if (form.expiry_index != 0) store<i64>(stored.data() + (form.timestamps ? 8 : 0), times.expiry_us);
}

void append_form_options(std::string& to, const ValueForm& form) {
  if (form.timestamps) start_option(to, kTimestamps, 0);
  if (form.time_index != 0) {
    start_option(to, kTimeIndex, 8);
    append_number<u64>(to, form.time_index);
  }
  if (form.time_to_live_us != 0) {
    start_option(to, kTimeToLive, 8);
    append_number<i64>(to, form.time_to_live_us);
  }
  if (form.dictionaries != 0) {
    start_option(to, kCompression, 9);
    to += static_cast<char>(form.level);
    append_number<u64>(to, form.dictionaries);
  }
  if (form.expiry_index != 0) {
    start_option(to, kExpiry, 8);
    append_number<u64>(to, form.expiry_index);
  }
}

bool take_form_options(Bytes options, ValueForm& form) {
  for (Bytes rest = options; !rest.empty();) {
    const std::size_t size = rest.size() < 2 ? rest.size() : 2u + static_cast<u8>(rest[1]);
    if (rest.size() < 2 || rest.size() < size ||
        !take_option(static_cast<u8>(rest[0]), rest.substr(2, size - 2), form)) {
      return false;
    }
    rest.remove_prefix(size);
  }
  std::string again;
  append_form_options(again, form);
  return again == options && makes_sense(form);
}

CollectionOptions options_of(const ValueForm& form) {
  CollectionOptions options;
  options.timestamps = form.timestamps;
  options.time_index = form.time_index != 0;
  options.time_to_live = std::chrono::microseconds(form.time_to_live_us);
  options.expiry = form.expiry_index != 0;
  options.compression = form.level;
  return options;
}

ValueForm form_of(const CollectionOptions& complete, u64 parts) {
  ValueForm form;
  form.timestamps = complete.timestamps;
  form.time_index = complete.time_index ? parts : 0;
  form.expiry_index = complete.expiry ? parts : 0;
  form.time_to_live_us = complete.time_to_live.count();
  form.dictionaries = complete.compression != 0 ? parts : 0;
  form.level = complete.compression;
  return form;
}

CollectionOptions complete_options(const std::string& name, const CollectionTypes& types,
                                   const CollectionOptions& options) {
  CollectionOptions complete = options;
  complete.timestamps |= options.time_index || options.time_to_live.count() != 0;
  complete.time_index |= options.time_to_live.count() != 0 && !options.expiry;
  const bool has_times = complete.timestamps || options.expiry;
  if (has_times && !(types.has_keys() && types.has_values())) {
    refuse(name, "would be a " + describe(types) + ": timestamps and expiry are of maps and dicts");
  }
  if (always_collections(types.value) && (has_times || options.compression != 0)) {
    refuse(name, "would be a " + describe(types) + ": values that are collections have neither times nor codings");
  }
  if (options.time_to_live.count() < 0 || options.time_to_live.count() > kLongestTimeToLive) {
    refuse(name, "cannot have a time to live of " + std::to_string(options.time_to_live.count()) +
                     " microseconds: give a positive one, or 0 for none");
  }
  if (options.compression > kHighestLevel) {
    refuse(name, "cannot be compressed at level " + std::to_string(options.compression) + ": levels are 1 to 19");
  }
  const bool compressible = types.has_values() && types.kind != CollectionKind::records && width_of(types.value) == 0;
  if (options.compression != 0 && !compressible) {
    refuse(name, "would be a " + describe(types) + ": only values that vary in size are compressed, and no records");
  }
  return complete;
}

void require_options(const std::string& name, const ValueForm& form, const CollectionOptions& asked) {
  if (asked.timestamps && !form.timestamps) {
    refuse(name,
           "was created without timestamps, and cannot get them now: load it into a new collection that has them");
  }
  if (asked.time_index && form.time_index == 0) {
    refuse(name, "was created without an index of times, and cannot get one now: load it into a new collection");
  }
  if (asked.time_to_live.count() != 0 && asked.time_to_live.count() != form.time_to_live_us) {
    refuse(name, "was created with a time to live of " + std::to_string(form.time_to_live_us) +
                     " microseconds (0: none), not " + std::to_string(asked.time_to_live.count()));
  }
  if (asked.expiry && form.expiry_index == 0) {
    refuse(
        name,
        "was created without `expiry`, so its entries have none of their own: load it into a new collection that has");
  }
}

}  // namespace sapwood::collections
