// Records<V>: rows of named fields, by position. Any row may have any fields, with values of type V.
//
// Reading k fields of a row costs k, whatever else the row and others hold; a change writes the row anew. A row may
// also be a placeholder, which is not the same as a row without fields. Names of fields are any bytes up to
// kMaxFieldName, also none; longer ones are Error{too_long}. Rows come and go as the items of a List do; what every
// call may throw is said in detail/handle.h. Positions past the end throw Error{out_of_range}. What throws changes
// nothing.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <vector>

#include "sapwood/detail/batch.h"
#include "sapwood/detail/range.h"
#include "sapwood/detail/row_codec.h"
#include "sapwood/detail/sample.h"

namespace sapwood {

template <Storable V>
class Records {
 public:
  using Row = detail::RowMap<V>;          // std::map<std::string, V, std::less<>>
  using value_type = std::optional<Row>;  // nullopt is a placeholder
  using View = typename Codec<V>::View;
  using Names = std::initializer_list<std::string_view>;
  using Column = detail::Column<V>;
  using Range = detail::Range<detail::RowElement<V>>;
  using iterator = typename Range::iterator;
  static constexpr CollectionTypes types{CollectionKind::records, ValueType::none, Codec<V>::type.as_row()};

  Records() = default;
  explicit Records(detail::Handle handle) : handle_(std::move(handle)) {}

  const std::string& name() const { return handle_.name(); }
  std::uint64_t size() const { return handle_.size(); }  // O(1)
  bool empty() const { return size() == 0; }

  // The whole row; nullopt if it is a placeholder. O(log n) and its size.
  value_type get(std::uint64_t index) const {
    value_type row;
    handle_.at(index, {}, {&row, [](void* to, std::string_view bytes) {
                             *static_cast<value_type*>(to) = detail::decode_row<V>(bytes);
                           }});
    return row;
  }
  // Those of the named fields that the row has.
  Row get(std::uint64_t index, Names names) const { return get(index, std::span(names.begin(), names.size())); }
  Row get(std::uint64_t index, std::span<const std::string_view> names) const {
    return std::move(get_many(std::span(&index, 1), names).front());
  }
  // One field; nullopt if the row has none of that name. field_view: without a copy, as List::at_view.
  std::optional<V> field(std::uint64_t index, std::string_view name) const {
    std::optional<V> value;
    detail::read_fields(handle_, std::span(&index, 1), std::span(&name, 1),
                        {&value, [](void* to, std::size_t, std::string_view bytes) {
                           *static_cast<std::optional<V>*>(to) = Codec<V>::decode_value(bytes);
                         }});
    return value;
  }
  std::optional<View> field_view(std::uint64_t index, std::string_view name) const {
    const std::optional<std::string_view> bytes = detail::view_field(handle_, index, name);
    return bytes ? std::optional<View>(Codec<V>::view_value(*bytes)) : std::nullopt;
  }
  bool contains(std::uint64_t index, std::string_view name) const {
    bool found = false;
    detail::read_fields(handle_, std::span(&index, 1), std::span(&name, 1),
                        {&found, [](void* to, std::size_t, std::string_view) { *static_cast<bool*>(to) = true; }});
    return found;
  }
  // Names of the row's fields, ascending.
  std::vector<std::string> fields(std::uint64_t index) const { return detail::field_names(handle_, index); }
  bool is_placeholder(std::uint64_t index) const { return detail::is_placeholder(handle_, index); }

  // Rows at many positions, in their order, as they are at one moment; whole, or those of the named fields that they
  // have.
  std::vector<value_type> get_many(std::span<const std::uint64_t> indexes) const {
    return detail::entries_at<detail::RowOf<V>>(handle_, indexes);
  }
  std::vector<Row> get_many(std::span<const std::uint64_t> indexes, std::span<const std::string_view> names) const {
    detail::FieldsOfRows<V> found{names, std::vector<Row>(indexes.size())};
    detail::read_fields(handle_, indexes, names, found.receiver());
    return std::move(found.rows);
  }
  std::vector<Row> get_many(std::span<const std::uint64_t> indexes, Names names) const {
    return get_many(indexes, std::span(names.begin(), names.size()));
  }
  // As List::sample.
  template <detail::RandomBits G>
  std::vector<value_type> sample(std::uint64_t count, G& random) const {
    return detail::sample_of<detail::RowOf<V>>(handle_, count, detail::source_of(random));
  }
  std::vector<value_type> sample(std::uint64_t count, std::uint64_t seed) const {
    detail::SeededBits random(seed);
    return sample(count, random);
  }

  // One field of all rows, or of rows [first, first + count), as they are now: a range of {index, value}, where value
  // is a std::optional<V>, to be read once from its begin in flat memory. Nothing else of the rows is read.
  Column column(std::string_view name) const { return Column({handle_.all(), std::string(name)}); }
  Column column(std::string_view name, std::uint64_t first, std::uint64_t count) const {
    return Column({handle_.slice(first, count), std::string(name)});
  }

  // Whole rows. Where a Row is taken, so is a value_type; std::nullopt makes a placeholder.
  void set(std::uint64_t index, const Row& row) { handle_.set(index, detail::EncodedRow<V>(row)); }
  void insert(std::uint64_t index, const Row& row) { handle_.insert(index, detail::EncodedRow<V>(row)); }
  void append(const Row& row) { handle_.append(detail::EncodedRow<V>(row)); }
  template <detail::OptionalRow<V> R>
  void set(std::uint64_t index, const R& row) {
    handle_.set(index, detail::EncodedRow<V>(row));
  }
  template <detail::OptionalRow<V> R>
  void insert(std::uint64_t index, const R& row) {
    handle_.insert(index, detail::EncodedRow<V>(row));
  }
  template <detail::OptionalRow<V> R>
  void append(const R& row) {
    handle_.append(detail::EncodedRow<V>(row));
  }
  void append_placeholders(std::uint64_t count) {
    detail::Batch batch = detail::Batch::appending(handle_);
    for (; count != 0; --count) batch.add({}, {});
    batch.finish();
  }

  // Adds the fields to the row, or replaces them; the others stay. A placeholder becomes a row.
  void update(std::uint64_t index, const Row& fields) {
    detail::update_row(handle_, index, detail::EncodedFields<V>(fields).fields());
  }
  // Removes the named fields from the row; false if it has none of them. From all rows, in one transaction: the result
  // is how many had one of them. O(size) of the bytes of all rows.
  bool drop(std::uint64_t index, Names names) {
    return detail::drop_fields(handle_, index, std::span(names.begin(), names.size()));
  }
  std::uint64_t drop(Names names) { return drop(std::span(names.begin(), names.size())); }
  std::uint64_t drop(std::span<const std::string_view> names) { return detail::drop_fields(handle_, names); }

  void erase(std::uint64_t index) { handle_.erase_at(index, 1); }
  void erase(std::uint64_t first, std::uint64_t count) { handle_.erase_at(first, count); }
  void swap_erase(std::uint64_t index) { handle_.swap_erase(index); }  // the last row takes its place
  void clear() { handle_.clear(); }
  // Removes the rows for which `predicate(value_type)` is true, or none if it throws; the result is how many.
  template <std::predicate<value_type> Predicate>
  std::uint64_t erase_if(Predicate&& predicate) {
    const auto test = [&](std::string_view, std::string_view row) -> bool {
      return std::invoke(predicate, detail::decode_row<V>(row));
    };
    return handle_.erase_if(detail::entry_test(test));
  }

  // As of a List; the items are Rows or value_types.
  template <std::ranges::input_range R>
  void extend(R&& rows) {
    fill(detail::Batch::appending(handle_), rows);
  }
  template <std::ranges::input_range R>
  void insert_range(std::uint64_t index, R&& rows) {
    fill(detail::Batch::inserting(handle_, index), rows);
  }
  template <std::ranges::input_range R>
  void assign(std::uint64_t first, std::uint64_t count, R&& rows) {
    fill(detail::Batch::replacing(handle_, first, count), rows);
  }
  template <std::ranges::input_range R>
  void bulk_load(R&& rows) {
    fill(detail::Batch(handle_, detail::Batch::Mode::bulk), rows);
  }

  // Whole rows, as they are now; as of a List.
  Range range() const { return Range(handle_.all()); }
  Range slice(std::uint64_t first, std::uint64_t count) const { return Range(handle_.slice(first, count)); }
  Range reversed() const { return range().reversed(); }
  iterator begin() const { return range().begin(); }
  iterator end() const { return range().end(); }

  static value_type decode(std::string_view bytes) { return detail::decode_row<V>(bytes); }
  const detail::Handle& handle() const { return handle_; }

 private:
  template <class R>
  static void fill(detail::Batch batch, R& rows) {
    for (auto&& row : rows) batch.add({}, detail::EncodedRow<V>(row));
    batch.finish();
  }

  detail::Handle handle_;
};

}  // namespace sapwood
