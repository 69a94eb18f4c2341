// Fields of rows: read in place, and changed by writing the row anew.
#include <algorithm>
#include <array>

#include "collections/atomic_change.h"
#include "collections/row.h"
#include "collections/scan.h"

namespace sapwood {
namespace collections {

class ColumnState {
 public:
  ColumnState(const detail::Section& rows, Bytes name)
      : cursor_(rows.scan, rows.first), index_(rows.first), last_(rows.last), name_(name) {}

  bool at_end() const { return index_ == last_; }
  u64 index() const { return index_; }
  std::optional<Bytes> field() {
    const tree::Cursor& cursor = cursor_.at();
    if (!cursor.valid()) [[unlikely]] {
      throw Error(ErrorCode::corrupt,
                  "'" + cursor_.scan().name() + "' holds fewer rows than it counts; run check on the file");
    }
    const RowReader row(cursor.value());
    const std::optional<u64> found = row.find(name_);
    return found ? std::optional(row.value(*found, buffer_)) : std::nullopt;
  }
  void next() {
    if (tree::Cursor& cursor = cursor_.at(); cursor.valid()) cursor.next();
    ++index_;
  }

 private:
  ScanCursor cursor_;
  u64 index_;
  u64 last_;
  std::string name_;
  std::string buffer_;
};

}  // namespace collections

namespace detail {

using collections::AtomicChange;
using collections::ColumnState;
using collections::HandleState;
using collections::OpenCollection;
using collections::RowReader;
using collections::ScanCursor;
using collections::WriteSession;

namespace {

HandleState& checked(const Handle& records) {
  HandleState& state = records.checked();
  state.require_records();
  return state;
}

tree::ValueView row_at(const HandleState& state, const tree::TreeReader& tree, u64 index) {
  if (index >= tree.size()) [[unlikely]]
    state.throw_past_end(index, tree.size());
  return tree.at(index);
}

// Hands over the fields of one row; the first of its names has number `first`.
void take_fields(const RowReader& row, std::span<const std::string_view> names, std::size_t first,
                 const ManyReceiver& fields, std::string& buffer) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::optional<u64> found = row.find(names[i]);
    if (found) fields.take(fields.to, first + i, row.value(*found, buffer));
  }
}

std::vector<FieldBytes> fields_of(const std::string& bytes) {
  std::vector<FieldBytes> fields;
  read_row(bytes, {&fields, [](void* to, const FieldBytes& field) {
                     static_cast<std::vector<FieldBytes>*>(to)->push_back(field);
                   }});
  return fields;
}

bool is_among(std::string_view name, std::span<const FieldBytes> fields) {
  return std::ranges::binary_search(fields, name, {}, &FieldBytes::name);
}

// Replaces `bytes` by the row without these fields; false if it has none of them.
bool drop_from(std::string& bytes, std::span<const std::string_view> names) {
  std::vector<FieldBytes> fields = fields_of(bytes);
  const auto is_dropped = [&](const FieldBytes& field) { return std::ranges::find(names, field.name) != names.end(); };
  if (std::erase_if(fields, is_dropped) == 0) return false;
  std::string left;
  encode_row(left, fields);
  bytes = std::move(left);
  return true;
}

bool has_any(const tree::ValueView& value, std::span<const std::string_view> names) {
  const RowReader row(value);
  return std::ranges::any_of(names, [&](std::string_view name) { return row.find(name).has_value(); });
}

struct ChangedRow {
  u64 index;
  std::string bytes;
};

// Rows from the cursor on that have one of the fields, without them; as many as fit some memory.
std::vector<ChangedRow> next_without(ScanCursor& scan, std::span<const std::string_view> names) {
  constexpr std::size_t kMaxBytes = 1 << 20;
  std::vector<ChangedRow> rows;
  std::size_t size = 0;
  for (tree::Cursor& cursor = scan.at(); cursor.valid() && size < kMaxBytes; cursor.next()) {
    if (!has_any(cursor.value(), names)) continue;
    ChangedRow& row = rows.emplace_back(ChangedRow{cursor.index(), {}});
    cursor.value().read(row.bytes);
    drop_from(row.bytes, names);
    size += row.bytes.size() + sizeof row;
  }
  return rows;
}

}  // namespace

void read_fields(const Handle& records, std::span<const u64> rows, std::span<const std::string_view> names,
                 ManyReceiver fields) {
  constexpr std::size_t kTogether = tree::TreeReader::kMaxTogether;
  HandleState& state = checked(records);
  state.read([&](const tree::TreeReader& tree) {
    std::string buffer;
    if (rows.size() == 1) {
      take_fields(RowReader(row_at(state, tree, rows.front())), names, 0, fields, buffer);
      return true;
    }
    for (const u64 row : rows) {
      if (row >= tree.size()) state.throw_past_end(row, tree.size());
    }
    std::array<tree::ValueView, kTogether> found;
    for (std::size_t first = 0; first < rows.size(); first += kTogether) {
      const std::size_t count = std::min(kTogether, rows.size() - first);
      tree.at_many(rows.subspan(first, count), std::span(found).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        take_fields(RowReader(found[i]), names, (first + i) * names.size(), fields, buffer);
      }
    }
    return true;
  });
}

std::optional<std::string_view> view_field(const Handle& records, u64 row, std::string_view name) {
  HandleState& state = checked(records);
  state.require_transaction();
  return state.read([&](const tree::TreeReader& tree) -> std::optional<std::string_view> {
    const RowReader reader(row_at(state, tree, row));
    const std::optional<u64> found = reader.find(name);
    return found ? std::optional(reader.value(*found, state.view_buffer())) : std::nullopt;
  });
}

std::vector<std::string> field_names(const Handle& records, u64 row) {
  HandleState& state = checked(records);
  return state.read([&](const tree::TreeReader& tree) {
    const RowReader reader(row_at(state, tree, row));
    std::vector<std::string> names;
    names.reserve(reader.count());
    std::string buffer;
    for (u64 i = 0; i < reader.count(); ++i) names.emplace_back(reader.name(i, buffer));
    std::ranges::sort(names);
    return names;
  });
}

bool is_placeholder(const Handle& records, u64 row) {
  HandleState& state = checked(records);
  return state.read([&](const tree::TreeReader& tree) { return row_at(state, tree, row).size() == 0; });
}

void update_row(const Handle& records, u64 row, std::span<const FieldBytes> fields) {
  HandleState& state = checked(records);
  state.write([&](WriteSession& session, OpenCollection& collection) {
    session.check_changeable(collection);
    std::string old;
    row_at(state, session.reader(collection), row).read(old);
    std::vector<FieldBytes> merged = fields_of(old);
    std::erase_if(merged, [&](const FieldBytes& field) { return is_among(field.name, fields); });
    merged.insert(merged.end(), fields.begin(), fields.end());
    std::string bytes;
    encode_row(bytes, merged);
    session.set(collection, row, bytes);
    return true;
  });
}

bool drop_fields(const Handle& records, u64 row, std::span<const std::string_view> names) {
  HandleState& state = checked(records);
  return state.write([&](WriteSession& session, OpenCollection& collection) {
    session.check_changeable(collection);
    std::string bytes;
    row_at(state, session.reader(collection), row).read(bytes);
    if (!drop_from(bytes, names)) return false;
    session.set(collection, row, bytes);
    return true;
  });
}

u64 drop_fields(const Handle& records, std::span<const std::string_view> names) {
  checked(records);
  AtomicChange change(records);
  ScanCursor scan(change.handle().all().scan);
  u64 changed = 0;
  for (std::vector<ChangedRow> rows; !(rows = next_without(scan, names)).empty();) {
    for (const ChangedRow& row : rows) change.session().set(change.collection(), row.index, row.bytes);
    changed += rows.size();
  }
  change.finish();
  return changed;
}

ColumnCursor::ColumnCursor(const Section& rows, std::string_view name)
    : state_(std::make_shared<ColumnState>(rows, name)) {}

bool ColumnCursor::at_end() const { return state_->at_end(); }
u64 ColumnCursor::index() const { return state_->index(); }
std::optional<std::string_view> ColumnCursor::field() const { return state_->field(); }
void ColumnCursor::next() { state_->next(); }

}  // namespace detail
}  // namespace sapwood
