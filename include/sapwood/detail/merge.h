// Two sets of one order read together: what is in both, in one of them, in only one.
#pragma once

#include <memory>

#include "sapwood/codec.h"
#include "sapwood/detail/batch.h"
#include "sapwood/detail/stream.h"

namespace sapwood::collections {
class MergeState;
}

namespace sapwood::detail {

enum class Merge {
  both,        // keys that both have
  either,      // keys of one or the other
  first_only,  // keys of the first that the second has not
  one_only,    // keys that one has and the other has not
};

// Two sets as they are at one moment: those of automatic handles in one snapshot; one of a transaction beside one of
// none in that transaction. Throws Error{invalid_argument} for two in hash order from different files, whose orders
// differ.
struct SetPair {
  SetPair(const Handle& one, const Handle& two);
  SetPair swapped() const;
  Section first;
  Section second;
};

// A position in the merge of a pair, in the order of the sets. Copies share it. Where one set lags behind the other it
// jumps: the cost is that of the smaller set's size times O(log n), or of both sizes, whichever is less.
class MergeCursor {
 public:
  MergeCursor(const SetPair& sets, Merge kind);
  bool at_end() const;
  std::string_view key() const;  // valid until next()
  void next();

 private:
  std::shared_ptr<collections::MergeState> state_;
};

template <class K>
struct MergeOrigin {
  struct Source : MergeCursor {
    using value_type = K;
    using MergeCursor::MergeCursor;
    value_type read() const { return Codec<K>::decode_key(key()); }
  };
  Source start() const { return Source(sets, kind); }

  SetPair sets;
  Merge kind;
};

// Keys in the order of the sets, as they were when it was made.
template <class K>
using MergedKeys = Stream<MergeOrigin<K>>;

// Changes `set` by all keys of `other` at once, as a batch of that mode does key by key (put, erase, retain, toggle).
// They may be the same set.
void combine(const Handle& set, const Handle& other, Batch::Mode mode);

}  // namespace sapwood::detail
