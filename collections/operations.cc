#include "collections/operations.h"

#include "base/varint.h"
#include "collections/type_options.h"
#include "collections/types.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

constexpr u8 kHasLow = 1;
constexpr u8 kHasHigh = 2;
constexpr u8 kInRuns = 0x80;  // beside the kind

void append_bytes(std::string& to, Bytes bytes) {
  append_varint(to, bytes.size());
  to += bytes;
}

[[noreturn]] void throw_cut_off() {
  throw Error(ErrorCode::corrupt, "redo log: an operation is cut off or malformed; restore a backup");
}

void append_value(std::string& to, const Operation& operation) {
  if (operation.in_runs) {
    append_varint(to, operation.in_runs->first);
    append_varint(to, operation.in_runs->count);
    append_varint(to, operation.in_runs->size);
  }
  append_bytes(to, operation.value);
}

void append_location(std::string& to, const Location& location) {
  to += static_cast<char>(location.kind);
  if (location.kind != Location::Kind::name) append_varint(to, location.parent);
  if (location.kind == Location::Kind::position) append_varint(to, location.index);
  else append_bytes(to, location.key);
}

void append_types(std::string& to, const CollectionTypes& types) {
  to += static_cast<char>(types.kind);
  to += static_cast<char>(types.key.type);
  to += static_cast<char>(types.value.type);
}

u8 take_byte(Bytes& from) {
  if (from.empty()) throw_cut_off();
  const u8 byte = static_cast<u8>(from.front());
  from.remove_prefix(1);
  return byte;
}

u64 take_number(Bytes& from) {
  const u8* begin = reinterpret_cast<const u8*>(from.data());
  u64 value = 0;
  const u8* after = get_varint(begin, begin + from.size(), value);
  if (after == nullptr) throw_cut_off();
  from.remove_prefix(static_cast<std::size_t>(after - begin));
  return value;
}

Bytes take_bytes(Bytes& from) {
  const u64 size = take_number(from);
  if (size > from.size()) throw_cut_off();
  const Bytes bytes = from.substr(0, size);
  from.remove_prefix(size);
  return bytes;
}

void take_value(Bytes& from, bool in_runs, Operation& operation) {
  if (in_runs) {
    InRuns& runs = operation.in_runs.emplace();
    runs.first = take_number(from);
    runs.count = take_number(from);
    runs.size = take_number(from);
  }
  operation.value = take_bytes(from);
}

Location take_location(Bytes& from) {
  Location location;
  const u8 kind = take_byte(from);
  if (kind > static_cast<u8>(Location::Kind::position)) throw_cut_off();
  location.kind = static_cast<Location::Kind>(kind);
  if (location.kind != Location::Kind::name) location.parent = take_number(from);
  if (location.kind == Location::Kind::position) location.index = take_number(from);
  else location.key = take_bytes(from);
  return location;
}

void take_types(Bytes& from, Operation& operation) {
  operation.types.kind = static_cast<CollectionKind>(take_byte(from));
  operation.types.key = static_cast<ValueType>(take_byte(from));
  operation.types.value = static_cast<ValueType>(take_byte(from));
  operation.types.value.row = operation.types.kind == CollectionKind::records;
}

void take_options(Bytes& from, Operation& operation) {
  if (take_create_options(take_bytes(from), operation.types, operation.form) && are_known(operation.types)) return;
  throw Error(ErrorCode::newer_format,
              "redo log: it creates a collection of a kind, type or with options that this "
              "version of Sapwood does not know; open the file with a newer one");
}

// What stands between the types and the options is the name, or the location.
void take_create(Bytes& from, Operation& operation) {
  take_types(from, operation);
  if (operation.kind == OperationKind::create) operation.name = take_bytes(from);
  else operation.to = take_location(from);
  take_options(from, operation);
}

void take_interval(Bytes& from, Operation& operation) {
  const u8 bounds = take_byte(from);
  if (bounds > (kHasLow | kHasHigh)) throw_cut_off();
  if ((bounds & kHasLow) != 0) operation.low = take_bytes(from);
  if ((bounds & kHasHigh) != 0) operation.high = take_bytes(from);
}

bool may_be_in_runs(u8 kind) {
  const OperationKind of = static_cast<OperationKind>(kind);
  return of == OperationKind::put || of == OperationKind::list_insert || of == OperationKind::list_set;
}

}  // namespace

void encode_operation(std::string& to, const Operation& operation) {
  to += static_cast<char>(static_cast<u8>(operation.kind) | (operation.in_runs ? kInRuns : 0));
  append_varint(to, operation.id);
  switch (operation.kind) {
    case OperationKind::create:
      append_types(to, operation.types);
      append_bytes(to, operation.name);
      append_bytes(to, create_options(operation.types, operation.form));
      return;
    case OperationKind::drop:
    case OperationKind::clear: return;
    case OperationKind::put:
      append_bytes(to, operation.key);
      append_value(to, operation);
      return;
    case OperationKind::erase: append_bytes(to, operation.key); return;
    case OperationKind::list_insert:
    case OperationKind::list_set:
      append_varint(to, operation.index);
      append_value(to, operation);
      return;
    case OperationKind::list_erase:
      append_varint(to, operation.index);
      append_varint(to, operation.count);
      return;
    case OperationKind::erase_range:
      to += static_cast<char>((operation.low ? kHasLow : 0) | (operation.high ? kHasHigh : 0));
      if (operation.low) append_bytes(to, *operation.low);
      if (operation.high) append_bytes(to, *operation.high);
      return;
    case OperationKind::rename: append_bytes(to, operation.name); return;
    case OperationKind::reform:
      append_types(to, operation.types);
      append_bytes(to, create_options(operation.types, operation.form));
      return;
    case OperationKind::level: to += static_cast<char>(operation.form.level); return;
    case OperationKind::move:
      append_location(to, operation.from);
      append_location(to, operation.to);
      return;
    case OperationKind::reclaim_step: append_varint(to, operation.count); return;
    case OperationKind::create_nested:
      append_types(to, operation.types);
      append_location(to, operation.to);
      append_bytes(to, create_options(operation.types));
      return;
  }
}

Operation decode_operation(Bytes& from) {
  Operation operation;
  const u8 kind = take_byte(from);
  const u8 base = kind & ~kInRuns;
  const bool in_runs = kind != base;
  operation.kind = static_cast<OperationKind>(in_runs && !may_be_in_runs(base) ? kind : base);
  operation.id = take_number(from);
  switch (operation.kind) {
    case OperationKind::create:
    case OperationKind::create_nested: take_create(from, operation); return operation;
    case OperationKind::drop:
    case OperationKind::clear: return operation;
    case OperationKind::put:
      operation.key = take_bytes(from);
      take_value(from, in_runs, operation);
      return operation;
    case OperationKind::erase: operation.key = take_bytes(from); return operation;
    case OperationKind::list_insert:
    case OperationKind::list_set:
      operation.index = take_number(from);
      take_value(from, in_runs, operation);
      return operation;
    case OperationKind::list_erase:
      operation.index = take_number(from);
      operation.count = take_number(from);
      return operation;
    case OperationKind::erase_range: take_interval(from, operation); return operation;
    case OperationKind::rename: operation.name = take_bytes(from); return operation;
    case OperationKind::reform:
      take_types(from, operation);
      take_options(from, operation);
      return operation;
    case OperationKind::level: operation.form.level = take_byte(from); return operation;
    case OperationKind::move:
      operation.from = take_location(from);
      operation.to = take_location(from);
      return operation;
    case OperationKind::reclaim_step: operation.count = take_number(from); return operation;
  }
  throw Error(ErrorCode::newer_format, "redo log: operation of kind " +
                                           std::to_string(static_cast<unsigned>(operation.kind)) +
                                           " is not known to this version of Sapwood; open the file with a newer one");
}

}  // namespace sapwood::collections
