// detail::Handle: reading and changing one collection.
#include "sapwood/detail/handle.h"

#include <algorithm>
#include <array>

#include "collections/handle_state.h"
#include "tree/cursor.h"

namespace sapwood::detail {

using collections::deliver;
using collections::deliver_entry;
using collections::deliver_long;
using collections::HandleState;
using collections::OpenCollection;
using collections::split_long_entry;
using collections::StoredKey;
using collections::WriteSession;

namespace {

struct Taken {
  ManyReceiver values;
  std::size_t index;
};

}  // namespace

HandleState& Handle::checked() const {
  if (state_ == nullptr) [[unlikely]]
    throw Error(ErrorCode::ended, "the handle belongs to no collection");
  return *state_;
}

const std::string& Handle::name() const { return checked().record().name; }
CollectionTypes Handle::types() const { return checked().record().types; }

// --- Reading ---------------------------------------------------------------------------------------------------------

u64 Handle::size() const {
  return checked().read([](const tree::TreeReader& tree) { return tree.size(); });
}

bool Handle::get(std::string_view key, Receiver value) const {
  HandleState& state = checked();
  state.require_keys();
  return state.read([&](const tree::TreeReader& tree) {
    const StoredKey stored(tree, key);
    const std::optional<tree::ValueView> found = tree.get(stored);
    if (!found) return false;
    if (stored.is_long()) deliver_long(*found, {}, value, state.record().name);
    else deliver(*found, value);
    return true;
  });
}

bool Handle::get(std::string_view key, std::string& value) const {
  HandleState& state = checked();
  state.require_keys();
  return state.read([&](const tree::TreeReader& tree) {
    const StoredKey stored(tree, key);
    const std::optional<tree::ValueView> found = tree.get(stored);
    if (!found) return false;
    found->read(value);
    if (stored.is_long()) value = std::string(split_long_entry(value, state.record().name).value);
    return true;
  });
}

void Handle::get_many(std::span<const std::string_view> keys, ManyReceiver values) const {
  constexpr std::size_t kTogether = tree::TreeReader::kMaxTogether;
  HandleState& state = checked();
  state.require_keys();
  state.read([&](const tree::TreeReader& tree) {
    std::array<std::optional<StoredKey>, kTogether> stored;
    std::array<Bytes, kTogether> tree_keys;
    std::array<std::optional<tree::ValueView>, kTogether> found;
    for (std::size_t first = 0; first < keys.size(); first += kTogether) {
      const std::size_t count = std::min(kTogether, keys.size() - first);
      for (std::size_t i = 0; i < count; ++i) tree_keys[i] = stored[i].emplace(tree, keys[first + i]);
      tree.get_many(std::span(tree_keys).first(count), std::span(found).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        if (!found[i]) continue;
        Taken one{values, first + i};
        const Receiver receiver{&one, [](void* to, std::string_view bytes) {
                                  const Taken& taken = *static_cast<Taken*>(to);
                                  taken.values.take(taken.values.to, taken.index, bytes);
                                }};
        if (stored[i]->is_long()) deliver_long(*found[i], {}, receiver, state.record().name);
        else deliver(*found[i], receiver);
      }
    }
    return true;
  });
}

void Handle::at(u64 index, Receiver key, Receiver value) const {
  HandleState& state = checked();
  state.read([&](const tree::TreeReader& tree) {
    if (index >= tree.size()) [[unlikely]]
      state.throw_past_end(index, tree.size());
    if (!state.record().types.has_keys()) {
      deliver(tree.at(index), value);
      return true;
    }
    tree::Cursor cursor(tree);
    cursor.seek_index(index);
    deliver_entry(cursor, tree, key, value, state.record().name);
    return true;
  });
}

void Handle::at(u64 index, std::string& value) const {
  HandleState& state = checked();
  state.require_list();
  state.read([&](const tree::TreeReader& tree) {
    if (index >= tree.size()) [[unlikely]]
      state.throw_past_end(index, tree.size());
    tree.at(index).read(value);
    return true;
  });
}

namespace {

// Puts `cursor` at the place; it is invalid if there is none.
void seek(tree::Cursor& cursor, u64 size, Near place, std::string_view key) {
  switch (place) {
    case Near::first: return cursor.seek_first();
    case Near::last: return cursor.seek_last();
    case Near::ceiling: return cursor.seek_key(key, false);
    case Near::higher: return cursor.seek_key(key, true);
    case Near::lower:
    case Near::floor: break;
  }
  cursor.seek_key(key, place == Near::floor);
  if (cursor.valid()) {
    if (cursor.index() == 0) return cursor.seek_index(size);
    return cursor.prev();
  }
  cursor.seek_last();
}

}  // namespace

bool Handle::near(Near place, std::string_view key, Receiver found_key, Receiver value) const {
  HandleState& state = checked();
  if (place != Near::first && place != Near::last) state.require_order();
  return state.read([&](const tree::TreeReader& tree) {
    if (tree.size() == 0) return false;
    tree::Cursor cursor(tree);
    seek(cursor, tree.size(), place, key);
    if (!cursor.valid()) return false;
    deliver_entry(cursor, tree, found_key, value, state.record().name);
    return true;
  });
}

u64 Handle::rank(std::string_view key) const {
  HandleState& state = checked();
  state.require_order();
  return state.read([&](const tree::TreeReader& tree) { return tree.rank(key); });
}

u64 Handle::count(const KeyInterval& interval) const {
  HandleState& state = checked();
  state.require_order();
  return state.read([&](const tree::TreeReader& tree) {
    const u64 first = interval.low ? tree.rank(*interval.low) : 0;
    const u64 last = interval.high ? tree.rank(*interval.high) : tree.size();
    return last > first ? last - first : 0;
  });
}

namespace {

std::string_view view_of(HandleState& state, const tree::ValueView& value) {
  if (value.is_inline()) return value.inline_bytes();
  value.read(state.view_buffer());
  return state.view_buffer();
}

void require_transaction(const HandleState& state) {
  if (state.mode() != HandleState::Mode::automatic) return;
  throw Error(ErrorCode::invalid_argument, state.who() +
                                               ": a view needs a transaction that keeps it alive: get the "
                                               "collection from a ReadTxn or WriteTxn, or read a copy");
}

}  // namespace

std::optional<std::string_view> Handle::view(std::string_view key) const {
  HandleState& state = checked();
  state.require_keys();
  require_transaction(state);
  return state.read([&](const tree::TreeReader& tree) -> std::optional<std::string_view> {
    const StoredKey stored(tree, key);
    const std::optional<tree::ValueView> found = tree.get(stored);
    if (!found) return std::nullopt;
    const std::string_view bytes = view_of(state, *found);
    return stored.is_long() ? split_long_entry(bytes, state.record().name).value : bytes;
  });
}

std::string_view Handle::view_at(u64 index) const {
  HandleState& state = checked();
  require_transaction(state);
  state.require_list();
  return state.read([&](const tree::TreeReader& tree) {
    if (index >= tree.size()) state.throw_past_end(index, tree.size());
    return view_of(state, tree.at(index));
  });
}

// --- Changing --------------------------------------------------------------------------------------------------------

bool Handle::put(std::string_view key, std::string_view value) {
  HandleState& state = checked();
  state.require_keys();
  return state.write([&](WriteSession& session, OpenCollection& map) { return session.put(map, key, value); });
}

bool Handle::put_if_absent(std::string_view key, std::string_view value) {
  HandleState& state = checked();
  state.require_keys();
  return state.write([&](WriteSession& session, OpenCollection& map) {
    return !session.contains(map, key) && session.put(map, key, value);
  });
}

bool Handle::erase(std::string_view key) {
  HandleState& state = checked();
  state.require_keys();
  return state.write([&](WriteSession& session, OpenCollection& map) { return session.erase(map, key); });
}

u64 Handle::erase(const KeyInterval& interval) {
  HandleState& state = checked();
  state.require_order();
  return state.write([&](WriteSession& session, OpenCollection& map) {
    return session.erase_interval(map, interval.low, interval.high);
  });
}

void Handle::insert(u64 index, std::string_view value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.insert(list, index, value);
    return true;
  });
}

void Handle::append(std::string_view value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.insert(list, list.record.root.count, value);
    return true;
  });
}

void Handle::set(u64 index, std::string_view value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.set(list, index, value);
    return true;
  });
}

void Handle::erase_at(u64 first, u64 count) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.erase_items(list, first, count);
    return true;
  });
}

void Handle::pop(bool front, Receiver value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.check_usable(list);
    const u64 size = list.record.root.count;
    if (size == 0) throw Error(ErrorCode::out_of_range, state.who() + " is empty: there is nothing to pop");
    const u64 index = front ? 0 : size - 1;
    deliver(session.reader(list).at(index), value);
    session.erase_items(list, index, 1);
    return true;
  });
}

void Handle::clear() {
  checked().write([&](WriteSession& session, OpenCollection& collection) {
    session.clear(collection);
    return true;
  });
}

}  // namespace sapwood::detail
