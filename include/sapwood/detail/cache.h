// The cache of decoded objects without their type, compiled once; ObjectCache decodes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sapwood/codec.h"
#include "sapwood/detail/handle.h"
#include "sapwood/detail/keyed.h"
#include "sapwood/detail/row_codec.h"
#include "sapwood/metrics.h"

namespace sapwood {

// Which object leaves when there are too many.
enum class CachePolicy : std::uint8_t {
  lru,   // the one that was asked for the longest time ago
  fifo,  // the one that came the longest time ago
  lfu,   // the one that was asked for least often; what is asked for no more ages
};

struct CacheOptions {
  CachePolicy policy = CachePolicy::lru;
  std::uint64_t max_entries = 1024;
  std::uint64_t max_bytes = ~std::uint64_t{0};
  std::string name{};  // in metrics
};

namespace collections {
class ObjectCacheState;
}

namespace detail {

struct MadeObject {
  std::shared_ptr<const void> object;
  std::uint64_t size = 0;
};
struct ObjectMaker {
  const void* self = nullptr;
  MadeObject (*make)(const void* self, std::string_view bytes) = nullptr;
};

class CacheCore {
 public:
  explicit CacheCore(const CacheOptions& options);
  std::shared_ptr<const void> at(const Handle& list, std::uint64_t index, ObjectMaker maker) const;
  std::shared_ptr<const void> get(const Handle& map, std::string_view key, ObjectMaker maker) const;
  CacheMetrics metrics() const;
  void clear();

 private:
  std::shared_ptr<collections::ObjectCacheState> state_;
};

// The value of an entry of C.
template <class C>
struct DecodeOf {
  auto operator()(std::string_view bytes) const {
    if constexpr (C::types.kind == CollectionKind::records) return C::decode(bytes);
    else if constexpr (C::types.has_keys()) return Codec<typename C::mapped_type>::decode_value(bytes);
    else return Codec<typename C::value_type>::decode_value(bytes);
  }
};

}  // namespace detail
}  // namespace sapwood
