// Items of a list of numbers as they lie in its pages: neighbours in memory, without a call for each.
#pragma once

#include <concepts>
#include <memory>
#include <span>

#include "sapwood/codec.h"
#include "sapwood/detail/handle.h"
#include "sapwood/detail/stream.h"

namespace sapwood::collections {
class BlockState;
}

namespace sapwood::detail {

// Types whose values are stored as memory has them, and aligned.
template <class T>
concept StoredInBlocks = (std::integral<T> || std::floating_point<T>)&&!std::same_as<T, bool> && sizeof(T) <= 16 &&
                         Codec<T>::width == sizeof(T);

// Ranges that are an array of such values in memory.
template <class R, class T>
concept ArrayOf = StoredInBlocks<T> && std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                  std::same_as<std::ranges::range_value_t<R>, T>;

// A position in the leaves of a list of fixed width. Copies share it.
class BlockCursor {
 public:
  BlockCursor(const Section& items, std::size_t width);
  bool at_end() const;
  // The items from here to the end of the leaf or of the section. Throws Error{ended} after the transaction.
  std::string_view read() const;
  void next();

 private:
  std::shared_ptr<collections::BlockState> state_;
};

template <class T>
struct BlockOrigin {
  struct Source : BlockCursor {
    using value_type = std::span<const T>;
    explicit Source(const Section& items) : BlockCursor(items, sizeof(T)) {}
    value_type read() const {
      const std::string_view bytes = BlockCursor::read();
      return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    }
  };
  Source start() const { return Source(items); }

  Section items;
};

// Spans of neighbouring items, in order. Each is valid until the transaction ends (a write transaction: until its next
// change); that of a small nested list only while an iterator of the range lives.
template <class T>
using Blocks = Stream<BlockOrigin<T>>;

}  // namespace sapwood::detail
