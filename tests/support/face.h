// One interface on the bytes of keys and values over every face of a collection: the library's typed ones, its untyped
// one, and the model's std::map and std::vector. An operation runs on two faces, and the results must be equal.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/types.h"
#include "sapwood/sapwood.h"

namespace sapwood::test {

// What a test found wrong. Not an Error, so that nothing takes it for one of the library's.
class Disagreement : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Entry = std::pair<std::string, std::string>;  // encoded key (empty in lists) and value

enum class SetChange { insert, erase, retain, toggle };

class Face {
 public:
  // What a value becomes, both encoded; nullopt is none.
  using Change = std::function<std::optional<std::string>(std::optional<std::string>)>;
  using Test = std::function<bool(const Entry&)>;

  virtual ~Face() = default;
  virtual u64 size() const = 0;
  virtual Entry at(u64 index) const = 0;
  virtual std::vector<Entry> entries(u64 first, u64 count, bool reversed) const = 0;
  virtual void clear() = 0;
  virtual void extend(const std::vector<Entry>& entries) = 0;
  virtual void bulk_load(const std::vector<Entry>& entries) = 0;
  virtual u64 erase_if(const Test&) { throw_wrong_kind(); }

  // With keys. Only sorted ones: pop_end, erase_between, rank, count, near, between; only those with values: update;
  // only those without: combine.
  virtual std::optional<std::string> get(Bytes) const { throw_wrong_kind(); }
  virtual bool put(Bytes, Bytes) { throw_wrong_kind(); }
  virtual bool put_if_absent(Bytes, Bytes) { throw_wrong_kind(); }
  virtual bool erase(Bytes) { throw_wrong_kind(); }
  virtual std::optional<std::string> update(Bytes, const Change&) { throw_wrong_kind(); }
  virtual void combine(SetChange, const std::vector<Entry>&) { throw_wrong_kind(); }
  virtual std::optional<Entry> pop_end(bool) { throw_wrong_kind(); }
  virtual u64 erase_between(Bytes, Bytes) { throw_wrong_kind(); }
  virtual u64 rank(Bytes) const { throw_wrong_kind(); }
  virtual u64 count(Bytes, Bytes) const { throw_wrong_kind(); }
  virtual std::optional<Entry> near(detail::Near, Bytes) const { throw_wrong_kind(); }
  virtual std::vector<Entry> between(Bytes, Bytes, bool) const { throw_wrong_kind(); }

  // Lists and records only.
  virtual void insert(u64, Bytes) { throw_wrong_kind(); }
  virtual void set(u64, Bytes) { throw_wrong_kind(); }
  virtual void push_back(Bytes) { throw_wrong_kind(); }
  virtual void erase_items(u64, u64) { throw_wrong_kind(); }
  virtual void swap_erase(u64) { throw_wrong_kind(); }
  virtual std::string pop(bool) { throw_wrong_kind(); }
  virtual std::optional<std::string> update_at(u64, const Change&) { throw_wrong_kind(); }
  virtual void assign(u64, u64, const std::vector<Entry>&) { throw_wrong_kind(); }
  virtual void insert_range(u64, const std::vector<Entry>&) { throw_wrong_kind(); }

  // Records only: fields of an encoded row are merged into a row; one is dropped from a row, or (nullopt) from all.
  virtual void merge_fields(u64, Bytes) { throw_wrong_kind(); }
  virtual u64 drop_field(std::optional<u64>, const std::string&) { throw_wrong_kind(); }
  virtual std::vector<std::optional<std::string>> column(const std::string&) const { throw_wrong_kind(); }

 private:
  [[noreturn]] static void throw_wrong_kind() { throw std::logic_error("operation for the other kind of collection"); }
};

// The types that tests use: lists of, and collections between, string, bytes, int64 and double; lists of bool, Atom and
// Celsius; records of string; sorted maps of tuple(string, int64) to string, int32 to uint64, datetime to json; sorted
// sets of int128; dicts of string to any, uuid to datetime. Creates the collection where `from` does. `views`: also
// compare what views give (not for automatic handles). `options`: of one that is created.
std::unique_ptr<Face> face_of(Database& from, const std::string& name, const CollectionTypes& types,
                              const CollectionOptions& options = {});
std::unique_ptr<Face> face_of(WriteTxn& from, const std::string& name, const CollectionTypes& types,
                              const CollectionOptions& options = {});
std::unique_ptr<Face> face_of(const ReadTxn& from, const std::string& name, const CollectionTypes& types);

// Of records; used by face_of.
std::unique_ptr<Face> records_face(Records<std::string> records, bool views);

// The same over AnyCollection.
std::unique_ptr<Face> any_face(AnyCollection collection);

}  // namespace sapwood::test
