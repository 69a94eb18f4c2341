#include "tests/support/nest.h"

#include <algorithm>

#include "tests/support/face.h"

namespace sapwood::test {
namespace {

constexpr u64 kMostCollections = 120;
constexpr u64 kMostEntries = 400;  // of a collection: more than are dropped at once
constexpr u64 kKeys = 12;          // of different ones where collections are

const std::vector<CollectionTypes>& nest_types() {
  using enum ValueType;
  static const std::vector<CollectionTypes> kTypes{
      {CollectionKind::sorted_map, int64, any}, {CollectionKind::list, none, collection},
      {CollectionKind::list, none, int64},      {CollectionKind::dict, string, collection},
      {CollectionKind::set, string, none},      {CollectionKind::list, none, any},
  };
  return kTypes;
}

bool is_list(const NestNode& node) { return node.types.kind == CollectionKind::list; }
bool holds_collections(const CollectionTypes& types) {
  return types.value == ValueType::collection || types.value == ValueType::any;
}
bool holds_numbers(const CollectionTypes& types) { return types.value != ValueType::collection; }

AnyValue key_of(const CollectionTypes& types, u64 number) {
  if (types.key == ValueType::int64) return static_cast<i64>(number);
  return "k" + std::to_string(number);
}
u64 number_of(const AnyValue& key) {
  if (const auto* number = std::get_if<std::int64_t>(&key)) return static_cast<u64>(*number);
  return std::stoull(std::get<std::string>(key).substr(1));
}

std::unique_ptr<NestNode> copy_of(const NestNode& node);
NestValue copy_of(const NestValue& value) { return {value.number, value.child ? copy_of(*value.child) : nullptr}; }
std::unique_ptr<NestNode> copy_of(const NestNode& node) {
  auto copy = std::make_unique<NestNode>();
  copy->types = node.types;
  for (const auto& [number, value] : node.entries) copy->entries.emplace(number, copy_of(value));
  for (const NestValue& item : node.items) copy->items.push_back(copy_of(item));
  return copy;
}

bool are_equal(const NestNode& a, const NestNode& b);
bool are_equal(const NestValue& a, const NestValue& b) {
  if ((a.child == nullptr) != (b.child == nullptr) || a.number != b.number) return false;
  return a.child == nullptr || are_equal(*a.child, *b.child);
}
bool are_equal(const NestNode& a, const NestNode& b) {
  return a.types == b.types && std::ranges::equal(a.items, b.items, [](auto& x, auto& y) { return are_equal(x, y); }) &&
         std::ranges::equal(a.entries, b.entries,
                            [](auto& x, auto& y) { return x.first == y.first && are_equal(x.second, y.second); });
}

u64 collections_in(const NestNode& node) {
  u64 sum = 1;
  for (const auto& [number, value] : node.entries) sum += value.child ? collections_in(*value.child) : 0;
  for (const NestValue& item : node.items) sum += item.child ? collections_in(*item.child) : 0;
  return sum;
}

// The numbers of the entries that are collections.
std::vector<u64> children_of(const NestNode& node) {
  std::vector<u64> numbers;
  for (const auto& [number, value] : node.entries) {
    if (value.child) numbers.push_back(number);
  }
  for (u64 i = 0; i < node.items.size(); ++i) {
    if (node.items[i].child) numbers.push_back(i);
  }
  return numbers;
}

NestValue& value_at(NestNode& node, u64 entry) { return is_list(node) ? node.items.at(entry) : node.entries.at(entry); }

NestNode& node_at(const NestStep::Spot& spot, const std::vector<NestNode*>& roots) {
  NestNode* node = roots.at(spot.root);
  for (const u64 entry : spot.way) node = value_at(*node, entry).child.get();
  return *node;
}

// Down from a root as the bits of `choices` say.
NestStep::Spot walk(u64 choices, const std::vector<NestNode*>& roots) {
  NestStep::Spot spot{.root = choices % roots.size(), .way = {}};
  choices /= roots.size();
  NestNode* node = roots[spot.root];
  while (node != nullptr && choices % 5 != 0) {
    choices /= 5;
    const std::vector<u64> children = children_of(*node);
    if (children.empty()) break;
    spot.way.push_back(children[choices % children.size()]);
    choices /= children.size();
    node = value_at(*node, spot.way.back()).child.get();
  }
  return spot;
}

NestValue read_value(const AnyCollection& collection, const AnyValue& value) {
  if (const auto* nested = std::get_if<Nested>(&value)) {
    return {0, std::make_unique<NestNode>(std::move(*read_nest(collection.open(*nested)).root()))};
  }
  const auto* number = std::get_if<std::int64_t>(&value);
  return {number != nullptr ? *number : 0, nullptr};
}

// --- Steps on the model ----------------------------------------------------------------------------------------------

void put(NestNode& node, u64 entry, NestValue value) {
  if (is_list(node)) node.items.insert(node.items.begin() + static_cast<std::ptrdiff_t>(entry), std::move(value));
  else node.entries[entry] = std::move(value);
}

NestValue take(NestNode& node, u64 entry) {
  NestValue taken = std::move(value_at(node, entry));
  if (is_list(node)) node.items.erase(node.items.begin() + static_cast<std::ptrdiff_t>(entry));
  else node.entries.erase(entry);
  return taken;
}

bool is_below(const NestNode* node, const NestNode& top) {
  if (node == &top) return true;
  for (const auto& [number, value] : top.entries) {
    if (value.child && is_below(node, *value.child)) return true;
  }
  return std::ranges::any_of(top.items, [&](const NestValue& one) { return one.child && is_below(node, *one.child); });
}

std::optional<ErrorCode> move(const NestStep& step, const std::vector<NestNode*>& roots) {
  NestNode& from = node_at(step.at, roots);
  NestNode& to = node_at(step.to, roots);
  if (is_below(&to, *value_at(from, step.at.entry).child)) return ErrorCode::invalid_argument;
  if (is_list(to) && step.to.entry > to.items.size() - (&from == &to ? 1 : 0)) return ErrorCode::out_of_range;
  NestValue moved = take(from, step.at.entry);
  put(to, step.to.entry, std::move(moved));
  return std::nullopt;
}

}  // namespace

Nest::Nest(const Nest& other) : root_(other.root_ ? copy_of(*other.root_) : nullptr) {}

bool Nest::operator==(const Nest& other) const {
  if (root_ == nullptr || other.root_ == nullptr) return root_ == other.root_;
  return are_equal(*root_, *other.root_);
}

const std::vector<KnownCollection>& nest_roots() {
  static const std::vector<KnownCollection> kRoots{{"nest", nest_types()[0]}, {"trees", nest_types()[1]}};
  return kRoots;
}

bool is_nest(const CollectionTypes& types) {
  return std::ranges::any_of(nest_roots(), [&](const KnownCollection& root) { return root.types == types; });
}

Nest read_nest(const AnyCollection& root) {
  auto node = std::make_unique<NestNode>();
  node->types = root.types();
  root.scan({}, [&](const AnyEntry& entry) {
    if (is_list(*node)) node->items.push_back(read_value(root, entry.value));
    else node->entries[number_of(entry.key)] = read_value(root, entry.value);
    return true;
  });
  if (node->size() != root.size()) throw Disagreement("size() of a nested collection and its entries differ");
  return Nest(std::move(node));
}

std::string describe(const Nest& nest) {
  if (nest.root() == nullptr) return "nothing";
  return std::to_string(collections_in(*nest.root())) + " collections, " + std::to_string(nest.root()->size()) +
         " entries at the top";
}

NestStep plan_nest(const Operation& operation, const std::vector<NestNode*>& roots) {
  using Action = NestStep::Action;
  NestStep step;
  step.at = walk(operation.place, roots);
  step.seed = static_cast<i64>(operation.seed % 1000);
  if (roots[step.at.root] == nullptr) {  // made by create
    step.types = nest_types()[operation.seed % nest_types().size()];
    return step;
  }
  const NestNode& node = node_at(step.at, roots);
  const bool is_full = collections_in(*roots[step.at.root]) > kMostCollections;
  const u64 choice = operation.size % 32;
  const std::vector<u64> children = children_of(node);
  const u64 size = node.size();
  const u64 pick = operation.size / 32;
  if (choice == 31 || (is_full && choice > 27)) {
    step.action = choice % 2 == 0 ? Action::drop_root : Action::clear;
  } else if (choice < 12 && holds_collections(node.types) && !is_full) {
    step.types = nest_types()[operation.seed % nest_types().size()];
    step.at.entry = is_list(node) ? pick % (size + 1) : pick % kKeys;
  } else if (choice < 20 && holds_numbers(node.types) && size < kMostEntries) {
    step.action = Action::fill;
    step.count = choice == 12 ? 100 : 1 + pick % 3;
    step.at.entry = pick % (holds_collections(node.types) ? kKeys : 1000);
  } else if (choice < 25 && !children.empty() && roots[0] != nullptr && roots[1] != nullptr) {
    step.action = Action::move;
    step.at.entry = children[pick % children.size()];
    step.to = walk(operation.seed, roots);
    const NestNode& to = node_at(step.to, roots);
    if (!holds_collections(to.types)) step.to = {.root = 0, .way = {}};
    const NestNode& target = node_at(step.to, roots);
    step.to.entry = is_list(target) ? operation.seed / 7 % (target.size() + 1) : operation.seed / 7 % kKeys;
  } else if (size != 0) {
    step.action = Action::erase;
    const auto nth = [&] { return std::next(node.entries.begin(), static_cast<std::ptrdiff_t>(pick % size))->first; };
    step.at.entry = is_list(node) ? pick % size : nth();
    step.count = is_list(node) && choice % 4 == 0 ? std::min<u64>(size - step.at.entry, 1 + pick % 100) : 1;
  } else {
    step.action = Action::clear;
  }
  return step;
}

std::vector<Operation> grow_and_shrink() {
  const auto nest = [](u64 place, u64 choice, u64 pick, u64 seed) {
    return Operation{.kind = OperationKind::nest, .place = place, .size = choice + 32 * pick, .seed = seed};
  };
  constexpr u64 kRoot = 0;
  constexpr u64 kChild = 2;    // the first one below
  constexpr u64 kErase = 103;  // from 3 + 100 items
  const Operation create = nest(kRoot, 0, 0, 2);
  const Operation fill_some = nest(kChild, 13, 2, 7);
  const Operation fill_many = nest(kChild, 12, 0, 8);
  const Operation erase_most = nest(kChild, 20, 31 * kErase + 2, 0);  // 96 from the third on
  const Operation commit{.kind = OperationKind::commit};
  const Operation reopen{.kind = OperationKind::reopen};
  return {create, fill_some, commit, fill_many, commit, erase_most, commit, nest(kChild, 20, 5, 0),
          commit, fill_many, commit, reopen};
}

std::optional<ErrorCode> perform(const NestStep& step, const std::vector<NestNode*>& roots) {
  using Action = NestStep::Action;
  NestNode& node = node_at(step.at, roots);
  switch (step.action) {
    case Action::create: {
      auto child = std::make_unique<NestNode>();
      child->types = step.types;
      put(node, step.at.entry, {0, std::move(child)});
      break;
    }
    case Action::fill:
      for (u64 i = 0; i < step.count; ++i) {
        const i64 number = node.types.has_values() ? step.seed + static_cast<i64>(i) : 0;
        put(node, is_list(node) ? node.items.size() : step.at.entry + i, {number, nullptr});
      }
      break;
    case Action::erase:
      for (u64 i = 0; i < step.count; ++i) take(node, step.at.entry);
      break;
    case Action::clear:
      node.items.clear();
      node.entries.clear();
      break;
    case Action::move: return move(step, roots);
    case Action::drop_root: break;
  }
  return std::nullopt;
}

namespace {

AnyCollection open_spot(const NestStep::Spot& spot, const std::function<AnyCollection(std::size_t)>& open) {
  AnyCollection at = open(spot.root);
  for (const u64 entry : spot.way) {
    at = at.types().has_keys() ? at.open(key_of(at.types(), entry)) : at.open_at(entry);
  }
  return at;
}

void fill(const NestStep& step, AnyCollection& node) {
  const CollectionTypes types = node.types();
  u64 done = 0;
  node.extend([&]() -> std::optional<AnyEntry> {
    if (done == step.count) return std::nullopt;
    AnyEntry entry;
    if (types.has_keys()) entry.key = key_of(types, step.at.entry + done);
    if (types.has_values()) entry.value = step.seed + static_cast<i64>(done);
    ++done;
    return entry;
  });
}

Place place_of(const AnyCollection& node, u64 entry) {
  return node.types().has_keys() ? node.place(key_of(node.types(), entry)) : node.place_at(entry);
}

}  // namespace

std::optional<ErrorCode> perform(const NestStep& step, const std::function<AnyCollection(std::size_t)>& open,
                                 const std::function<void(const Place&, const Place&)>& move) {
  using Action = NestStep::Action;
  AnyCollection node = open_spot(step.at, open);
  const bool keyed = node.types().has_keys();
  switch (step.action) {
    case Action::create:
      if (keyed) node.create(key_of(node.types(), step.at.entry), step.types);
      else node.create_at(step.at.entry, step.types);
      break;
    case Action::fill: fill(step, node); break;
    case Action::erase:
      if (keyed) node.erase(key_of(node.types(), step.at.entry));
      else node.erase_at(step.at.entry, step.count);
      break;
    case Action::clear: node.clear(); break;
    case Action::move: try { move(place_of(node, step.at.entry), place_of(open_spot(step.to, open), step.to.entry));
      } catch (const Error& error) {
        if (error.code() == ErrorCode::invalid_argument || error.code() == ErrorCode::out_of_range) return error.code();
        throw;
      }
      break;
    case Action::drop_root: break;
  }
  return std::nullopt;
}

}  // namespace sapwood::test
