// What changed in a collection between two versions: changes_since() of all collections.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "sapwood/codec.h"
#include "sapwood/detail/handle.h"

namespace sapwood {

// touched: the value is the same, but the entry's time or expiry is not.
enum class ChangeKind : std::uint8_t { added, removed, changed, touched };
const char* change_name(ChangeKind kind) noexcept;  // "added", "removed", "changed", "touched"

// An entry that differs. Lists have no keys and sets no values: std::monostate.
template <class K, class V>
struct Change {
  ChangeKind kind = ChangeKind::changed;
  K key{};
  std::optional<V> before;  // not of what was added
  std::optional<V> after;   // not of what was removed
  // Its positions in the two versions; of what one has not: that of the next entry there.
  std::uint64_t before_index = 0;
  std::uint64_t after_index = 0;
};

struct ChangeSummary {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  std::uint64_t touched = 0;
  std::uint64_t pages_read = 0;  // of the two trees; large values not counted
};

namespace detail {

struct RawChange {
  ChangeKind kind = ChangeKind::changed;
  std::string_view key;
  std::string_view before;
  std::string_view after;
  std::uint64_t before_index = 0;
  std::uint64_t after_index = 0;
};
// False ends the walk.
struct ChangeReceiver {
  void* to = nullptr;
  bool (*take)(void* to, const RawChange& change) = nullptr;
};
ChangeSummary find_changes(const Handle& before, const Handle& after, ChangeReceiver receiver);

// The same with keys and values made of their bytes by `read_key` and `read_value`, given to `visit`.
template <class ReadKey, class ReadValue, class Visit>
ChangeSummary find_changes(const Handle& before, const Handle& after, ReadKey read_key, ReadValue read_value,
                           Visit& visit) {
  using Found = Change<decltype(read_key(std::string_view())), decltype(read_value(std::string_view()))>;
  auto take = [&](const RawChange& raw) -> bool {
    Found change{raw.kind, read_key(raw.key), std::nullopt, std::nullopt, raw.before_index, raw.after_index};
    if (raw.kind != ChangeKind::added) change.before = read_value(raw.before);
    if (raw.kind != ChangeKind::removed) change.after = read_value(raw.after);
    if constexpr (std::is_same_v<std::invoke_result_t<Visit&, const Found&>, bool>) {
      return visit(std::as_const(change));
    } else {
      visit(std::as_const(change));
      return true;
    }
  };
  return find_changes(before, after,
                      {&take, [](void* to, const RawChange& raw) { return (*static_cast<decltype(take)*>(to))(raw); }});
}

template <class K>
K change_key(std::string_view bytes) {
  return Codec<K>::decode_key(bytes);
}
template <class V>
V change_value(std::string_view bytes) {
  return Codec<V>::decode_value(bytes);
}
inline std::monostate change_nothing(std::string_view) { return {}; }

}  // namespace detail

}  // namespace sapwood
