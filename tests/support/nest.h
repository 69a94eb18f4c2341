// Nested collections for the operation language: a model of trees of collections, and one operation, `nest`, that
// creates, fills, moves, erases and drops in them, decided on the model and done to both.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sapwood/sapwood.h"
#include "tests/support/operation.h"

namespace sapwood::test {

struct NestNode;

// A number, or a collection.
struct NestValue {
  i64 number = 0;
  std::unique_ptr<NestNode> child;
};

// Lists have items, others entries by number n: the key is n, or the text "k<n>".
struct NestNode {
  CollectionTypes types;
  std::map<u64, NestValue> entries;
  std::vector<NestValue> items;

  u64 size() const { return types.kind == CollectionKind::list ? items.size() : entries.size(); }
};

// A tree as a value: a copy is deep.
class Nest {
 public:
  Nest() = default;
  explicit Nest(std::unique_ptr<NestNode> root) : root_(std::move(root)) {}
  Nest(const Nest& other);
  Nest(Nest&&) noexcept = default;
  Nest& operator=(Nest other) noexcept {
    root_ = std::move(other.root_);
    return *this;
  }
  bool operator==(const Nest& other) const;
  NestNode* root() const { return root_.get(); }

 private:
  std::unique_ptr<NestNode> root_;
};

// The named collections that hold nested ones, and their types.
const std::vector<KnownCollection>& nest_roots();
bool is_nest(const CollectionTypes& types);
// All of it. Throws Disagreement if sizes and entries do not fit.
Nest read_nest(const AnyCollection& root);
std::string describe(const Nest& nest);

// What an operation means in the state of the model: the ways down from a root are entry numbers.
struct NestStep {
  enum class Action { create, fill, erase, clear, move, drop_root };
  struct Spot {
    std::size_t root = 0;
    std::vector<u64> way;
    u64 entry = 0;  // in the collection there
  };
  Action action = Action::create;
  Spot at;
  Spot to;  // move
  CollectionTypes types;
  u64 count = 0;  // fill, erase
  i64 seed = 0;
};
// `roots`: as in nest_roots(), null if they are not there.
NestStep plan_nest(const Operation& operation, const std::vector<NestNode*>& roots);
// Commits on an empty database that make a nested list grow and shrink, over the border between what is kept inline in
// pages of 512 bytes and what is not: after the commits it has, in turn, no page and some.
std::vector<Operation> grow_and_shrink();
// Both give the code of the Error that the step means.
std::optional<ErrorCode> perform(const NestStep& step, const std::vector<NestNode*>& roots);
// `open` gives a root; `move` is WriteTxn::move.
std::optional<ErrorCode> perform(const NestStep& step, const std::function<AnyCollection(std::size_t)>& open,
                                 const std::function<void(const Place&, const Place&)>& move);

}  // namespace sapwood::test
