#include "tests/support/model.h"

#include <algorithm>

#include "tests/support/random.h"

namespace sapwood::test {

ModelCollection& Model::edit(const std::string& name, const CollectionTypes& types) {
  std::shared_ptr<ModelCollection>& slot = collections_[name];
  if (slot == nullptr) {
    slot = std::make_shared<ModelCollection>();
    slot->types = types;
    if (is_nest(types)) {
      auto root = std::make_unique<NestNode>();
      root->types = types;
      slot->nest = Nest(std::move(root));
    }
  } else if (slot.use_count() > 1) {
    slot = std::make_shared<ModelCollection>(*slot);
  }
  return *slot;
}

void Model::rename(const std::string& from, const std::string& to) {
  auto node = collections_.extract(from);
  node.key() = to;
  collections_.insert(std::move(node));
}

std::vector<std::string> Model::names() const {
  std::vector<std::string> result;
  result.reserve(collections_.size());
  for (const auto& [name, collection] : collections_) result.push_back(name);
  return result;
}

bool Model::operator==(const Model& other) const {
  const auto is_same = [](const auto& one, const auto& two) {
    return one.first == two.first && (one.second == two.second || *one.second == *two.second);
  };
  return std::ranges::equal(collections_, other.collections_, is_same) &&
         std::ranges::equal(named_, other.named_, is_same);
}

void Model::set_named(const std::string& name, std::shared_ptr<const Model> then) {
  if (then == nullptr) named_.erase(name);
  else named_[name] = std::move(then);
}

namespace {

[[noreturn]] void fail(ErrorCode code) { throw Error(code, "the model says so"); }

// Of lists and records.
class ModelListFace final : public Face {
  using Row = Records<std::string>::Row;

 public:
  explicit ModelListFace(std::vector<std::string>& items) : items_(items) {}
  u64 size() const override { return items_.size(); }
  Entry at(u64 index) const override {
    if (index >= items_.size()) fail(ErrorCode::out_of_range);
    return {"", items_[index]};
  }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    require_there(first, count);
    std::vector<Entry> result;
    for (u64 i = first; i < first + count; ++i) result.emplace_back("", items_[i]);
    if (reversed) std::ranges::reverse(result);
    return result;
  }
  void clear() override { items_.clear(); }
  void extend(const std::vector<Entry>& entries) override { insert_range(items_.size(), entries); }
  void bulk_load(const std::vector<Entry>& entries) override {
    if (!items_.empty()) fail(ErrorCode::invalid_argument);
    extend(entries);
  }
  void insert_range(u64 index, const std::vector<Entry>& entries) override {
    if (index > items_.size()) fail(ErrorCode::out_of_range);
    std::vector<std::string> values;
    values.reserve(entries.size());
    for (const Entry& entry : entries) values.push_back(entry.second);
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(index), values.begin(), values.end());
  }
  void insert(u64 index, Bytes value) override {
    if (index > items_.size()) fail(ErrorCode::out_of_range);
    items_.emplace(items_.begin() + static_cast<std::ptrdiff_t>(index), value);
  }
  u64 erase_if(const Test& test) override {
    return std::erase_if(items_, [&](const std::string& item) { return test({"", item}); });
  }
  std::optional<std::string> update_at(u64 index, const Change& change) override {
    if (index >= items_.size()) fail(ErrorCode::out_of_range);
    std::optional<std::string> value = change(items_[index]);
    if (value) items_[index] = *value;
    else erase_items(index, 1);
    return value;
  }
  void assign(u64 first, u64 count, const std::vector<Entry>& entries) override {
    erase_items(first, count);
    insert_range(first, entries);
  }
  void set(u64 index, Bytes value) override {
    if (index >= items_.size()) fail(ErrorCode::out_of_range);
    items_[index] = value;
  }
  void push_back(Bytes value) override { items_.emplace_back(value); }
  void merge_fields(u64 index, Bytes row) override {
    if (index >= items_.size()) fail(ErrorCode::out_of_range);
    Row merged = detail::decode_row<std::string>(items_[index]).value_or(Row());
    const Row fields = detail::decode_row<std::string>(row).value_or(Row());
    for (const auto& [name, value] : fields) merged[name] = value;
    items_[index] = std::string(detail::EncodedRow<std::string>(merged));
  }
  u64 drop_field(std::optional<u64> index, const std::string& name) override {
    if (index && *index >= items_.size()) fail(ErrorCode::out_of_range);
    u64 dropped = 0;
    for (u64 i = index.value_or(0); i < (index ? *index + 1 : items_.size()); ++i) {
      std::optional<Row> row = detail::decode_row<std::string>(items_[i]);
      if (!row || row->erase(name) == 0) continue;
      items_[i] = std::string(detail::EncodedRow<std::string>(*row));
      ++dropped;
    }
    return dropped;
  }
  std::vector<std::optional<std::string>> column(const std::string& name) const override {
    std::vector<std::optional<std::string>> values;
    for (const std::string& item : items_) {
      const Row row = detail::decode_row<std::string>(item).value_or(Row());
      const auto found = row.find(name);
      values.push_back(found == row.end() ? std::nullopt : std::optional(found->second));
    }
    return values;
  }
  void erase_items(u64 first, u64 count) override {
    require_there(first, count);
    const auto from = items_.begin() + static_cast<std::ptrdiff_t>(first);
    items_.erase(from, from + static_cast<std::ptrdiff_t>(count));
  }
  void swap_erase(u64 index) override {
    if (index >= items_.size()) fail(ErrorCode::out_of_range);
    std::swap(items_[index], items_.back());
    items_.pop_back();
  }
  std::string pop(bool front) override {
    if (items_.empty()) fail(ErrorCode::out_of_range);
    std::string item = front ? items_.front() : items_.back();
    erase_items(front ? 0 : items_.size() - 1, 1);
    return item;
  }

 private:
  void require_there(u64 first, u64 count) const {
    if (first > items_.size() || count > items_.size() - first) fail(ErrorCode::out_of_range);
  }
  std::vector<std::string>& items_;
};

class ModelMapFace final : public Face {
 public:
  using Entries = std::map<std::string, std::string>;
  ModelMapFace(Entries& entries, u64 max_key) : entries_(entries), max_key_(max_key) {}
  u64 size() const override { return entries_.size(); }
  Entry at(u64 index) const override {
    if (index >= entries_.size()) fail(ErrorCode::out_of_range);
    return *std::next(entries_.begin(), static_cast<std::ptrdiff_t>(index));
  }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    if (first > entries_.size() || count > entries_.size() - first) fail(ErrorCode::out_of_range);
    auto at = std::next(entries_.begin(), static_cast<std::ptrdiff_t>(first));
    std::vector<Entry> result;
    for (u64 i = 0; i < count; ++i) result.push_back(*at++);
    if (reversed) std::ranges::reverse(result);
    return result;
  }
  void clear() override { entries_.clear(); }
  void extend(const std::vector<Entry>& entries) override {
    for (const Entry& entry : entries) require_fit(entry.first);
    for (const Entry& entry : entries) put(entry.first, entry.second);
  }
  void bulk_load(const std::vector<Entry>& entries) override {
    if (!entries_.empty()) fail(ErrorCode::invalid_argument);
    extend(entries);
  }
  std::optional<std::string> get(Bytes key) const override {
    const auto found = entries_.find(std::string(key));
    if (found == entries_.end()) return std::nullopt;
    return found->second;
  }
  bool put(Bytes key, Bytes value) override {
    require_fit(key);
    return entries_.insert_or_assign(std::string(key), value).second;
  }
  bool put_if_absent(Bytes key, Bytes value) override {
    require_fit(key);
    return entries_.try_emplace(std::string(key), value).second;
  }
  bool erase(Bytes key) override { return entries_.erase(std::string(key)) != 0; }
  u64 erase_if(const Test& test) override {
    return std::erase_if(entries_, [&](const auto& entry) { return test({entry.first, entry.second}); });
  }
  std::optional<std::string> update(Bytes key, const Change& change) override {
    std::optional<std::string> value = change(get(key));
    if (value) put(key, *value);
    else erase(key);
    return value;
  }
  void combine(SetChange change, const std::vector<Entry>& entries) override {
    const Entries told(entries.begin(), entries.end());
    if (change == SetChange::insert || change == SetChange::toggle) {
      for (const auto& [key, value] : told) require_fit(key);
    }
    if (change == SetChange::retain) {
      std::erase_if(entries_, [&](const auto& entry) { return !told.contains(entry.first); });
      return;
    }
    for (const auto& [key, value] : told) {
      if (change == SetChange::insert || !erase(key)) {
        if (change != SetChange::erase) put(key, value);
      }
    }
  }
  std::optional<Entry> pop_end(bool front) override {
    if (entries_.empty()) return std::nullopt;
    const auto at = front ? entries_.begin() : std::prev(entries_.end());
    Entry entry = *at;
    entries_.erase(at);
    return entry;
  }
  u64 erase_between(Bytes low, Bytes high) override {
    const u64 before = entries_.size();
    if (low < high) entries_.erase(lower(low), lower(high));
    return before - entries_.size();
  }
  u64 rank(Bytes key) const override { return static_cast<u64>(std::distance(entries_.cbegin(), lower(key))); }
  u64 count(Bytes low, Bytes high) const override {
    return low < high ? static_cast<u64>(std::distance(lower(low), lower(high))) : 0;
  }
  std::optional<Entry> near(detail::Near place, Bytes key) const override {
    auto at = place == detail::Near::last ? entries_.end() : lower(key);
    const bool equal = at != entries_.end() && at->first == key;
    if (place == detail::Near::first) at = entries_.begin();
    if (place == detail::Near::higher && equal) ++at;
    if (place == detail::Near::lower || place == detail::Near::last || (place == detail::Near::floor && !equal)) {
      if (at == entries_.begin()) return std::nullopt;
      --at;
    }
    if (at == entries_.end()) return std::nullopt;
    return *at;
  }
  std::vector<Entry> between(Bytes low, Bytes high, bool reversed) const override {
    std::vector<Entry> result;
    if (low < high) result.assign(lower(low), lower(high));
    if (reversed) std::ranges::reverse(result);
    return result;
  }

 private:
  void require_fit(Bytes key) const {
    if (key.size() > max_key_) fail(ErrorCode::too_long);
  }
  Entries::const_iterator lower(Bytes key) const { return std::as_const(entries_).lower_bound(std::string(key)); }
  Entries& entries_;
  u64 max_key_;
};

[[noreturn]] void disagree(const std::string& name, const std::string& what) {
  throw Disagreement("collection '" + name + "': " + what);
}

void require_same_entries(const std::string& name, const Face& face, const Face& expected, bool reversed) {
  const u64 size = expected.size();
  if (face.size() != size) {
    disagree(name, "size " + std::to_string(face.size()) + " instead of " + std::to_string(size));
  }
  const std::vector<Entry> found = face.entries(0, size, reversed);
  const std::vector<Entry> wanted = expected.entries(0, size, reversed);
  for (u64 i = 0; i < size; ++i) {
    if (found[i] != wanted[i])
      disagree(name, (reversed ? "backwards, " : "") + std::string("entry ") + std::to_string(i));
  }
}

void require_same_access(const std::string& name, const Face& face, const ModelCollection& model, Rng& random) {
  const u64 size = model.size();
  const u64 samples = std::min<u64>(size, 8);
  const std::vector<std::string>& items = model.items;
  for (u64 i = 0; i < samples; ++i) {
    const u64 index = below(random, size);
    if (!model.types.has_keys()) {
      if (face.at(index).second != items[index]) disagree(name, "item " + std::to_string(index));
      continue;
    }
    const Entry expected = *std::next(model.entries.begin(), static_cast<std::ptrdiff_t>(index));
    // Hashed ones have no place for each key: at() would read all of them again.
    if (model.types.is_sorted() && face.at(index) != expected) disagree(name, "select(" + std::to_string(index) + ")");
    if (model.types.is_sorted() && face.rank(expected.first) != index)
      disagree(name, "rank of entry " + std::to_string(index));
    if (face.get(expected.first) != expected.second) disagree(name, "get of entry " + std::to_string(index));
  }
}

}  // namespace

std::unique_ptr<Face> model_face(ModelCollection& collection, u64 max_key) {
  if (!collection.types.has_keys()) return std::make_unique<ModelListFace>(collection.items);
  return std::make_unique<ModelMapFace>(collection.entries, max_key);
}

Model dump(const ReadTxn& snapshot) {
  Model model;
  for (const CollectionInfo& info : snapshot.collections()) {
    if (is_nest(info.types)) {
      model.edit(info.name, info.types).nest = read_nest(snapshot.any(info.name));
      continue;
    }
    const std::unique_ptr<Face> face = face_of(snapshot, info.name, info.types);
    ModelCollection& to = model.edit(info.name, info.types);
    if (face->size() != info.count) disagree(info.name, "collections() and size() differ");
    for (Entry& entry : face->entries(0, info.count, false)) {
      if (!info.types.has_keys()) to.items.push_back(std::move(entry.second));
      else to.entries.emplace_hint(to.entries.end(), std::move(entry));
    }
    if (to.size() != info.count) disagree(info.name, "keys repeat");
  }
  return model;
}

Model dump(const Database& database) {
  Model model = dump(database.read());
  for (const SnapshotInfo& info : database.snapshots()) {
    model.set_named(info.name, std::make_shared<const Model>(dump(database.at(info.name))));
  }
  return model;
}

std::string difference(const Model& found, const Model& expected) {
  std::string text;
  for (const auto& [name, then] : expected.named()) {
    if (!found.named().contains(name)) text += "no snapshot '" + name + "'; ";
    else if (const std::string what = difference(*found.named().at(name), *then); !what.empty())
      text += "in snapshot '" + name + "': " + what;
  }
  if (found.named().size() > expected.named().size()) text += "too many snapshots; ";
  for (const std::string& name : expected.names()) {
    if (!found.has(name)) text += "no '" + name + "'; ";
  }
  for (const std::string& name : found.names()) {
    if (!expected.has(name)) {
      text += "'" + name + "' should not be there; ";
      continue;
    }
    const ModelCollection& one = found.at(name);
    const ModelCollection& two = expected.at(name);
    if (one == two) continue;
    if (is_nest(one.types)) {
      text += "'" + name + "': " + describe(one.nest) + ", expected " + describe(two.nest) + "; ";
      continue;
    }
    text += "'" + name + "': " + std::to_string(one.size()) + " entries, expected " + std::to_string(two.size());
    const auto first_item = std::ranges::mismatch(one.items, two.items).in1 - one.items.begin();
    if (!one.types.has_keys()) text += ", first difference at " + std::to_string(first_item);
    text += "; ";
  }
  return text;
}

void require_equal(const ReadTxn& snapshot, const Model& expected, u64 seed) {
  Rng random(seed);
  const std::vector<CollectionInfo> infos = snapshot.collections();
  std::vector<std::string> names;
  names.reserve(infos.size());
  for (const CollectionInfo& info : infos) names.push_back(info.name);
  if (names != expected.names()) throw Disagreement("other collections: " + difference(dump(snapshot), expected));
  for (const CollectionInfo& info : infos) {
    ModelCollection copy = expected.at(info.name);
    if (copy.types != info.types) disagree(info.name, "other types");
    if (is_nest(info.types)) {
      const Nest found = read_nest(snapshot.any(info.name));
      if (found == copy.nest) continue;
      disagree(info.name, describe(found) + " instead of " + describe(copy.nest));
    }
    const std::unique_ptr<Face> model = model_face(copy, ~u64{0});
    const std::unique_ptr<Face> face =
        one_in(random, 4) ? any_face(snapshot.any(info.name)) : face_of(snapshot, info.name, info.types);
    require_same_entries(info.name, *face, *model, false);
    require_same_entries(info.name, *face, *model, true);
    require_same_access(info.name, *face, copy, random);
  }
}

void require_equal(const Database& database, const Model& expected, u64 seed) {
  require_equal(database.read(), expected, seed);
  const std::vector<SnapshotInfo> infos = database.snapshots();
  if (infos.size() != expected.named().size()) throw Disagreement("other snapshots");
  for (const SnapshotInfo& info : infos) {
    const auto then = expected.named().find(info.name);
    if (then == expected.named().end()) throw Disagreement("snapshot '" + info.name + "' should not be there");
    require_equal(database.at(info.name), *then->second, seed);
  }
}

void require_clean(Database& database) {
  const std::vector<std::string> findings = database.check();
  if (!findings.empty()) throw Disagreement("check() finds: " + findings.front());
}

}  // namespace sapwood::test
