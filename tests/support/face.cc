#include "tests/support/face.h"

#include <algorithm>
#include <ranges>

#include "tests/support/type_samples.h"

namespace sapwood::test {

namespace {

template <class T>
std::string key_bytes(const T& key) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_key(key, scratch));
}

template <class T>
std::string value_bytes(const T& value) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_value(value, scratch));
}

// A change of encoded values as a function of typed ones.
template <class V, class Given>
auto typed(const Face::Change& change) {
  return [&change](const Given& given) -> std::optional<V> {
    std::optional<std::string> bytes;
    if constexpr (std::is_same_v<Given, V>) bytes = value_bytes<V>(given);
    else if (given) bytes = value_bytes<V>(*given);
    const std::optional<std::string> changed = change(std::move(bytes));
    if (!changed) return std::nullopt;
    return Codec<V>::decode_value(*changed);
  };
}

template <class V>
std::optional<std::string> optional_bytes(const std::optional<V>& value) {
  if (!value) return std::nullopt;
  return value_bytes<V>(*value);
}

void require_same_view(const std::string& owned, const std::string& view) {
  if (owned != view) throw Disagreement("a view differs from the copy");
}

template <class T>
class ListFace final : public Face {
 public:
  ListFace(List<T> list, bool views) : list_(std::move(list)), views_(views) {}

  u64 size() const override { return list_.size(); }
  Entry at(u64 index) const override {
    std::string item = value_bytes<T>(list_.at(index));
    if (views_) {
      typename Codec<T>::Scratch scratch;
      require_same_view(item, std::string(Codec<T>::encode_value(list_.at_view(index), scratch)));
    }
    return {"", std::move(item)};
  }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    std::vector<Entry> result;
    const auto slice = list_.slice(first, count);
    for (const T& item : reversed ? slice.reversed() : slice) result.emplace_back("", value_bytes<T>(item));
    return result;
  }
  void clear() override { list_.clear(); }
  void extend(const std::vector<Entry>& entries) override { list_.extend(decoded(entries)); }
  void bulk_load(const std::vector<Entry>& entries) override { list_.bulk_load(decoded(entries)); }
  void insert_range(u64 at, const std::vector<Entry>& entries) override { list_.insert_range(at, decoded(entries)); }
  u64 erase_if(const Test& test) override {
    return list_.erase_if([&](const T& item) { return test({"", value_bytes<T>(item)}); });
  }
  std::optional<std::string> update_at(u64 index, const Change& change) override {
    return optional_bytes<T>(list_.update(index, typed<T, T>(change)));
  }
  void assign(u64 first, u64 count, const std::vector<Entry>& entries) override {
    list_.assign(first, count, decoded(entries));
  }
  void insert(u64 index, Bytes value) override { list_.insert(index, Codec<T>::decode_value(value)); }
  void set(u64 index, Bytes value) override { list_.set(index, Codec<T>::decode_value(value)); }
  void push_back(Bytes value) override { list_.push_back(Codec<T>::decode_value(value)); }
  void erase_items(u64 first, u64 count) override {
    if (count == 1) list_.erase(first);
    else list_.erase(first, count);
  }
  void swap_erase(u64 index) override { list_.swap_erase(index); }
  std::string pop(bool front) override { return value_bytes<T>(front ? list_.pop_front() : list_.pop_back()); }

 private:
  static std::vector<T> decoded(const std::vector<Entry>& entries) {
    std::vector<T> items;
    items.reserve(entries.size());
    for (const Entry& entry : entries) items.push_back(Codec<T>::decode_value(entry.second));
    return items;
  }
  List<T> list_;
  bool views_;
};

// SortedMap, Dict, SortedSet, Set. Those in hash order show their entries in the order of the keys, as the model has
// them, after a look that their own order is one and the same everywhere.
template <class C>
class KeyedFace final : public Face {
  using K = typename C::key_type;
  using Item = typename C::value_type;
  static constexpr bool kSorted = C::types.is_sorted();
  static constexpr bool kValues = C::types.has_values();

 public:
  KeyedFace(C keyed, bool views) : keyed_(std::move(keyed)), views_(views) {}

  u64 size() const override { return keyed_.size(); }
  Entry at(u64 index) const override {
    if constexpr (kSorted) return encoded(keyed_.select(index));
    else return entries(index, 1, false).front();
  }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    const u64 there = keyed_.size();
    if (first > there || count > there - first) throw Error(ErrorCode::out_of_range, "entries");
    std::vector<Entry> result;
    if constexpr (kSorted) {
      const auto range = reversed ? keyed_.reversed() : keyed_.range();
      auto at = range.begin();
      at += static_cast<std::ptrdiff_t>(reversed ? there - first - count : first);
      for (u64 i = 0; i < count; ++i, ++at) result.push_back(encoded(*at));
    } else {
      result = in_hash_order();
      std::ranges::sort(result);
      result = {result.begin() + static_cast<std::ptrdiff_t>(first),
                result.begin() + static_cast<std::ptrdiff_t>(first + count)};
      if (reversed) std::ranges::reverse(result);
    }
    return result;
  }
  void clear() override { keyed_.clear(); }
  void extend(const std::vector<Entry>& entries) override {
    if constexpr (kValues) keyed_.put_all(decoded(entries));
    else keyed_.insert_all(decoded(entries));
  }
  void bulk_load(const std::vector<Entry>& entries) override { keyed_.bulk_load(decoded(entries)); }

  u64 erase_if(const Test& test) override {
    return keyed_.erase_if([&](const Item& item) { return test(encoded(item)); });
  }
  std::optional<std::string> update(Bytes key, const Change& change) override {
    if constexpr (kValues) {
      using V = typename C::mapped_type;
      return optional_bytes<V>(keyed_.update(Codec<K>::decode_key(key), typed<V, std::optional<V>>(change)));
    } else {
      return Face::update(key, change);
    }
  }
  void combine(SetChange change, const std::vector<Entry>& entries) override {
    if constexpr (!kValues) {
      switch (change) {
        case SetChange::insert: return keyed_.insert_all(decoded(entries));
        case SetChange::erase: return keyed_.erase_all(decoded(entries));
        case SetChange::retain: return keyed_.retain_all(decoded(entries));
        case SetChange::toggle: return keyed_.toggle_all(decoded(entries));
      }
    }
    Face::combine(change, entries);
  }
  std::optional<Entry> pop_end(bool front) override {
    if constexpr (kSorted) {
      const auto popped = front ? keyed_.pop_first() : keyed_.pop_last();
      if (!popped) return std::nullopt;
      return encoded(*popped);
    } else {
      return Face::pop_end(front);
    }
  }

  std::optional<std::string> get(Bytes key) const override {
    const K typed = Codec<K>::decode_key(key);
    if constexpr (kValues) {
      using V = typename C::mapped_type;
      const std::optional<V> value = keyed_.get(typed);
      if (keyed_.contains(typed) != value.has_value()) throw Disagreement("contains() and get() differ");
      if (!value) return std::nullopt;
      std::string bytes = value_bytes<V>(*value);
      if (views_) {
        typename Codec<V>::Scratch scratch;
        require_same_view(bytes, std::string(Codec<V>::encode_value(keyed_.get_view(typed).value(), scratch)));
      }
      return bytes;
    } else {
      return keyed_.contains(typed) ? std::optional<std::string>("") : std::nullopt;
    }
  }
  bool put(Bytes key, Bytes value) override {
    const K typed = Codec<K>::decode_key(key);
    if constexpr (kValues) return keyed_.put(typed, Codec<typename C::mapped_type>::decode_value(value));
    else return keyed_.insert(typed);
  }
  bool put_if_absent(Bytes key, Bytes value) override {
    const K typed = Codec<K>::decode_key(key);
    if constexpr (kValues) return keyed_.put_if_absent(typed, Codec<typename C::mapped_type>::decode_value(value));
    else return keyed_.insert(typed);
  }
  bool erase(Bytes key) override { return keyed_.erase(Codec<K>::decode_key(key)); }
  u64 erase_between(Bytes low, Bytes high) override {
    if constexpr (kSorted) return keyed_.erase(Codec<K>::decode_key(low), Codec<K>::decode_key(high));
    else return Face::erase_between(low, high);
  }
  u64 rank(Bytes key) const override {
    if constexpr (kSorted) return keyed_.rank(Codec<K>::decode_key(key));
    else return Face::rank(key);
  }
  u64 count(Bytes low, Bytes high) const override {
    if constexpr (kSorted) return keyed_.count(Codec<K>::decode_key(low), Codec<K>::decode_key(high));
    else return Face::count(low, high);
  }
  std::optional<Entry> near(detail::Near place, Bytes key) const override {
    if constexpr (kSorted) {
      const bool at_end = place == detail::Near::first || place == detail::Near::last;
      const auto found = find_near(place, at_end ? K{} : Codec<K>::decode_key(key));
      if (!found) return std::nullopt;
      return encoded(*found);
    } else {
      return Face::near(place, key);
    }
  }
  std::vector<Entry> between(Bytes low, Bytes high, bool reversed) const override {
    if constexpr (kSorted) {
      const auto range = keyed_.range(Codec<K>::decode_key(low), Codec<K>::decode_key(high));
      std::vector<Entry> result;
      for (const auto& entry : reversed ? range.reversed() : range) result.push_back(encoded(entry));
      if (range.size() != result.size()) throw Disagreement("a range's size is not what it gives");
      return result;
    } else {
      return Face::between(low, high, reversed);
    }
  }

 private:
  static Entry encoded(const Item& item) {
    if constexpr (kValues) return {key_bytes<K>(item.first), value_bytes<typename C::mapped_type>(item.second)};
    else return {key_bytes<K>(item), ""};
  }
  static std::vector<Item> decoded(const std::vector<Entry>& entries) {
    std::vector<Item> result;
    for (const Entry& entry : entries) {
      if constexpr (kValues) {
        result.emplace_back(Codec<K>::decode_key(entry.first),
                            Codec<typename C::mapped_type>::decode_value(entry.second));
      } else {
        result.push_back(Codec<K>::decode_key(entry.first));
      }
    }
    return result;
  }
  std::vector<Entry> in_hash_order() const {
    std::vector<Entry> forwards;
    std::vector<Entry> backwards;
    const auto range = keyed_.range();
    for (const auto& item : range) forwards.push_back(encoded(item));
    for (const auto& item : range.reversed()) backwards.push_back(encoded(item));
    if (!std::ranges::equal(forwards, backwards | std::views::reverse)) throw Disagreement("order differs backwards");
    if (!forwards.empty()) {
      const u64 middle = forwards.size() / 2;
      if (encoded(keyed_.select(middle)) != forwards[middle]) throw Disagreement("select() and the order differ");
    }
    return forwards;
  }
  std::optional<Item> find_near(detail::Near place, const K& key) const {
    switch (place) {
      case detail::Near::first: return keyed_.first();
      case detail::Near::last: return keyed_.last();
      case detail::Near::lower: return keyed_.lower(key);
      case detail::Near::floor: return keyed_.floor(key);
      case detail::Near::ceiling: return keyed_.ceiling(key);
      case detail::Near::higher: return keyed_.higher(key);
    }
    throw std::logic_error("place");
  }
  C keyed_;
  bool views_;
};

using ByteVector = std::vector<std::byte>;

// Calls `make` with a value of the C++ type.
template <class Make>
std::unique_ptr<Face> with_type(const TypeInfo& type, Make&& make) {
  switch (type.type) {
    case ValueType::string: return make(std::string());
    case ValueType::bytes: return make(ByteVector());
    case ValueType::int64: return make(i64{});
    case ValueType::float64: return make(double{});
    default: throw std::logic_error("type");
  }
}

// The same with the type of a list's items.
template <class Make>
std::unique_ptr<Face> with_item_type(const TypeInfo& type, Make&& make) {
  if (type == Codec<Celsius>::type) return make(Celsius());
  if (type == Codec<Atom>::type) return make(Atom());
  if (type == ValueType::boolean) return make(bool{});
  return with_type(type, make);
}

template <class From>
std::unique_ptr<Face> typed_face(From& from, const std::string& name, const CollectionTypes& types, bool views) {
  const auto keyed = [&]<class C>(C collection) -> std::unique_ptr<Face> {
    return std::make_unique<KeyedFace<C>>(std::move(collection), views);
  };
  // Only what known_collections() has: each pair of types is code to compile.
  switch (types.key.type) {
    case ValueType::tuple: return keyed(from.template sorted_map<Section, std::string>(name));
    case ValueType::uuid: return keyed(from.template dict<Uuid, DateTime>(name));
    case ValueType::datetime: return keyed(from.template sorted_map<DateTime, Json>(name));
    case ValueType::int128: return keyed(from.template sorted_set<Int128>(name));
    case ValueType::int32: return keyed(from.template sorted_map<std::int32_t, u64>(name));
    default: break;
  }
  if (types.kind == CollectionKind::records) return records_face(from.template records<std::string>(name), views);
  if (types.value.type == ValueType::any) return keyed(from.template dict<std::string, AnyValue>(name));
  if (types.kind == CollectionKind::list) {
    return with_item_type(types.value, [&]<class T>(T) -> std::unique_ptr<Face> {
      return std::make_unique<ListFace<T>>(from.template list<T>(name), views);
    });
  }
  return with_type(types.key, [&]<class K>(K) {
    switch (types.kind) {
      case CollectionKind::set: return keyed(from.template set<K>(name));
      case CollectionKind::sorted_set: return keyed(from.template sorted_set<K>(name));
      case CollectionKind::dict:
        return with_type(types.value, [&]<class V>(V) { return keyed(from.template dict<K, V>(name)); });
      default: return with_type(types.value, [&]<class V>(V) { return keyed(from.template sorted_map<K, V>(name)); });
    }
  });
}

}  // namespace

std::unique_ptr<Face> face_of(Database& from, const std::string& name, const CollectionTypes& types,
                              const CollectionOptions& options) {
  if (options != CollectionOptions() && !from.has(name)) from.any(name, types, options);
  return typed_face(from, name, types, false);
}
std::unique_ptr<Face> face_of(WriteTxn& from, const std::string& name, const CollectionTypes& types,
                              const CollectionOptions& options) {
  if (options != CollectionOptions() && !from.has(name)) from.any(name, types, options);
  return typed_face(from, name, types, true);
}
std::unique_ptr<Face> face_of(const ReadTxn& from, const std::string& name, const CollectionTypes& types) {
  return typed_face(from, name, types, true);
}

}  // namespace sapwood::test
