// The operation language: what a test does to a database, as plain numbers, so that any sequence of operations means
// something in any state. Random generators, fuzzers and enumerations write it; Executor runs it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sapwood/sapwood.h"
#include "tests/support/random.h"

namespace sapwood::test {

enum class OperationKind : u8 {
  put,          // with keys: key from `place`, value from `size` and `seed`; every eighth is put_if_absent
  erase,        // one key, or one item
  erase_range,  // keys from `place` on, or items
  insert,       // list: at position `place`
  push_back,
  set,
  pop,        // last item, or the first
  extend,     // up to 64 entries at once
  bulk_load,  // clears, then loads full pages
  update,     // of maps and lists: a value by a function of the old one; of sets as combine
  assign,     // list: up to 20 items replaced by as many others
  erase_if,   // one entry in eight
  combine,    // set: one of insert_all, erase_all, retain_all, toggle_all; records: fields are
              // merged into a row or dropped, from one or all
  clear,
  drop,    // the whole collection
  rename,  // there and back later
  read,    // one look-up of a random sort, compared
  savepoint,
  roll_back_to,  // one of the open savepoints
  release,       // the newest savepoint
  commit,
  roll_back,
  take_snapshot,   // keeps a reader with its model
  check_snapshot,  // compares one and ends it
  checkpoint,
  sync,
  big_commit,    // a transaction of more bytes than the redo log takes
  verify,        // compares everything, and check()
  reopen,        // closes and opens
  toggle_named,  // makes a named snapshot, or drops it
  compact,
  nest,  // something in collections that hold collections: tests/support/nest.h
};
inline constexpr std::size_t kOperationKinds = 32;
const char* operation_name(OperationKind kind);

struct Operation {
  OperationKind kind = OperationKind::verify;
  u8 collection = 0;
  bool automatic = false;  // without a transaction, if none is open
  Durability durability = Durability::sync;
  u64 place = 0;
  u64 size = 0;
  u64 seed = 0;
};
std::string describe(const Operation& operation);

// How often each kind comes (0: never), and which durabilities.
struct Mix {
  std::array<u32, kOperationKinds> weights{};
  u32 automatic_percent = 15;
  u32 async_percent = 40;  // of commits
  u32 none_percent = 0;
  u8 collections = 30;  // the first so many of known_collections()
  u32& operator[](OperationKind kind) { return weights[static_cast<std::size_t>(kind)]; }
};
Mix usual_mix();
Operation random_operation(Rng& random, const Mix& mix);

// The collections that operations speak of.
struct KnownCollection {
  std::string name;
  CollectionTypes types;
  CollectionOptions options{};
};
const std::vector<KnownCollection>& known_collections();

// What numbers in operations mean.
struct Scale {
  u32 page_size = 4096;
  u64 keys = 400;           // different ones
  u64 max_items = 2000;     // of a collection; then inserting operations erase
  u64 max_value = 3000;     // bytes
  u64 big_commit = 40'000;  // bytes
  u32 key_quarters = 1;     // the longest key in quarters of a page
  u64 max_key() const { return page_size / 4 * key_quarters; }
};
// The same for a collection: dicts and sets take longer keys.
Scale scale_of(const Scale& scale, const CollectionTypes& types);

// Of some hundred different ones; the names of 200 numbers in a row differ, but for few.
std::string field_name(u64 number);
// Of some hundred different ones.
std::string field_name(u64 number);
std::string make_key(const TypeInfo& type, u64 place, const Scale& scale);
std::string make_value(const TypeInfo& type, u64 size, u64 seed, const Scale& scale);

}  // namespace sapwood::test
