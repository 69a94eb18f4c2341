// detail::Handle: reading one collection.
#include "sapwood/detail/handle.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "collections/handle_state.h"
#include "tree/cursor.h"

namespace sapwood::detail {

using collections::CollectionTree;
using collections::deliver;
using collections::deliver_entry;
using collections::deliver_long;
using collections::EntryReader;
using collections::FoundEntry;
using collections::HandleState;
using collections::split_long_entry;
using collections::StoredKey;

namespace {

struct Taken {
  ManyReceiver values;
  std::size_t index;
};

Receiver into(std::string& value) {
  return {&value, [](void* to, std::string_view bytes) { static_cast<std::string*>(to)->assign(bytes); }};
}

// The user's value without a copy more than need be.
void read_formed(const CollectionTree& tree, const tree::ValueView& stored, std::string& value) {
  std::string bytes;
  if (!stored.is_inline()) stored.read(bytes);
  const Bytes found = tree.user_value(stored.is_inline() ? stored.inline_bytes() : Bytes(bytes), value);
  if (found.data() != value.data()) value.assign(found);
}

}  // namespace

HandleState& Handle::checked() const {
  if (state_ == nullptr) [[unlikely]]
    throw Error(ErrorCode::ended, "the handle belongs to no collection");
  return *state_;
}

Handle Handle::pinned() const {
  HandleState& state = checked();
  if (state.mode() != HandleState::Mode::automatic) return *this;
  return Handle(state.in_snapshot(std::make_shared<collections::HeldSnapshot>(state.environment())));
}

Handle Handle::beside(const Handle& other) const {
  HandleState& state = checked();
  HandleState& beside = other.checked();
  const bool can_follow = state.mode() == HandleState::Mode::automatic &&
                          beside.mode() != HandleState::Mode::automatic && state.environment() == beside.environment();
  return can_follow ? Handle(state.in_transaction_of(beside)) : pinned();
}

const std::string& Handle::name() const { return checked().record().name; }
CollectionTypes Handle::types() const { return checked().record().types; }
CollectionOptions Handle::options() const { return collections::options_of(checked().record().form); }

u64 Handle::size() const {
  return checked().read([](const CollectionTree& tree) { return tree.size(); });
}

bool Handle::get(std::string_view key, Receiver value) const {
  HandleState& state = checked();
  state.require_keys();
  return state.read([&](const CollectionTree& tree) { return collections::read_value(tree, key, value); });
}

bool Handle::get(std::string_view key, std::string& value) const {
  HandleState& state = checked();
  state.require_keys();
  return state.read([&](const CollectionTree& tree) {
    const FoundEntry found(tree, key);
    if (!found) return false;
    if (tree.is_plain() && !found.is_long()) [[likely]] {
      found.stored().read(value);
    } else if (found.is_long()) {
      deliver_long(tree, found.stored(), {}, into(value));
    } else {
      read_formed(tree, found.stored(), value);
    }
    return true;
  });
}

void Handle::get_many(std::span<const std::string_view> keys, ManyReceiver values) const {
  constexpr std::size_t kTogether = tree::TreeReader::kMaxTogether;
  HandleState& state = checked();
  state.require_keys();
  state.read([&](const CollectionTree& tree) {
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
        if (tree.may_expire()) collections::read_value(tree, keys[first + i], receiver);
        else if (stored[i]->is_long()) deliver_long(tree, *found[i], {}, receiver);
        else deliver(tree, *found[i], receiver);
      }
    }
    return true;
  });
}

void Handle::at(u64 index, Receiver key, Receiver value) const {
  HandleState& state = checked();
  state.read([&](const CollectionTree& tree) {
    if (index >= tree.size()) [[unlikely]]
      state.throw_past_end(index, tree.size());
    if (!state.record().types.has_keys()) {
      deliver(tree, tree.at(index), value);
      return true;
    }
    tree::Cursor cursor(tree);
    cursor.seek_index(index);
    deliver_entry(cursor, tree, key, value);
    return true;
  });
}

void Handle::at(u64 index, std::string& value) const {
  HandleState& state = checked();
  state.require_list();
  state.read([&](const CollectionTree& tree) {
    if (index >= tree.size()) [[unlikely]]
      state.throw_past_end(index, tree.size());
    if (tree.is_plain()) [[likely]]
      tree.at(index).read(value);
    else read_formed(tree, tree.at(index), value);
    return true;
  });
}

void Handle::at_many(std::span<const u64> indexes, ManyEntries entries) const {
  constexpr std::size_t kTogether = tree::TreeReader::kMaxTogether;
  HandleState& state = checked();
  const bool is_list = !state.record().types.has_keys();
  state.read([&](const CollectionTree& tree) {
    for (const u64 index : indexes) {
      if (index >= tree.size()) state.throw_past_end(index, tree.size());
    }
    tree::Cursor cursor(tree);
    EntryReader entry;
    for (std::size_t i = 0; !is_list && i < indexes.size(); ++i) {
      cursor.seek_index(indexes[i]);
      entry.read(cursor, tree);
      entries.take(entries.to, i, entry.key(), entry.value());
    }
    std::array<tree::ValueView, kTogether> found;
    std::string bytes;
    std::string decoded;
    for (std::size_t first = 0; is_list && first < indexes.size(); first += kTogether) {
      const std::size_t count = std::min(kTogether, indexes.size() - first);
      tree.at_many(indexes.subspan(first, count), std::span(found).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        if (!found[i].is_inline()) found[i].read(bytes);
        const Bytes value = found[i].is_inline() ? found[i].inline_bytes() : Bytes(bytes);
        entries.take(entries.to, first + i, {}, tree.user_value(value, decoded));
      }
    }
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

namespace {

void skip_expired(tree::Cursor& cursor, const CollectionTree& tree, Near place) {
  const bool backwards = place == Near::last || place == Near::lower || place == Near::floor;
  EntryReader entry;
  while (cursor.valid()) {
    entry.read(cursor, tree);
    if (!entry.expired()) return;
    if (!backwards) cursor.next();
    else if (cursor.index() == 0) cursor.seek_index(tree.size());
    else cursor.prev();
  }
}

}  // namespace

bool Handle::near(Near place, std::string_view key, Receiver found_key, Receiver value) const {
  HandleState& state = checked();
  if (place != Near::first && place != Near::last) state.require_order();
  return state.read([&](const CollectionTree& tree) {
    if (tree.size() == 0) return false;
    tree::Cursor cursor(tree);
    seek(cursor, tree.size(), place, key);
    if (tree.may_expire()) skip_expired(cursor, tree, place);
    if (!cursor.valid()) return false;
    deliver_entry(cursor, tree, found_key, value);
    return true;
  });
}

u64 Handle::rank(std::string_view key) const {
  HandleState& state = checked();
  state.require_order();
  return state.read([&](const CollectionTree& tree) { return tree.rank(key); });
}

u64 Handle::count(const KeyInterval& interval) const {
  HandleState& state = checked();
  state.require_order();
  return state.read([&](const CollectionTree& tree) {
    const u64 first = interval.low ? tree.rank(*interval.low) : 0;
    const u64 last = interval.high ? tree.rank(*interval.high) : tree.size();
    return last > first ? last - first : 0;
  });
}

std::optional<u64> Handle::find(u64 first, EntryTest test) const {
  HandleState& state = checked();
  return state.read([&](const CollectionTree& tree) -> std::optional<u64> {
    tree::Cursor cursor(tree);
    EntryReader entry;
    for (cursor.seek_index(first); cursor.valid(); cursor.next()) {
      entry.read(cursor, tree);
      if (!entry.expired() && test.ask(test.self, entry.key(), entry.value())) return cursor.index();
    }
    return std::nullopt;
  });
}

u64 Handle::count(EntryTest test) const {
  HandleState& state = checked();
  return state.read([&](const CollectionTree& tree) {
    tree::Cursor cursor(tree);
    EntryReader entry;
    u64 passed = 0;
    for (cursor.seek_first(); cursor.valid(); cursor.next()) {
      entry.read(cursor, tree);
      if (!entry.expired() && test.ask(test.self, entry.key(), entry.value())) ++passed;
    }
    return passed;
  });
}

void Handle::read_items(u64 first, u64 count, void* to) const {
  HandleState& state = checked();
  state.require_list();
  state.require_fixed();
  state.read([&](const CollectionTree& tree) {
    const u64 size = tree.size();
    if (first > size) state.throw_past_end(first, size);
    if (count > size - first) state.throw_past_end(first + count - 1, size);
    char* at = static_cast<char*>(to);
    tree::Cursor cursor(tree);
    cursor.seek_index(first);
    for (u64 left = count; left > 0;) {
      const Bytes values = cursor.values(left);
      std::memcpy(at, values.data(), values.size());
      const u32 here = static_cast<u32>(values.size() / tree.shape().value_width);
      at += values.size();
      left -= here;
      cursor.skip(here);
    }
    return true;
  });
}

namespace {

// Of the value in `stored`; of a long key's entry the value behind the key.
std::string_view view_of(HandleState& state, const CollectionTree& tree, const tree::ValueView& value, bool is_long) {
  std::string_view stored;
  if (const std::optional<Bytes> whole = value.in_one_piece()) {
    stored = *whole;
  } else {
    value.read(state.view_buffer());
    stored = state.view_buffer();
  }
  if (is_long) stored = split_long_entry(stored, state.record().name).value;
  if (tree.is_plain()) [[likely]]
    return stored;
  std::string decoded;
  const std::string_view bytes = tree.user_value(stored, decoded);
  if (bytes.data() != decoded.data()) return bytes;
  state.view_buffer() = std::move(decoded);
  return state.view_buffer();
}

}  // namespace

std::optional<std::string_view> Handle::view(std::string_view key) const {
  HandleState& state = checked();
  state.require_keys();
  state.require_transaction();
  return state.read([&](const CollectionTree& tree) -> std::optional<std::string_view> {
    const FoundEntry found(tree, key);
    if (!found) return std::nullopt;
    return view_of(state, tree, found.stored(), found.is_long());
  });
}

std::string_view Handle::view_at(u64 index) const {
  HandleState& state = checked();
  state.require_transaction();
  state.require_list();
  return state.read([&](const CollectionTree& tree) {
    if (index >= tree.size()) state.throw_past_end(index, tree.size());
    return view_of(state, tree, tree.at(index), false);
  });
}

}  // namespace sapwood::detail
