// Ranges that are read once, from their begin to their end: what merges of sets and blocks of lists give.
#pragma once

#include <cstddef>
#include <iterator>
#include <ranges>
#include <utility>

namespace sapwood::detail {

// `Source` is a cheap copyable handle on a position: bool at_end(), value_type read(), void next(). What they throw
// the iterator throws.
template <class Source>
class StreamIterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename Source::value_type;
  using difference_type = std::ptrdiff_t;

  explicit StreamIterator(Source source) : source_(std::move(source)) {}
  value_type operator*() const { return source_.read(); }
  // Copies move together.
  StreamIterator& operator++() {
    source_.next();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return source_.at_end(); }

 private:
  Source source_;
};

// `Origin` makes a Source at the start: begin() starts anew each time.
template <class Origin>
class Stream : public std::ranges::view_base {
 public:
  using iterator = StreamIterator<typename Origin::Source>;
  using value_type = typename iterator::value_type;

  explicit Stream(Origin origin) : origin_(std::move(origin)) {}
  iterator begin() const { return iterator(origin_.start()); }
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  Origin origin_;
};

}  // namespace sapwood::detail

template <class Origin>
inline constexpr bool std::ranges::enable_borrowed_range<sapwood::detail::Stream<Origin>> = true;
