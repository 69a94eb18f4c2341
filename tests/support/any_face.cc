#include <algorithm>

#include "collections/any_codec.h"
#include "tests/support/face.h"

namespace sapwood::test {

using collections::decode_as;
using collections::EncodedAny;

namespace {

class AnyFace final : public Face {
 public:
  explicit AnyFace(AnyCollection collection) : collection_(std::move(collection)), types_(collection_.types()) {}

  u64 size() const override { return collection_.size(); }
  Entry at(u64 index) const override {
    return hashed() ? entries(index, 1, false).front() : encoded(collection_.at(index));
  }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    const u64 there = collection_.size();
    if (first > there || count > there - first) throw Error(ErrorCode::out_of_range, "entries");
    if (hashed()) {
      std::vector<Entry> all = scanned({});
      std::ranges::sort(all);
      all = {all.begin() + static_cast<std::ptrdiff_t>(first),
             all.begin() + static_cast<std::ptrdiff_t>(first + count)};
      if (reversed) std::ranges::reverse(all);
      return all;
    }
    AnyScan scan;
    scan.skip = reversed ? there - first - count : first;
    scan.limit = count;
    scan.reversed = reversed;
    return scanned(scan);
  }
  void clear() override { collection_.clear(); }
  void extend(const std::vector<Entry>& entries) override { collection_.extend(source(entries)); }
  void bulk_load(const std::vector<Entry>& entries) override { collection_.bulk_load(source(entries)); }

  std::optional<std::string> get(Bytes bytes) const override {
    const std::optional<AnyValue> found = collection_.get(key(bytes));
    if (!found) return std::nullopt;
    return std::string(EncodedAny<false>(types_.value, *found));
  }
  bool put(Bytes bytes, Bytes data) override { return collection_.put(key(bytes), value(data)); }
  bool erase(Bytes bytes) override { return collection_.erase(key(bytes)); }
  u64 erase_between(Bytes low, Bytes high) override { return collection_.erase_range(interval(low, high)); }
  u64 rank(Bytes bytes) const override { return collection_.rank(key(bytes)); }
  u64 count(Bytes low, Bytes high) const override { return collection_.count(interval(low, high)); }
  std::vector<Entry> between(Bytes low, Bytes high, bool reversed) const override {
    AnyScan scan = interval(low, high);
    scan.reversed = reversed;
    return scanned(scan);
  }
  void insert(u64 index, Bytes data) override { collection_.insert(index, value(data)); }
  void set(u64 index, Bytes data) override { collection_.set(index, value(data)); }
  void push_back(Bytes data) override { collection_.push_back(value(data)); }
  void erase_items(u64 first, u64 count) override { collection_.erase_at(first, count); }

 private:
  bool hashed() const { return types_.is_hashed(); }
  AnyValue key(Bytes bytes) const { return decode_as<true>(types_.key, bytes); }
  AnyValue value(Bytes bytes) const { return decode_as<false>(types_.value, bytes); }
  AnyScan interval(Bytes low, Bytes high) const {
    AnyScan scan;
    scan.low = key(low);
    scan.high = key(high);
    return scan;
  }
  Entry encoded(const AnyEntry& entry) const {
    return {std::string(EncodedAny<true>(types_.key, entry.key)),
            std::string(EncodedAny<false>(types_.value, entry.value))};
  }
  std::vector<Entry> scanned(const AnyScan& scan) const {
    std::vector<Entry> result;
    const u64 visited = collection_.scan(scan, [&](const AnyEntry& entry) {
      result.push_back(encoded(entry));
      return true;
    });
    if (visited != result.size()) throw Disagreement("scan() does not count what it visits");
    return result;
  }
  std::function<std::optional<AnyEntry>()> source(const std::vector<Entry>& entries) const {
    return [this, &entries, next = std::size_t{0}]() mutable -> std::optional<AnyEntry> {
      if (next == entries.size()) return std::nullopt;
      const Entry& entry = entries[next++];
      return AnyEntry{0, key(entry.first), value(entry.second)};
    };
  }
  AnyCollection collection_;
  CollectionTypes types_;
};

}  // namespace

std::unique_ptr<Face> any_face(AnyCollection collection) { return std::make_unique<AnyFace>(std::move(collection)); }

}  // namespace sapwood::test
