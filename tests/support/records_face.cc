#include "tests/support/face.h"

namespace sapwood::test {

namespace {

using Row = Records<std::string>::Row;
using OptionalRow = std::optional<Row>;

std::string bytes_of(const OptionalRow& row) { return std::string(detail::EncodedRow<std::string>(row)); }
OptionalRow row_of(Bytes bytes) { return detail::decode_row<std::string>(bytes); }

class RecordsFace final : public Face {
 public:
  RecordsFace(Records<std::string> records, bool views) : records_(std::move(records)), views_(views) {}

  u64 size() const override { return records_.size(); }
  Entry at(u64 index) const override {
    const OptionalRow row = records_.get(index);
    require_fields(index, row);
    return {"", bytes_of(row)};
  }
  std::vector<Entry> entries(u64 first, u64 count, bool reversed) const override {
    std::vector<Entry> result;
    const auto slice = records_.slice(first, count);
    for (const OptionalRow& row : reversed ? slice.reversed() : slice) result.emplace_back("", bytes_of(row));
    return result;
  }
  void clear() override { records_.clear(); }
  void extend(const std::vector<Entry>& entries) override { records_.extend(decoded(entries)); }
  void bulk_load(const std::vector<Entry>& entries) override { records_.bulk_load(decoded(entries)); }
  void insert_range(u64 at, const std::vector<Entry>& entries) override { records_.insert_range(at, decoded(entries)); }
  u64 erase_if(const Test& test) override {
    return records_.erase_if([&](const OptionalRow& row) { return test({"", bytes_of(row)}); });
  }
  std::optional<std::string> update_at(u64 index, const Change& change) override {
    std::optional<std::string> bytes = change(bytes_of(records_.get(index)));
    if (bytes) records_.set(index, row_of(*bytes));
    else records_.erase(index);
    return bytes;
  }
  void assign(u64 first, u64 count, const std::vector<Entry>& entries) override {
    records_.assign(first, count, decoded(entries));
  }
  void insert(u64 index, Bytes row) override { records_.insert(index, row_of(row)); }
  void set(u64 index, Bytes row) override { records_.set(index, row_of(row)); }
  void push_back(Bytes row) override { records_.append(row_of(row)); }
  void erase_items(u64 first, u64 count) override { records_.erase(first, count); }
  void swap_erase(u64 index) override { records_.swap_erase(index); }
  std::string pop(bool front) override {
    const u64 size = records_.size();
    const u64 index = front || size == 0 ? 0 : size - 1;
    std::string row = bytes_of(records_.get(index));
    records_.erase(index);
    return row;
  }

  void merge_fields(u64 index, Bytes row) override { records_.update(index, row_of(row).value_or(Row())); }
  u64 drop_field(std::optional<u64> index, const std::string& name) override {
    return index ? records_.drop(*index, {name}) : records_.drop({name});
  }
  std::vector<std::optional<std::string>> column(const std::string& name) const override {
    std::vector<std::optional<std::string>> values;
    for (const auto& [index, value] : records_.column(name)) values.push_back(value);
    return values;
  }

 private:
  // Field by field it is the same row.
  void require_fields(u64 index, const OptionalRow& row) const {
    const std::vector<std::string> names = records_.fields(index);
    bool same = records_.is_placeholder(index) == !row && names.size() == (row ? row->size() : 0);
    for (const std::string& name : names) {
      same = same && records_.field(index, name) == row->at(name);
      if (views_) same = same && records_.field_view(index, name) == row->at(name);
    }
    if (!same) throw Disagreement("the fields of a row differ from the row");
  }
  static std::vector<OptionalRow> decoded(const std::vector<Entry>& entries) {
    std::vector<OptionalRow> rows;
    for (const Entry& entry : entries) rows.push_back(row_of(entry.second));
    return rows;
  }
  Records<std::string> records_;
  bool views_;
};

}  // namespace

std::unique_ptr<Face> records_face(Records<std::string> records, bool views) {
  return std::make_unique<RecordsFace>(std::move(records), views);
}

}  // namespace sapwood::test
