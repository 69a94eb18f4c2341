// ObjectCache<C>: decoded values of a collection, so that reading one again costs a look-up and no decoding.
//
// An object is known by where its bytes stand in the file: page, version of the page and place in it (of a large value:
// its runs). Versions of pages never change, so no edit moves or changes what is cached, and what is found is what the
// transaction that asks would read: never stale, whoever wrote, in whatever thread or process. Objects that no reader
// asks for any more (their page was written anew) leave as the policy says. In a write transaction, whose pages do
// change, everything is decoded and nothing cached.
//
// One cache may be used by any number of threads; a lock is held for a look-up, not while decoding, so Decode and Size
// may run in several at once. A cache serves one file: asked for another one while that is open, it throws
// Error{invalid_argument}.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "sapwood/detail/cache.h"
#include "sapwood/detail/row_codec.h"

namespace sapwood {

template <class C, class Decode = detail::DecodeOf<C>>
class ObjectCache {
 public:
  // What `Decode` makes of the bytes of a value; by default the value.
  using object_type = std::remove_cvref_t<std::invoke_result_t<const Decode&, std::string_view>>;
  using Object = std::shared_ptr<const object_type>;
  // What an object counts against CacheOptions::max_bytes.
  using Size = std::function<std::uint64_t(const object_type&)>;

  // Without `size` an object counts as the bytes that it was decoded from.
  explicit ObjectCache(const CacheOptions& options = {}, Size size = {}, Decode decode = {})
      : core_(options), size_(std::move(size)), decode_(std::move(decode)) {}

  // Of a list or records: the object at `index`. Throws Error{out_of_range}. O(log n), and decoding if it is a miss.
  Object at(const C& collection, std::uint64_t index) const
    requires(!C::types.has_keys())
  {
    return std::static_pointer_cast<const object_type>(core_.at(collection.handle(), index, maker()));
  }
  // Of a dict or sorted map: the object at `key`, or null if there is none.
  template <class K>
  Object get(const C& collection, const K& key) const
    requires(C::types.has_keys() && C::types.has_values())
  {
    const detail::EncodedKey<typename C::key_type> bytes(key);
    return std::static_pointer_cast<const object_type>(core_.get(collection.handle(), bytes, maker()));
  }

  // As Database::metrics() tells them of all caches that live.
  CacheMetrics metrics() const { return core_.metrics(); }
  void clear() { core_.clear(); }

 private:
  detail::ObjectMaker maker() const {
    return {this, [](const void* self, std::string_view bytes) -> detail::MadeObject {
              const auto& cache = *static_cast<const ObjectCache*>(self);
              auto object = std::make_shared<const object_type>(std::invoke(cache.decode_, bytes));
              const std::uint64_t size = cache.size_ ? cache.size_(*object) : bytes.size();
              return {std::move(object), size};
            }};
  }

  detail::CacheCore core_;
  Size size_;
  Decode decode_;
};

}  // namespace sapwood
