#include "collections/time_index.h"

#include "base/bytes.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

constexpr u64 kSign = u64{1} << 63;
constexpr u32 kTimeDigestBytes = 16;

}  // namespace

std::string time_bound(i64 time_us) {
  std::string bytes(kTimeBytes, '\0');
  store_be64(bytes.data(), static_cast<u64>(time_us) ^ kSign);
  return bytes;
}

TimeEntry::TimeEntry(i64 time_us, Bytes tree_key, const KeyHash& hash, u32 page_size) : key_(time_bound(time_us)) {
  const u32 quarter = tree::max_key_size(page_size);
  if (kTimeBytes + tree_key.size() < quarter) {
    key_ += tree_key;
    return;
  }
  key_ += tree_key.substr(0, quarter - kTimeBytes - kTimeDigestBytes);
  const Hash128 digest = hash128(tree_key.data(), tree_key.size(), hash.seed);
  key_.resize(quarter);
  store_be64(key_.data() + quarter - 16, digest.high);
  store_be64(key_.data() + quarter - 8, digest.low);
  value_ = tree_key;
}

TimedKey read_time_entry(const tree::Cursor& cursor, const std::string& collection) {
  const Bytes key = cursor.key();
  if (key.size() < kTimeBytes) {
    throw Error(ErrorCode::corrupt, "'" + collection + "': a key of its index of times is cut off; run check");
  }
  TimedKey entry{static_cast<i64>(load_be64(key.data()) ^ kSign), std::string(key.substr(kTimeBytes))};
  if (cursor.value().size() != 0) cursor.value().read(entry.tree_key);
  return entry;
}

}  // namespace sapwood::collections
