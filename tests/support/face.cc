#include "tests/support/face.h"

namespace sapwood::test {

namespace {

template <class T>
std::string key_bytes(const T& key) {
  detail::Scratch scratch;
  return std::string(Codec<T>::encode_key(key, scratch));
}

template <class T>
std::string value_bytes(const T& value) {
  detail::Scratch scratch;
  return std::string(Codec<T>::encode_value(value, scratch));
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
      detail::Scratch scratch;
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
  void insert(u64 index, Bytes value) override { list_.insert(index, Codec<T>::decode_value(value)); }
  void set(u64 index, Bytes value) override { list_.set(index, Codec<T>::decode_value(value)); }
  void push_back(Bytes value) override { list_.push_back(Codec<T>::decode_value(value)); }
  void erase_items(u64 first, u64 count) override {
    if (count == 1) list_.erase(first);
    else list_.erase(first, count);
  }
  std::string pop(bool front) override { return value_bytes<T>(front ? list_.pop_front() : list_.pop_back()); }

 private:
  static std::vector<T> decoded(const std::vector<Entry>& entries) {
    std::vector<T> items;
    for (const Entry& entry : entries) items.push_back(Codec<T>::decode_value(entry.second));
    return items;
  }
  List<T> list_;
  bool views_;
};

template <class K, class V>
class MapFace final : public Face {
 public:
  MapFace(SortedMap<K, V> map, bool views) : map_(std::move(map)), views_(views) {}

  u64 size() const override { return map_.size(); }
  Entry at(u64 index) const override { return encoded(map_.select(index)); }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    const u64 there = map_.size();
    if (first > there || count > there - first) throw Error(ErrorCode::out_of_range, "entries");
    const auto range = reversed ? map_.reversed() : map_.range();
    auto at = range.begin();
    at += static_cast<std::ptrdiff_t>(reversed ? there - first - count : first);
    std::vector<Entry> result;
    for (u64 i = 0; i < count; ++i, ++at) result.push_back(encoded(*at));
    return result;
  }
  void clear() override { map_.clear(); }
  void extend(const std::vector<Entry>& entries) override { map_.put_all(decoded(entries)); }
  void bulk_load(const std::vector<Entry>& entries) override { map_.bulk_load(decoded(entries)); }

  std::optional<std::string> get(Bytes key) const override {
    const K typed = Codec<K>::decode_key(key);
    const std::optional<V> value = map_.get(typed);
    if (map_.contains(typed) != value.has_value()) throw Disagreement("contains() and get() differ");
    if (!value) return std::nullopt;
    std::string bytes = value_bytes<V>(*value);
    if (views_) {
      detail::Scratch scratch;
      require_same_view(bytes, std::string(Codec<V>::encode_value(map_.get_view(typed).value(), scratch)));
    }
    return bytes;
  }
  bool put(Bytes key, Bytes value) override {
    return map_.put(Codec<K>::decode_key(key), Codec<V>::decode_value(value));
  }
  bool put_if_absent(Bytes key, Bytes value) override {
    return map_.put_if_absent(Codec<K>::decode_key(key), Codec<V>::decode_value(value));
  }
  bool erase(Bytes key) override { return map_.erase(Codec<K>::decode_key(key)); }
  u64 erase_between(Bytes low, Bytes high) override {
    return map_.erase(Codec<K>::decode_key(low), Codec<K>::decode_key(high));
  }
  u64 rank(Bytes key) const override { return map_.rank(Codec<K>::decode_key(key)); }
  u64 count(Bytes low, Bytes high) const override {
    return map_.count(Codec<K>::decode_key(low), Codec<K>::decode_key(high));
  }
  std::optional<Entry> near(detail::Near place, Bytes key) const override {
    const auto found =
        find_near(place, place == detail::Near::first || place == detail::Near::last ? K{} : Codec<K>::decode_key(key));
    if (!found) return std::nullopt;
    return encoded(*found);
  }
  std::vector<Entry> between(Bytes low, Bytes high, bool reversed) const override {
    const auto range = map_.range(Codec<K>::decode_key(low), Codec<K>::decode_key(high));
    std::vector<Entry> result;
    for (const auto& entry : reversed ? range.reversed() : range) result.push_back(encoded(entry));
    if (range.size() != result.size()) throw Disagreement("a range's size is not what it gives");
    return result;
  }

 private:
  static Entry encoded(const std::pair<K, V>& entry) {
    return {key_bytes<K>(entry.first), value_bytes<V>(entry.second)};
  }
  static std::vector<std::pair<K, V>> decoded(const std::vector<Entry>& entries) {
    std::vector<std::pair<K, V>> result;
    for (const Entry& entry : entries) {
      result.emplace_back(Codec<K>::decode_key(entry.first), Codec<V>::decode_value(entry.second));
    }
    return result;
  }
  std::optional<std::pair<K, V>> find_near(detail::Near place, const K& key) const {
    switch (place) {
      case detail::Near::first: return map_.first();
      case detail::Near::last: return map_.last();
      case detail::Near::lower: return map_.lower(key);
      case detail::Near::floor: return map_.floor(key);
      case detail::Near::ceiling: return map_.ceiling(key);
      case detail::Near::higher: return map_.higher(key);
    }
    throw std::logic_error("place");
  }
  SortedMap<K, V> map_;
  bool views_;
};

using ByteVector = std::vector<std::byte>;

template <class K, class From>
std::unique_ptr<Face> map_face(From& from, const std::string& name, ValueType value, bool views) {
  const auto make = [&]<class V>(V) {
    return std::make_unique<MapFace<K, V>>(from.template sorted_map<K, V>(name), views);
  };
  switch (value) {
    case ValueType::string: return make(std::string());
    case ValueType::bytes: return make(ByteVector());
    case ValueType::int64: return make(i64{});
    case ValueType::float64: return make(double{});
    default: throw std::logic_error("value type");
  }
}

template <class From>
std::unique_ptr<Face> typed_face(From& from, const std::string& name, const CollectionTypes& types, bool views) {
  const auto list = [&]<class T>(T) { return std::make_unique<ListFace<T>>(from.template list<T>(name), views); };
  const ValueType chosen = types.kind == CollectionKind::list ? types.value : types.key;
  const bool is_list = types.kind == CollectionKind::list;
  switch (chosen) {
    case ValueType::string:
      if (is_list) return list(std::string());
      return map_face<std::string>(from, name, types.value, views);
    case ValueType::bytes:
      if (is_list) return list(ByteVector());
      return map_face<ByteVector>(from, name, types.value, views);
    case ValueType::int64:
      if (is_list) return list(i64{});
      return map_face<i64>(from, name, types.value, views);
    case ValueType::float64:
      if (is_list) return list(double{});
      return map_face<double>(from, name, types.value, views);
    default: throw std::logic_error("key type");
  }
}

}  // namespace

std::unique_ptr<Face> face_of(Database& from, const std::string& name, const CollectionTypes& types) {
  return typed_face(from, name, types, false);
}
std::unique_ptr<Face> face_of(WriteTxn& from, const std::string& name, const CollectionTypes& types) {
  return typed_face(from, name, types, true);
}
std::unique_ptr<Face> face_of(const ReadTxn& from, const std::string& name, const CollectionTypes& types) {
  return typed_face(from, name, types, true);
}

}  // namespace sapwood::test
