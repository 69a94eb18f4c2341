// Rows between std::map and their bytes.
#pragma once

#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "sapwood/codec.h"
#include "sapwood/detail/cursor.h"
#include "sapwood/detail/rows.h"
#include "sapwood/detail/stream.h"

namespace sapwood::detail {

template <class V>
using RowMap = std::map<std::string, V, std::less<>>;
// What may be no row.
template <class R, class V>
concept OptionalRow = std::same_as<R, std::optional<RowMap<V>>> || std::same_as<R, std::nullopt_t>;

// Fields as bytes, which refer to this and to the row.
template <class V>
class EncodedFields {
 public:
  explicit EncodedFields(const RowMap<V>& row) : scratch_(row.size()) {
    fields_.reserve(row.size());
    for (const auto& [name, value] : row) {
      fields_.push_back({name, Codec<V>::encode_value(value, scratch_[fields_.size()])});
    }
  }
  EncodedFields(const EncodedFields&) = delete;
  EncodedFields& operator=(const EncodedFields&) = delete;
  std::span<const FieldBytes> fields() const { return fields_; }

 private:
  std::vector<typename Codec<V>::Scratch> scratch_;
  std::vector<FieldBytes> fields_;
};

template <class V>
class EncodedRow {
 public:
  explicit EncodedRow(const RowMap<V>& row) { encode_row(bytes_, EncodedFields<V>(row).fields()); }
  explicit EncodedRow(const std::optional<RowMap<V>>& row) {
    if (row) encode_row(bytes_, EncodedFields<V>(*row).fields());
  }
  operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  std::string bytes_;
};

template <class V>
std::optional<RowMap<V>> decode_row(std::string_view bytes) {
  RowMap<V> row;
  const auto take = [](void* to, const FieldBytes& field) {
    auto& into = *static_cast<RowMap<V>*>(to);
    into.emplace_hint(into.end(), field.name, Codec<V>::decode_value(field.value));
  };
  if (!read_row(bytes, {&row, take})) return std::nullopt;
  return row;
}

// What an entry of records is.
template <class V>
struct RowOf {
  using value_type = std::optional<RowMap<V>>;
  static value_type decode(std::string_view, std::string_view row) { return decode_row<V>(row); }
};
template <class V>
struct RowElement {
  using value_type = std::optional<RowMap<V>>;
  using Key = void;
  using Value = void;
  using Concept = std::random_access_iterator_tag;
  static value_type read(const Cursor& cursor) { return decode_row<V>(cursor.entry().value); }
};

// What read_fields finds, a map for each row.
template <class V>
struct FieldsOfRows {
  std::span<const std::string_view> names;
  std::vector<RowMap<V>> rows;

  ManyReceiver receiver() {
    return {this, [](void* to, std::size_t i, std::string_view bytes) {
              auto& found = *static_cast<FieldsOfRows*>(to);
              found.rows[i / found.names.size()].insert_or_assign(std::string(found.names[i % found.names.size()]),
                                                                  Codec<V>::decode_value(bytes));
            }};
  }
};

// A field of one row after the other.
template <class V>
struct ColumnItem {
  std::uint64_t index;     // of the row
  std::optional<V> value;  // nullopt: the row has no such field
};
template <class V>
struct ColumnOrigin {
  struct Source : ColumnCursor {
    using value_type = ColumnItem<V>;
    using ColumnCursor::ColumnCursor;
    value_type read() const {
      value_type item{index(), std::nullopt};
      if (const std::optional<std::string_view> bytes = field()) item.value = Codec<V>::decode_value(*bytes);
      return item;
    }
  };
  Source start() const { return Source(rows, name); }

  Section rows;
  std::string name;
};
template <class V>
using Column = Stream<ColumnOrigin<V>>;

}  // namespace sapwood::detail
