// detail::Handle: collections that are values of this one.
#include "collections/handle_state.h"
#include "collections/nested_value.h"

namespace sapwood::detail {

using collections::HandleState;
using collections::Location;
using collections::OpenCollection;
using collections::WriteSession;

namespace {

// Throws wrong_type unless the collection has the types, if any are asked for.
Handle checked_child(std::shared_ptr<HandleState> child, const CollectionTypes* types) {
  if (types != nullptr && child->record().types != *types) {
    throw Error(ErrorCode::wrong_type, "the collection " + child->record().name + " is a " +
                                           collections::describe(child->record().types) + ", not a " +
                                           collections::describe(*types));
  }
  return Handle(std::move(child));
}

[[noreturn]] void throw_no_child(const HandleState& parent, bool has_entry) {
  throw Error(has_entry ? ErrorCode::wrong_type : ErrorCode::not_found,
              parent.who() + (has_entry ? ": the value is no collection" : " has no such key"));
}

// Creates a child, and gives a handle like that of its parent.
Handle create(HandleState& parent, Location location, const CollectionTypes& types) {
  location.parent = parent.record().id;
  if (parent.mode() == HandleState::Mode::write) {
    WriteSession& session = parent.write_state()->session();
    session.check_changeable(*parent.open_collection());
    return Handle(std::make_shared<HandleState>(parent.write_state(), session.create_nested(location, types)));
  }
  const collections::CatalogRecord made = parent.write(
      [&](WriteSession& session, OpenCollection&) { return session.create_nested(location, types).record; });
  return Handle(std::make_shared<HandleState>(parent.environment(), made));
}

}  // namespace

Handle Handle::create_child(std::string_view key, const CollectionTypes& types) {
  HandleState& state = checked();
  state.require_keys();
  return create(state, {.kind = Location::Kind::key, .key = key}, types);
}

Handle Handle::create_child_at(u64 index, const CollectionTypes& types) {
  HandleState& state = checked();
  state.require_list();
  return create(state, {.kind = Location::Kind::position, .index = index}, types);
}

Handle Handle::child(std::string_view key, const CollectionTypes* types) const {
  HandleState& state = checked();
  state.require_keys();
  const auto find_id = [&](const tree::TreeReader& tree) {
    const collections::StoredKey stored(tree, key);
    const std::optional<tree::ValueView> value = tree.get(stored);
    if (!value) throw_no_child(state, false);
    const u64 id = collections::child_of_entry(state.record(), *value, stored.is_long());
    if (id == 0) throw_no_child(state, true);
    return id;
  };
  return checked_child(state.child(find_id), types);
}

Handle Handle::child_at(u64 index, const CollectionTypes* types) const {
  HandleState& state = checked();
  state.require_list();
  const auto find_id = [&](const tree::TreeReader& tree) {
    if (index >= tree.size()) state.throw_past_end(index, tree.size());
    const u64 id = collections::child_of_entry(state.record(), tree.at(index), false);
    if (id == 0) throw_no_child(state, true);
    return id;
  };
  return checked_child(state.child(find_id), types);
}

Handle Handle::child_with(u64 id, const CollectionTypes* types) const {
  const auto told = [&](const tree::TreeReader&) { return id; };
  return checked_child(checked().child(told, ErrorCode::not_found), types);
}

}  // namespace sapwood::detail
