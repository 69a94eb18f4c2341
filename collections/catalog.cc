#include "collections/catalog.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/bytes.h"
#include "collections/nested_value.h"
#include "collections/snapshots.h"
#include "collections/stored_key.h"
#include "collections/type_options.h"
#include "collections/types.h"
#include "collections/utf8.h"
#include "storage/findings.h"
#include "tree/cursor.h"
#include "tree/inline_leaf.h"

namespace sapwood::collections {
namespace {

constexpr u8 kRecordVersion = 1;
constexpr std::size_t kFixedPart = 50;
constexpr u16 kFlagOwnsRuns = 1;
constexpr u16 kFlagFixedLeaves = 2;
constexpr u16 kFlagOwnsCollections = 4;
constexpr u16 kFlagInline = 8;
constexpr u16 kFlagDropped = 16;
constexpr u16 kFlagPartOfForm = 32;
constexpr u16 kKnownFlags =
    kFlagOwnsRuns | kFlagFixedLeaves | kFlagOwnsCollections | kFlagInline | kFlagDropped | kFlagPartOfForm;
constexpr Bytes kNextIdKey = "x";

// Of a record, 'i', of one that waits to be reclaimed, 'q', or one whose entries may expire, 'r'.
std::array<char, 9> id_key(char kind, u64 id) {
  std::array<char, 9> key;
  key[0] = kind;
  store_be64(key.data() + 1, id);
  return key;
}

std::string name_key(Bytes name) {
  std::string key;
  key.reserve(name.size() + 1);
  key += 'n';
  key += name;
  return key;
}

Bytes as_bytes(const std::array<char, 9>& key) { return {key.data(), key.size()}; }

[[noreturn]] void throw_corrupt_record(u64 id, const std::string& what) {
  throw Error(ErrorCode::corrupt, "catalog: record of collection " + std::to_string(id) + ": " + what +
                                      "; restore a backup, or export what can still be read");
}

u64 id_of_key(Bytes key) {
  if (key.size() != 9) throw Error(ErrorCode::corrupt, "catalog: a record's key is not 9 bytes");
  return load_be64(key.data() + 1);
}

u64 id_of_value(const tree::ValueView& value, const char* entry) {
  std::string bytes;
  value.read(bytes);
  if (bytes.size() != 8) throw Error(ErrorCode::corrupt, std::string("catalog: ") + entry + " is not an id of 8 bytes");
  return load<u64>(bytes.data());
}

void check_root(u64 id, const tree::TreeRoot& root, bool is_inline) {
  const bool no_pages = root.height == 0;
  if (no_pages != (root.count == 0 || is_inline) || no_pages != (root.root.page == kNoPage)) {
    throw_corrupt_record(id, "C3: height, count and root disagree");
  }
  if (root.height > tree::kMaxHeight) throw_corrupt_record(id, "its tree is too high");
}

void check_inline(const CatalogRecord& record, u32 page_size) {
  if (!record.may_be_inline() || record.root.owns_runs)
    throw_corrupt_record(record.id, "C8: it cannot have an inline leaf");
  try {
    tree::verify_inline_leaf(record.root, record.shape, page_size);
  } catch (const Error& error) {
    throw_corrupt_record(record.id, std::string("C8: its inline leaf: ") + error.what());
  }
}

}  // namespace

std::string CatalogRecord::who() const { return std::string(kind_name(types.kind)) + " '" + name + "'"; }

std::string name_of_nested(u64 id) { return "#" + std::to_string(id); }

tree::TreeShape catalog_shape() {
  tree::TreeShape shape;
  shape.tree_id = kCatalogTreeId;
  shape.order = tree::Order::key;
  return shape;
}

tree::TreeRoot to_tree_root(const storage::CatalogRoot& root) {
  return {.root = root.root, .height = root.height, .owns_runs = false, .count = root.count};
}

storage::CatalogRoot to_catalog_root(const tree::TreeRoot& root) {
  return {.root = root.root, .height = root.height, .count = root.count};
}

tree::TreeShape shape_of(u64 id, const CollectionTypes& types, u32 page_size, const ValueForm& form) {
  tree::TreeShape shape;
  shape.tree_id = static_cast<u32>(id);
  const bool keyed = types.has_keys();
  const bool hashed = types.is_hashed();
  shape.order = hashed ? tree::Order::hash : keyed ? tree::Order::key : tree::Order::position;
  const u32 key = width_of(types.key);
  const u32 tree_key = key + (hashed ? kHashBytes : 0);
  const u32 user_value = width_of(types.value);
  const u32 value = user_value + form.header_size();
  const bool fixed = (!keyed || key != 0) && (!types.has_values() || user_value != 0);
  if (fixed && tree_key + value <= tree::max_fixed_entry(page_size)) {
    shape.fixed = true;
    shape.key_width = static_cast<u16>(keyed ? tree_key : 0);
    shape.value_width = static_cast<u16>(value);
  }
  return shape;
}

u32 max_name_size(u32 page_size) { return std::min<u32>(kMaxNameSize, tree::max_key_size(page_size) - 1); }

void check_name(Bytes name, u32 page_size) {
  const u32 limit = max_name_size(page_size);
  if (name.empty()) throw Error(ErrorCode::invalid_argument, "the name of a collection must not be empty");
  if (name.size() > limit) {
    throw Error(ErrorCode::invalid_argument, "a collection's name of " + std::to_string(name.size()) +
                                                 " bytes is too long: the limit is " + std::to_string(limit) +
                                                 " bytes in this file");
  }
  if (!is_utf8(name)) throw Error(ErrorCode::invalid_argument, "the name of a collection must be valid UTF-8");
}

void encode_record(std::string& to, const CatalogRecord& record) {
  to.assign(kFixedPart, '\0');
  char* p = to.data();
  p[0] = static_cast<char>(kRecordVersion);
  p[1] = static_cast<char>(record.types.kind);
  p[2] = static_cast<char>(record.types.key.type);
  p[3] = static_cast<char>(record.types.value.type);
  store<u16>(p + 4, record.types.key.codec);
  store<u16>(p + 6, record.types.value.codec);
  const int flags = (record.root.owns_runs ? kFlagOwnsRuns : 0) | (record.shape.fixed ? kFlagFixedLeaves : 0) |
                    (record.owns_collections ? kFlagOwnsCollections : 0) | (record.root.is_inline() ? kFlagInline : 0) |
                    (record.dropped ? kFlagDropped : 0) | (record.part_of_form ? kFlagPartOfForm : 0);
  store<u16>(p + 8, static_cast<u16>(flags));
  store<u16>(p + 10, record.shape.key_width);
  store<u16>(p + 12, record.shape.value_width);
  p[14] = static_cast<char>(record.root.height);
  store_u48(p + 16, to_u64(record.root.root.page));
  store<u32>(p + 24, record.root.root.birth);
  store<u64>(p + 32, record.root.count);
  store<u64>(p + 40, record.parent);
  append_type_options(to, record.types);
  append_form_options(to, record.form);
  store<u16>(to.data() + 48, static_cast<u16>(to.size() - kFixedPart));
  const Bytes name = record.parent != 0 ? Bytes() : Bytes(record.name);
  to += static_cast<char>(name.size());
  to += name;
  SAPWOOD_ASSERT(record.root.is_inline() == !record.root.leaf.empty());
  to += record.root.leaf;
}

CatalogRecord decode_record(u64 id, Bytes bytes, u32 page_size) {
  if (bytes.size() < kFixedPart + 1) throw_corrupt_record(id, "cut off");
  const char* p = bytes.data();
  CatalogRecord record;
  record.id = id;
  record.types.kind = static_cast<CollectionKind>(p[1]);
  record.types.key = static_cast<ValueType>(p[2]);
  record.types.value = static_cast<ValueType>(p[3]);
  record.types.key.codec = load<u16>(p + 4);
  record.types.value.codec = load<u16>(p + 6);
  record.types.value.row = record.types.kind == CollectionKind::records;
  const u16 flags = load<u16>(p + 8);
  const bool is_inline = (flags & kFlagInline) != 0;
  const std::size_t name_at = kFixedPart + load<u16>(p + 48);
  const std::size_t end = name_at < bytes.size() ? name_at + 1 + static_cast<u8>(bytes[name_at]) : 0;
  if (end == 0 || end > bytes.size() || is_inline != (end < bytes.size())) {
    throw_corrupt_record(id, "its name is cut off");
  }
  const Bytes options = bytes.substr(kFixedPart, name_at - kFixedPart);
  const std::size_t type_options = type_options_size(options);
  const bool options_known = take_type_options(options.substr(0, type_options), record.types) &&
                             take_form_options(options.substr(type_options), record.form);
  if (static_cast<u8>(p[0]) != kRecordVersion || !options_known || !are_known(record.types) ||
      (flags & ~kKnownFlags) != 0) {
    throw Error(ErrorCode::newer_format, "catalog: collection " + std::to_string(id) +
                                             " is of a kind, type or codec that this version of Sapwood does not know; "
                                             "open the file with a newer one");
  }
  record.root.owns_runs = (flags & kFlagOwnsRuns) != 0;
  record.root.height = static_cast<u8>(p[14]);
  record.root.root.page = PageNo{load_u48(p + 16)};
  record.root.root.birth = load<u32>(p + 24);
  record.root.count = load<u64>(p + 32);
  check_root(id, record.root, is_inline);

  record.parent = load<u64>(p + 40);
  record.owns_collections = (flags & kFlagOwnsCollections) != 0;
  record.part_of_form = (flags & kFlagPartOfForm) != 0;
  record.dropped = (flags & kFlagDropped) != 0;
  if (record.owns_collections ? !may_hold_collections(record) : always_collections(record.types.value))
    throw_corrupt_record(id, "C5: its types and whether its entries own collections disagree");
  if (record.dropped && !record.is_nested()) throw_corrupt_record(id, "C6: it was dropped, but is nobody's");
  if (record.part_of_form && (record.parent == 0 || record.dropped))
    throw_corrupt_record(id, "C7: it is part of a form, but nobody's");

  record.shape = shape_of(record.dropped ? record.parent : id, record.types, page_size, record.form);
  const bool fixed = (flags & kFlagFixedLeaves) != 0;
  if (fixed != record.shape.fixed || load<u16>(p + 10) != record.shape.key_width ||
      load<u16>(p + 12) != record.shape.value_width) {
    throw_corrupt_record(id, "C3: its widths are not those of its types");
  }

  const Bytes name = bytes.substr(name_at + 1, end - name_at - 1);
  if (name.empty() != (record.parent != 0)) throw_corrupt_record(id, "C1: it has both a name and a parent, or neither");
  record.name = record.parent != 0 ? name_of_nested(id) : std::string(name);
  record.root.leaf = bytes.substr(end);
  if (is_inline) check_inline(record, page_size);
  return record;
}

std::optional<u64> record_id(Bytes catalog_key) {
  if (catalog_key.size() != 9 || catalog_key[0] != 'i') return std::nullopt;
  return load_be64(catalog_key.data() + 1);
}

std::optional<u64> CatalogReader::find_id(Bytes name) const {
  if (name.size() > max_name_size(tree_.pages().page_size())) return std::nullopt;
  const std::optional<tree::ValueView> value = tree_.get(name_key(name));
  if (!value) return std::nullopt;
  return id_of_value(*value, "entry of a name");
}

std::optional<CatalogRecord> CatalogReader::find(u64 id) const {
  const std::optional<tree::ValueView> value = tree_.get(as_bytes(id_key('i', id)));
  if (!value) return std::nullopt;
  const u32 page_size = tree_.pages().page_size();
  if (value->is_inline()) return decode_record(id, value->inline_bytes(), page_size);
  std::string bytes;
  value->read(bytes);
  CatalogRecord record = decode_record(id, bytes, page_size);
  if (record.root.is_inline()) throw_corrupt_record(id, "C8: an inline leaf in a large value");
  return record;
}

std::optional<CatalogRecord> CatalogReader::find(Bytes name) const {
  const std::optional<u64> id = find_id(name);
  if (!id) return std::nullopt;
  std::optional<CatalogRecord> record = find(*id);
  if (!record) throw Error(ErrorCode::corrupt, "catalog: C1: '" + std::string(name) + "' has no record");
  return record;
}

std::vector<u64> CatalogReader::ids() const {
  std::vector<u64> all;
  tree::Cursor cursor(tree_);
  for (cursor.seek_key("i"); cursor.valid() && cursor.key().starts_with('i'); cursor.next()) {
    all.push_back(id_of_key(cursor.key()));
  }
  return all;
}

bool CatalogReader::is_attached(const CatalogRecord& record) const {
  u64 parent = record.parent;
  for (u64 steps = 0; parent != 0; ++steps) {
    const std::optional<CatalogRecord> above = find(parent);
    if (!above || above->dropped || steps > tree_.size()) return false;
    parent = above->parent;
  }
  return true;
}

CatalogReader::Chores CatalogReader::chores() const {
  Chores chores;
  tree::Cursor cursor(tree_);
  cursor.seek_key("q");
  if (cursor.valid() && cursor.key().starts_with('q')) {
    chores.dropped = id_of_key(cursor.key());
    cursor.seek_key("r");
  }
  chores.may_expire = cursor.valid() && cursor.key().starts_with('r');
  return chores;
}

u64 CatalogReader::expiring(u64 turn) const {
  tree::Cursor cursor(tree_);
  cursor.seek_index(tree_.rank("r") + turn % count('r'));
  return id_of_key(cursor.key());
}

u64 CatalogReader::count(char kind) const {
  const char next = static_cast<char>(kind + 1);
  return tree_.rank(Bytes(&next, 1)) - tree_.rank(Bytes(&kind, 1));
}

void CatalogReader::for_each_named(const std::function<void(CatalogRecord&&)>& visit) const {
  tree::Cursor cursor(tree_);
  for (cursor.seek_key("n"); cursor.valid() && cursor.key().starts_with('n'); cursor.next()) {
    std::optional<CatalogRecord> record = find(id_of_value(cursor.value(), "entry of a name"));
    if (!record)
      throw Error(ErrorCode::corrupt, "catalog: C1: '" + std::string(cursor.key().substr(1)) + "' has no record");
    visit(std::move(*record));
  }
}

void CatalogReader::for_each(const std::function<void(CatalogRecord&&)>& visit) const {
  for (const u64 id : ids()) {
    std::optional<CatalogRecord> record = find(id);
    if (!record) throw Error(ErrorCode::corrupt, "catalog: its keys are out of order; run check on the file");
    visit(std::move(*record));
  }
}

namespace {

bool is_part_of(const CatalogRecord& part, const std::optional<CatalogRecord>& parent) {
  return parent && std::ranges::count(parent->form.parts(), part.id) == 1;
}

}  // namespace

void CatalogReader::check(std::vector<std::string>& findings) const {
  const std::optional<tree::ValueView> next = tree_.get(kNextIdKey);
  const u64 next_id = next ? id_of_value(*next, "the next id") : 1;
  const std::vector<u64> records = ids();
  u64 parts = 0;        // of forms
  u64 named_parts = 0;  // by forms
  u64 named = 0;
  u64 dropped = 0;
  u64 expiring = 0;
  for (const u64 id : records) {
    const std::string who = "catalog: collection " + std::to_string(id);
    if (id >= next_id) storage::add_finding(findings, who + ": C2: its id is not below the next id");
    if (!is_free_tree_id(static_cast<u32>(id))) {
      storage::add_finding(findings, who + ": C2: the low 32 bits of its id are not a collection's");
    }
    try {
      const std::optional<CatalogRecord> record = find(id);
      if (record) named_parts += 3 - std::ranges::count(record->form.parts(), u64{0});
      if (record && record->form.may_expire()) {
        ++expiring;
        if (!tree_.get(as_bytes(id_key('r', id))))
          storage::add_finding(findings, who + ": C9: its entries may expire, but it is not among those");
      }
      if (record && record->part_of_form) {
        ++parts;
        if (!is_part_of(*record, find(record->parent)))
          storage::add_finding(findings, who + ": C7: it is no part of the form of its parent");
      } else if (record && record->dropped) {
        ++dropped;
        if (!tree_.get(as_bytes(id_key('q', id))))
          storage::add_finding(findings, who + ": C6: it waits to be reclaimed, but is not in the queue");
      } else if (!record || !record->is_nested()) {
        ++named;
        if (!record || find_id(record->name) != id)
          storage::add_finding(findings, who + ": C1: its name does not lead to it");
      }
    } catch (const Error& error) {
      ++named;
      storage::add_finding(findings, error.what());
    }
  }
  u64 names = 0;
  tree::Cursor cursor(tree_);
  for (cursor.seek_key("n"); cursor.valid() && cursor.key().starts_with('n'); cursor.next()) {
    ++names;
    const u64 id = id_of_value(cursor.value(), "entry of a name");
    if (std::binary_search(records.begin(), records.end(), id)) continue;
    storage::add_finding(findings, "catalog: C1: '" + std::string(cursor.key().substr(1)) + "' has no record");
  }
  if (parts != named_parts) storage::add_finding(findings, "catalog: C7: a part of a form is missing");
  if (names != named) storage::add_finding(findings, "catalog: C1: names and records differ in number");
  const u64 queued = count('q');
  if (queued != dropped)
    storage::add_finding(findings, "catalog: C6: the queue and the records in it differ in number");
  const u64 may_expire = count('r');
  if (may_expire != expiring)
    storage::add_finding(findings,
                         "catalog: C9: collections whose entries may expire, and their records, differ in number");
  const u64 expected =
      records.size() + names + queued + may_expire + (next ? 1 : 0) + (tree_.get(kSnapshotTableKey) ? 1 : 0);
  if (tree_.size() != expected) storage::add_finding(findings, "catalog: it holds entries of no known kind");
}

u64 CatalogWriter::take_id() {
  const std::optional<tree::ValueView> next = tree_.reader().get(kNextIdKey);
  u64 id = next ? id_of_value(*next, "the next id") : 1;
  while (!is_free_tree_id(static_cast<u32>(id))) ++id;
  reserve_id(id);
  return id;
}

void CatalogWriter::reserve_id(u64 id) {
  const std::optional<tree::ValueView> expected = tree_.reader().get(kNextIdKey);
  if (expected && id_of_value(*expected, "the next id") > id) return;
  char next[8];
  sapwood::store<u64>(next, id + 1);
  tree_.put(kNextIdKey, Bytes(next, sizeof next));
}

void CatalogWriter::add_name(Bytes name, u64 id) {
  char value[8];
  sapwood::store<u64>(value, id);
  tree_.put(name_key(name), Bytes(value, sizeof value));
}

void CatalogWriter::remove_name(Bytes name) { tree_.erase(name_key(name)); }

void CatalogWriter::store(const CatalogRecord& record, std::string& buffer) {
  encode_record(buffer, record);
  tree_.put(as_bytes(id_key('i', record.id)), buffer);
}

void CatalogWriter::remove(u64 id) { tree_.erase(as_bytes(id_key('i', id))); }

void CatalogWriter::add_dropped(u64 id) { tree_.put(as_bytes(id_key('q', id)), {}); }

void CatalogWriter::remove_dropped(u64 id) { tree_.erase(as_bytes(id_key('q', id))); }

void CatalogWriter::add_expiring(u64 id) { tree_.put(as_bytes(id_key('r', id)), {}); }

void CatalogWriter::remove_expiring(u64 id) { tree_.erase(as_bytes(id_key('r', id))); }

}  // namespace sapwood::collections
