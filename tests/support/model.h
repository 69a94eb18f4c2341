// What a database should hold: std::map and std::vector by name. Copies share collections until one is changed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/face.h"
#include "tests/support/nest.h"

namespace sapwood::test {

struct ModelCollection {
  CollectionTypes types;
  std::map<std::string, std::string> entries;  // by encoded key, which are in the order of the type
  std::vector<std::string> items;              // of a list, or rows
  Nest nest;                                   // of one that holds collections, with all below it
  bool operator==(const ModelCollection&) const = default;
  u64 size() const {
    if (nest.root() != nullptr) return nest.root()->size();
    return types.has_keys() ? entries.size() : items.size();
  }
};

class Model {
 public:
  bool has(const std::string& name) const { return collections_.contains(name); }
  const ModelCollection& at(const std::string& name) const { return *collections_.at(name); }
  // The collection to change, created if absent.
  ModelCollection& edit(const std::string& name, const CollectionTypes& types);
  bool drop(const std::string& name) { return collections_.erase(name) != 0; }
  void rename(const std::string& from, const std::string& to);
  std::vector<std::string> names() const;
  bool operator==(const Model& other) const;

  // Named snapshots.
  const std::map<std::string, std::shared_ptr<const Model>>& named() const { return named_; }
  // Names `then`, or drops the name if that is null.
  void set_named(const std::string& name, std::shared_ptr<const Model> then);

 private:
  std::map<std::string, std::shared_ptr<ModelCollection>> collections_;
  std::map<std::string, std::shared_ptr<const Model>> named_;  // they have no names themselves
};

// A face over `collection`, which must outlive it. `max_key` is the longest key that can be put.
std::unique_ptr<Face> model_face(ModelCollection& collection, u64 max_key);

// Everything that the snapshot sees, read in order; of the database with its named snapshots.
Model dump(const ReadTxn& snapshot);
Model dump(const Database& database);

// Where two models differ, in words; empty if they do not.
std::string difference(const Model& found, const Model& expected);

// Throws Disagreement unless the snapshot holds what the model does: sizes, order both ways, and for a sample chosen by
// `seed` positions, ranks, look-ups, and the untyped face.
void require_equal(const ReadTxn& snapshot, const Model& expected, u64 seed);

// The same for the newest version and all named snapshots.
void require_equal(const Database& database, const Model& expected, u64 seed);

// Throws Disagreement if check() has findings.
void require_clean(Database& database);

}  // namespace sapwood::test
