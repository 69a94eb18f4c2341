#include "collections/stored_key.h"

#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/varint.h"
#include "sapwood/error.h"

namespace sapwood::collections {

void StoredKey::hash_key(u32 page_size, const KeyHash& hash, Bytes key) {
  long_ = key.size() > max_short_key(page_size);
  const std::size_t size = long_ ? tree::max_key_size(page_size) : kHashBytes + key.size();
  char* to = small_.data();
  if (size > small_.size()) {
    large_.resize(size);
    to = large_.data();
  }
  bytes_ = Bytes(to, size);
  store_be64(to, hash(key.data(), key.size()));
  std::size_t head = kHashBytes;
  if (long_) {
    const Hash128 digest = hash128(key.data(), key.size(), hash.seed);
    store_be64(to + head, digest.high);
    store_be64(to + head + 8, digest.low);
    head += kDigestBytes;
  }
  if (size > head) std::memcpy(to + head, key.data(), size - head);
}

void throw_no_hash(const std::string& collection) {
  throw Error(ErrorCode::corrupt, "'" + collection + "': a key has no hash; run check on the file");
}

std::string join_long_entry(Bytes key, Bytes value) {
  std::string stored;
  stored.reserve(kMaxVarintBytes + key.size() + value.size());
  append_varint(stored, key.size());
  stored += key;
  stored += value;
  return stored;
}

LongEntry split_long_entry(Bytes stored, const std::string& collection) {
  const u8* begin = reinterpret_cast<const u8*>(stored.data());
  u64 size = 0;
  const u8* at = get_varint(begin, begin + stored.size(), size);
  if (at == nullptr || size > static_cast<u64>(begin + stored.size() - at)) {
    throw Error(ErrorCode::corrupt, "'" + collection + "': an entry with a long key is damaged; run check on the file");
  }
  const std::size_t head = static_cast<std::size_t>(at - begin);
  return {stored.substr(head, size), stored.substr(head + size)};
}

}  // namespace sapwood::collections
