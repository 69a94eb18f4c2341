// Sorts the entries of a dict or set by stored key in bounded memory, for a bulk load.
//
// Entries gather in memory. Whenever they outgrow it they are sorted and written as a run: a tree of its own in free
// pages of the same transaction, which nothing refers to. At the end all runs are merged and given back. Of equal keys
// the one added last stays.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collections/session.h"

namespace sapwood::collections {

class BulkSort {
 public:
  // `memory_bytes`: of entries, before a run is written. Both references outlive this.
  BulkSort(WriteSession& session, OpenCollection& target, u64 memory_bytes)
      : session_(session), target_(target), memory_bytes_(memory_bytes) {}

  // Stored key and value, as the tree is to hold them.
  void add(Bytes key, Bytes value);
  // Gives all entries in the order of their keys to `take`, and the pages of the runs back. Called once.
  using Take = std::function<void(Bytes key, Bytes value)>;
  void finish(const Take& take);

 private:
  struct Item {
    u64 hash;    // the key's first 8 bytes: decides nearly all comparisons
    u64 offset;  // in bytes_; the order of adding
    u64 value_size;
    u32 key_size;
  };
  class RunReader;

  Bytes key_of(const Item& item) const { return Bytes(bytes_).substr(item.offset, item.key_size); }
  void give_gathered(const Take& take);
  void write_run();
  void merge_runs(const Take& take);

  WriteSession& session_;
  OpenCollection& target_;
  u64 memory_bytes_;
  std::string bytes_;
  std::vector<Item> items_;
  std::vector<tree::TreeRoot> runs_;  // in the order of adding
};

}  // namespace sapwood::collections
