// Items that pass a predicate, found as they are asked for: what scan(predicate) gives.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>

#include "sapwood/detail/blocks.h"
#include "sapwood/detail/cursor.h"

namespace sapwood::detail {

template <class T>
struct Indexed {
  std::uint64_t index;
  T value;
};

// Of a list of numbers: each block of memory is tested in parts, without a branch for an item.
template <class T, class Predicate>
class BlockFilter {
 public:
  BlockFilter(const Section& items, Predicate predicate)
      : cursor_(items, sizeof(T)), predicate_(std::move(predicate)), index_(items.first) {
    refill();
  }
  bool at_end() const { return at_ == count_; }
  Indexed<T> read() const {
    if (!cursor_.at_end()) cursor_.read();  // throws after the transaction
    return found_[at_];
  }
  void next() {
    if (++at_ == count_) refill();
  }

 private:
  static constexpr std::size_t kPart = 256;

  // The next part that has an item that passes.
  void refill() {
    at_ = count_ = 0;
    while (count_ == 0 && !cursor_.at_end()) {
      const std::string_view bytes = cursor_.read();
      const std::span<const T> block(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
      take(block.subspan(in_block_, std::min(kPart, block.size() - in_block_)));
      if (in_block_ != block.size()) continue;
      in_block_ = 0;
      cursor_.next();
    }
  }
  void take(std::span<const T> part) {
    std::array<unsigned char, kPart> passes;
    for (std::size_t i = 0; i < part.size(); ++i) passes[i] = std::invoke(predicate_, part[i]) ? 1 : 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
      found_[count_] = {index_ + i, part[i]};
      count_ += passes[i];
    }
    index_ += part.size();
    in_block_ += part.size();
  }

  BlockCursor cursor_;
  Predicate predicate_;
  std::uint64_t index_;       // of the first item that was not tested
  std::size_t in_block_ = 0;  // where it is in its block
  std::array<Indexed<T>, kPart> found_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

// Of other lists.
template <class T, class Predicate>
class ItemFilter {
 public:
  ItemFilter(const Section& items, Predicate predicate)
      : cursor_(items.scan, items.first), last_(items.last), predicate_(std::move(predicate)) {
    settle();
  }
  bool at_end() const { return cursor_.index() == last_; }
  Indexed<T> read() const { return {cursor_.index(), Codec<T>::decode_value(cursor_.entry().value)}; }
  void next() {
    cursor_.move(1);
    settle();
  }

 private:
  void settle() {
    while (!at_end() && !std::invoke(predicate_, Codec<T>::decode_value(cursor_.entry().value))) cursor_.move(1);
  }

  Cursor cursor_;
  std::uint64_t last_;
  Predicate predicate_;
};

template <class T, class Predicate>
struct FilterOrigin {
  class Source {
    using Filter = std::conditional_t<StoredInBlocks<T>, BlockFilter<T, Predicate>, ItemFilter<T, Predicate>>;

   public:
    using value_type = Indexed<T>;
    Source(const Section& items, const Predicate& predicate) : filter_(std::make_shared<Filter>(items, predicate)) {}
    bool at_end() const { return filter_->at_end(); }
    value_type read() const { return filter_->read(); }
    void next() { filter_->next(); }

   private:
    std::shared_ptr<Filter> filter_;
  };
  Source start() const { return Source(items, predicate); }

  Section items;
  Predicate predicate;
};
template <class T, class Predicate>
using Filtered = Stream<FilterOrigin<T, Predicate>>;

}  // namespace sapwood::detail
