#include "tests/support/golden_types.h"

#include <algorithm>
#include <stdexcept>

#include "collections/any_codec.h"
#include "os/sim_disk.h"
#include "tests/support/face.h"
#include "tests/support/type_samples.h"

namespace sapwood::test {

namespace {

constexpr const char* kPath = "/golden";
constexpr std::size_t kPage = 512;

template <class C>
inline constexpr bool kIsList = C::types.kind == CollectionKind::list;
template <class C>
inline constexpr bool kHasValues = C::types.has_values();

// Lists of one large value each, by the form in which it is stored.
struct Large {
  const char* name;
  std::size_t size;
};
constexpr Large kInPieces{"value in pieces", 7 * kPage};
constexpr Large kWithChunks{"value with a tree of chunks", 80 * kPage};
constexpr Large kWithTail{"value with a tail", 2 * kPage + 100};
constexpr Large kOutOfLog{"value out of the log", 8 * kPage};

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((size + i) * 2654435761u >> 13);
  return bytes;
}

// --- Writing: a state that is checkpointed, then one commit a type, and one more, into the log. ---

void put(WriteTxn& txn, const Large& large) { txn.list<std::string>(large.name).push_back(noise(large.size)); }

u64 bytes_on(const os::SimDisk& disk) {
  u64 bytes = 0;
  for (const std::string& path : disk.paths()) bytes += disk.contents(path).size();
  return bytes;
}

void fill_disk(Database& database) {
  try {
    for (auto list = database.list<std::string>("holes");;) list.push_back(noise(kPage));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::disk_full) throw;
  }
}

// On a full disk large values go where there is room: here that is first a run of some 64 pages that growing keeps in
// reserve, then single pages between others.
void write_fragmented(Database& database, os::SimDisk& disk) {
  constexpr u64 kRoom = 230'000;
  disk.set_capacity(bytes_on(disk) + kRoom);
  fill_disk(database);
  database.write([](WriteTxn& txn) {
    auto list = txn.list<std::string>("holes");
    for (u64 i = 0; i < list.size(); ++i) list.erase(i);
  });
  database.checkpoint();
  database.write([](WriteTxn& txn) { put(txn, kWithChunks); });
  database.write([](WriteTxn& txn) { put(txn, kInPieces); });
  disk.set_capacity(0);
}

// Lists with their first items in the wrong order, and one too many; maps with wrong values. No dicts and sets by hash:
// they are created in the log.
template <class T, class C>
void write_early(C collection) {
  const std::vector<T> all = samples<T>();
  const std::size_t half = all.size() / 2;
  if constexpr (kIsList<C>) {
    for (std::size_t i = half; i-- > 0;) collection.push_back(all[i]);
    collection.push_back(all.back());
  } else if constexpr (kHasValues<C>) {
    for (std::size_t i = 0; i < half; ++i) collection.put(all[i], all[i]);
    collection.put(all.back(), all.front());
  } else {
    collection.insert(all.front());
  }
}

template <class T, class C>
void write_late(C collection) {
  const std::vector<T> all = samples<T>();
  const std::size_t half = all.size() / 2;
  if constexpr (kIsList<C>) {
    collection.erase(half);
    for (std::size_t i = 0; i < half; ++i) collection.set(i, all[i]);
    collection.push_back(all.back());
    for (std::size_t i = half; i + 1 < all.size(); ++i) collection.insert(i, all[i]);
  } else if constexpr (kHasValues<C>) {
    if constexpr (C::types.is_sorted()) collection.erase(all.front(), all.back());
    collection.erase(all.back());
    for (std::size_t i = 0; i < all.size(); ++i) collection.put(all[i], all[all.size() - 1 - i]);
  } else {
    collection.clear();
    for (std::size_t i = 0; i < all.size(); ++i) collection.insert(all[i]);
  }
}

void write_checkpointed(Database& database) {
  database.write([](WriteTxn& txn) {
    for_each_type([&]<class T>() {
      if constexpr (SortedKey<T>) {
        const std::string of = " of " + type_name(Codec<T>::type);
        write_early<T>(txn.sorted_map<T, T>("sorted map" + of));
        write_early<T>(txn.sorted_set<T>("sorted set" + of));
      }
      write_early<T>(txn.list<T>("list of " + type_name(Codec<T>::type)));
    });
    put(txn, kWithTail);
    txn.list<std::string>("early name").push_back("item");
    txn.list<std::string>("dropped").push_back("item");
  });
  database.checkpoint();
}

void write_logged(Database& database) {
  for_each_type([&]<class T>() {
    database.write(
        [](WriteTxn& txn) { for_each_collection<T>(txn, []<class C>(C collection) { write_late<T>(collection); }); });
  });
  database.write([](WriteTxn& txn) {
    put(txn, kOutOfLog);
    txn.drop("dropped");
    txn.rename("early name", "late name");
  });
}

// --- Reading. ---

void require(bool good, const std::string& what) {
  if (!good) throw Disagreement(what);
}

template <bool kKey, class T>
std::string encoded(const T& value) {
  typename Codec<T>::Scratch scratch;
  if constexpr (kKey) return std::string(Codec<T>::encode_key(value, scratch));
  else return std::string(Codec<T>::encode_value(value, scratch));
}

template <class T>
bool same(const T& one, const T& other) {
  return encoded<false, T>(one) == encoded<false, T>(other);  // not ==: NaN
}

template <class T, class C>
void require_typed(const C& collection, const std::vector<T>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string what = collection.name() + ": entry " + std::to_string(i);
    if constexpr (kIsList<C>) {
      require(same<T>(collection.at(i), all[i]), what);
    } else {
      require(collection.contains(all[i]), what);
      if constexpr (kHasValues<C>) require(same<T>(collection.get(all[i]).value(), all[all.size() - 1 - i]), what);
      if constexpr (C::types.is_sorted()) require(collection.rank(all[i]) == i, what);
    }
  }
}

template <class T, class C>
void require_untyped(const AnyCollection& collection, const std::vector<T>& all) {
  std::vector<std::string> found;
  collection.scan({}, [&](const AnyEntry& entry) {
    if constexpr (kIsList<C>) found.emplace_back(collections::EncodedAny<false>(C::types.value, entry.value));
    else found.emplace_back(collections::EncodedAny<true>(C::types.key, entry.key));
    return true;
  });
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < all.size(); ++i) expected.push_back(encoded<!kIsList<C>, T>(all[i]));
  if constexpr (C::types.is_hashed()) {
    std::ranges::sort(found);
    std::ranges::sort(expected);
  }
  require(found == expected, collection.name() + ": a scan of the untyped face");
}

void require_large(const ReadTxn& snapshot, const Large& large) {
  require(snapshot.list<std::string>(large.name).at(0) == noise(large.size), large.name);
}

}  // namespace

const u64 kGoldenLogRecords = type_count(AllTypes()) + 1;

void require_golden_types(const ReadTxn& snapshot) {
  for_each_type([&]<class T>() {
    const std::vector<T> all = samples<T>();
    for_each_collection<T>(snapshot, [&]<class C>(const C& collection) {
      require(collection.size() == all.size(), collection.name() + ": the size");
      require_typed<T>(collection, all);
      require_untyped<T, C>(snapshot.any(collection.name()), all);
    });
  });
  for (const Large& large : {kInPieces, kWithChunks, kWithTail, kOutOfLog}) require_large(snapshot, large);
  require(snapshot.list<std::string>("late name").at(0) == "item", "the renamed list");
  require(!snapshot.has("dropped") && !snapshot.has("early name"), "names that should be gone");
}

GoldenImages make_golden_types() {
  os::SimDisk disk({.seed = 2, .reservation_bytes = u64{64} << 20});
  Options options;
  options.env = &disk;
  options.page_size = kPage;
  options.log_size = options.log_size_max = u64{32} << 10;
  Database database = Database::open(kPath, options);
  write_fragmented(database, disk);
  write_checkpointed(database);
  const u64 checkpoints = database.info().checkpoints;
  write_logged(database);
  if (database.info().checkpoints != checkpoints) throw std::logic_error("the log is too small for the golden commits");
  GoldenImages images{disk.contents(kPath), disk.contents(std::string(kPath) + "-log"), ""};
  database.close();
  images.closed = disk.contents(kPath);
  return images;
}

}  // namespace sapwood::test
