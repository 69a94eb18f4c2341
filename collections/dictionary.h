// Compression of single values with zstd, and the dictionaries that make it worth while: what values of one collection
// have in common, which no short value could tell a compressor itself.
//
// A dictionary is what ZDICT makes, under a number that its collection never uses again: frames name it. Those that a
// process has read are kept for the life of the open file, digested: a read costs no more than the decompression.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/types.h"

struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace sapwood::collections {

class Dictionary {
 public:
  explicit Dictionary(std::string bytes);
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  const ZSTD_DDict_s* to_decompress() const { return decompress_; }
  // Digested for that level when it is first asked for. By one thread at a time: the one that writes.
  const ZSTD_CDict_s* to_compress(int level) const;

 private:
  std::string bytes_;
  ZSTD_DDict_s* decompress_;
  mutable ZSTD_CDict_s* compress_ = nullptr;
  mutable int level_ = 0;
};

// The dictionaries of an open file, by the id of the collection that holds them and their number. For any number of
// threads; a thread that asks for the same one again takes no lock.
class DictionaryCache {
 public:
  DictionaryCache();
  using Load = std::function<std::string()>;  // the bytes of one that is not there yet
  const Dictionary& find(u64 collection, u32 number, const Load& load);

 private:
  struct Key {
    u64 collection;
    u32 number;
    bool operator==(const Key&) const = default;
  };
  struct KeyHashing {
    std::size_t operator()(const Key& key) const { return key.collection * 0x9e3779b97f4a7c15u + key.number; }
  };
  u64 serial_;  // of no other cache of this process, ever
  std::mutex mutex_;
  std::unordered_map<Key, std::unique_ptr<Dictionary>, KeyHashing> dictionaries_;
};

// Appends `value` as a zstd frame to `to`; false, and nothing is appended, if that is not shorter. `dictionary` may be
// null.
bool append_compressed(std::string& to, Bytes value, int level, const Dictionary* dictionary);
// The number of the dictionary that the frame needs; 0: none.
u32 dictionary_number(Bytes frame);
// Replaces `to` by what the frame holds. Throws Error{corrupt} that names `collection`; memory is bounded by what so
// many bytes can hold.
void decompress(std::string& to, Bytes frame, const Dictionary* dictionary, const std::string& collection);

// Values from which a dictionary is made.
struct Samples {
  static constexpr std::size_t kMostBytes = 2 << 20;
  static constexpr std::size_t kMostOfOne = 64 << 10;  // longer values have enough in common with themselves

  std::string bytes;
  std::vector<std::size_t> sizes;
  void add(Bytes value);
  bool full() const { return bytes.size() >= kMostBytes; }
};
// The bytes of a dictionary of that number; empty if the samples are too few or have nothing in common. Some tenths
// of a second.
std::string train_dictionary(const Samples& samples, u32 number);

}  // namespace sapwood::collections
