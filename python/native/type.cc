#include "python/native/type.h"

#include "collections/types.h"
#include "python/native/any.h"
#include "sapwood/detail/rows.h"
#include "sapwood/tuple.h"

namespace sapwood::python {
namespace {

// What Python calls values of a type, for messages.
std::string python_name(ValueType type) {
  switch (type) {
    case ValueType::boolean: return "bool";
    case ValueType::int32: return "int (32 bits)";
    case ValueType::uint64: return "int (64 bits, not negative)";
    case ValueType::int64:
    case ValueType::int128: return "int";
    case ValueType::float64: return "float";
    case ValueType::string: return "str";
    case ValueType::uuid: return "UUID";
    default: return type_name(type);
  }
}

// numpy.bool of NumPy 2, numpy.bool_ before it.
bool is_numpy_bool(nb::handle object) {
  const nb::handle type = object.type();
  return type.attr("__module__").equal(nb::str("numpy")) &&
         (type.attr("__name__").equal(nb::str("bool")) || type.attr("__name__").equal(nb::str("bool_")));
}

bool truth(nb::handle object) {
  if (!PyBool_Check(object.ptr()) && !is_numpy_bool(object)) throw_expected("bool", object);
  return static_cast<bool>(nb::bool_(object));
}

template <class T, bool kKey>
std::string_view fixed(T value, Scratch& scratch) {
  typename Codec<T>::Scratch bytes;
  const std::string_view encoded = kKey ? Codec<T>::encode_key(value, bytes) : Codec<T>::encode_value(value, bytes);
  std::memcpy(scratch.fixed.data(), encoded.data(), encoded.size());
  return {scratch.fixed.data(), encoded.size()};
}

template <class T, bool kKey>
T unfixed(std::string_view bytes) {
  return kKey ? Codec<T>::decode_key(bytes) : Codec<T>::decode_value(bytes);
}

// The object as an int; floats are none.
nb::object whole_number(ValueType type, nb::handle object) {
  if (PyLong_Check(object.ptr())) return nb::borrow(object);
  if (!PyIndex_Check(object.ptr())) throw_expected(python_name(type), object);
  return own(PyNumber_Index(object.ptr()));
}

[[noreturn]] void throw_too_big(ValueType type) {
  PyErr_SetString(PyExc_OverflowError, ("int does not fit in " + std::string(type_name(type))).c_str());
  throw nb::python_error();
}

template <class T>
T integer(ValueType type, nb::handle object) {
  const nb::object number = whole_number(type, object);
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (value == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  if constexpr (std::same_as<T, std::uint64_t>) {
    if (overflow < 0 || (overflow == 0 && value < 0)) throw_too_big(type);
    if (overflow == 0) return static_cast<T>(value);
    const unsigned long long big = PyLong_AsUnsignedLongLong(number.ptr());
    if (PyErr_Occurred() == nullptr) return big;
    PyErr_Clear();
    throw_too_big(type);
  } else {
    if (overflow != 0 || static_cast<T>(value) != value) throw_too_big(type);
    return static_cast<T>(value);
  }
}

double real(nb::handle object) {
  if (PyFloat_Check(object.ptr())) return PyFloat_AsDouble(object.ptr());
  if (!PyIndex_Check(object.ptr()) && !nb::hasattr(object, "__float__")) throw_expected("float", object);
  const double value = PyFloat_AsDouble(object.ptr());
  if (value == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  return value;
}

std::string_view text(nb::handle object) {
  if (!PyUnicode_Check(object.ptr())) throw_expected("str", object);
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
  if (utf8 == nullptr) throw nb::python_error();
  return {utf8, static_cast<std::size_t>(size)};
}

std::string_view bytes_of(const TypeInfo& type, nb::handle object, Scratch& scratch) {
  scratch.keep = nb::borrow(object);
  if (!PyBytes_Check(object.ptr())) {
    if (PyObject_CheckBuffer(object.ptr()) == 0) throw_expected("bytes", object);
    scratch.keep = own(PyBytes_FromObject(object.ptr()));
  }
  const std::string_view found(PyBytes_AsString(scratch.keep.ptr()),
                               static_cast<std::size_t>(PyBytes_Size(scratch.keep.ptr())));
  if (type.type == ValueType::structure && found.size() != type.width) {
    throw nb::value_error(
        ("expected " + std::to_string(type.width) + " bytes, got " + std::to_string(found.size())).c_str());
  }
  return found;
}

template <bool kKey>
std::string_view encode_plain(const TypeInfo& type, nb::handle object, Scratch& scratch);

void append_parts(std::string& to, const TypeInfo& type, nb::handle object, bool is_whole) {
  const auto count = static_cast<std::size_t>(PyTuple_Check(object.ptr()) ? PyTuple_Size(object.ptr()) : -1);
  const std::size_t wanted = type.part_count();
  if (count > wanted || (is_whole && count != wanted)) {
    throw_expected(type_name(type), object);
  }
  for (std::size_t i = 0; i < count; ++i) {
    Scratch part;
    const nb::handle item(PyTuple_GetItem(object.ptr(), static_cast<Py_ssize_t>(i)));
    const std::string_view bytes = encode_plain<true>(type.parts[i], item, part);
    if (collections::width_of(type.parts[i]) != 0) to += bytes;
    else detail::append_escaped(to, bytes);
  }
}

// A row is a dict with str or bytes as keys; a placeholder is None.
void encode_row(std::string& to, const Type& type, nb::handle row) {
  to.clear();
  if (row.is_none()) return;
  if (!PyDict_Check(row.ptr())) throw_expected("dict or None", row);
  const Type field_type = type.of_field();
  // A copy: what encodes a value may change the row.
  const auto copy = nb::steal<nb::dict>(own(PyDict_Copy(row.ptr())).release());
  std::vector<detail::FieldBytes> fields;
  const std::size_t count = nb::len(copy);
  std::vector<Scratch> names(count), values(count);
  for (const auto& [name, value] : copy) {
    const std::size_t i = fields.size();
    fields.push_back({bytes_of_name(name, names[i]), field_type.encode_value(value, values[i])});
    values[i].keep = nb::make_tuple(name, value, values[i].keep.is_valid() ? values[i].keep : nb::none());
  }
  detail::encode_row(to, fields);
}

template <bool kKey>
std::string_view encode_plain(const TypeInfo& type, nb::handle object, Scratch& scratch) {
  switch (type.type) {
    case ValueType::boolean: return fixed<bool, kKey>(truth(object), scratch);
    case ValueType::int32: return fixed<std::int32_t, kKey>(integer<std::int32_t>(type.type, object), scratch);
    case ValueType::int64: return fixed<std::int64_t, kKey>(integer<std::int64_t>(type.type, object), scratch);
    case ValueType::uint64: return fixed<std::uint64_t, kKey>(integer<std::uint64_t>(type.type, object), scratch);
    case ValueType::int128: return fixed<Int128, kKey>(to_int128(whole_number(type.type, object)), scratch);
    case ValueType::float64: return fixed<double, kKey>(real(object), scratch);
    case ValueType::string:
    case ValueType::json: return text(object);
    case ValueType::bytes:
    case ValueType::structure: return bytes_of(type, object, scratch);
    case ValueType::uuid:
      if (!is_uuid(object)) throw_expected("UUID", object);
      return fixed<Uuid, kKey>(to_uuid(object), scratch);
    case ValueType::datetime: return fixed<DateTime, kKey>(to_datetime(object), scratch);
    case ValueType::any:
      // As for a dict, what can change is no key.
      if (kKey && PyObject_Hash(object.ptr()) == -1) throw nb::python_error();
      scratch.varying.clear();
      detail::append_any(scratch.varying, to_any(object));
      return scratch.varying;
    case ValueType::tuple:
      scratch.varying.clear();
      append_parts(scratch.varying, type, object, true);
      return scratch.varying;
    case ValueType::collection: throw_expected("a new collection (such as db.new_list())", object);
    case ValueType::none: break;
  }
  throw nb::type_error("this collection has no values");
}

nb::object decode_row(const Type& type, std::string_view bytes, const OpenNested& nested) {
  struct Target {
    Type type;
    const OpenNested& nested;
    nb::dict row;
  } target{type.of_field(), nested, nb::dict()};
  const auto take = [](void* to, const detail::FieldBytes& field) {
    Target& into = *static_cast<Target*>(to);
    into.row[field_name(field.name)] = into.type.decode_value(field.value, into.nested);
  };
  if (!detail::read_row(bytes, {&target, take})) return nb::none();
  return std::move(target.row);
}

template <bool kKey>
nb::object decode_plain(const TypeInfo& type, std::string_view bytes, const OpenNested& nested) {
  switch (type.type) {
    case ValueType::boolean: return nb::bool_(unfixed<bool, kKey>(bytes));
    case ValueType::int32: return own(PyLong_FromLong(unfixed<std::int32_t, kKey>(bytes)));
    case ValueType::int64: return own(PyLong_FromLongLong(unfixed<std::int64_t, kKey>(bytes)));
    case ValueType::uint64: return own(PyLong_FromUnsignedLongLong(unfixed<std::uint64_t, kKey>(bytes)));
    case ValueType::int128: return from_int128(unfixed<Int128, kKey>(bytes));
    case ValueType::float64: return own(PyFloat_FromDouble(unfixed<double, kKey>(bytes)));
    case ValueType::string:
    case ValueType::json: return nb::str(bytes.data(), bytes.size());
    case ValueType::bytes:
    case ValueType::structure: return nb::bytes(bytes.data(), bytes.size());
    case ValueType::uuid: return from_uuid(unfixed<Uuid, kKey>(bytes));
    case ValueType::datetime: return from_datetime(unfixed<DateTime, kKey>(bytes));
    case ValueType::any: return from_any(detail::decode_any(bytes), nested);
    case ValueType::collection: return nested(Codec<Nested>::decode_value(bytes).id);
    case ValueType::none: return nb::none();
    case ValueType::tuple: break;
  }
  nb::list parts;
  for (std::size_t i = 0; i < type.part_count(); ++i) {
    const std::uint32_t width = collections::width_of(type.parts[i]);
    if (width != 0) parts.append(decode_plain<true>(type.parts[i], detail::take_fixed(bytes, width), nested));
    else parts.append(decode_plain<true>(type.parts[i], detail::take_escaped(bytes), nested));
  }
  detail::require_end(bytes);
  return nb::tuple(parts);
}

}  // namespace

std::string_view bytes_of_name(nb::handle name, Scratch& scratch) {
  if (PyUnicode_Check(name.ptr())) return text(name);
  if (!PyBytes_Check(name.ptr())) throw_expected("str or bytes as the name of a field", name);
  return bytes_of(ValueType::bytes, name, scratch);
}

nb::object field_name(std::string_view name) {
  PyObject* const text = PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), nullptr);
  if (text != nullptr) return nb::steal(text);
  PyErr_Clear();
  return nb::bytes(name.data(), name.size());
}

bool Type::is_plain(const TypeInfo& info) {
  if (info.row) return false;
  switch (info.type) {
    case ValueType::none:
    case ValueType::boolean:
    case ValueType::int32:
    case ValueType::int64:
    case ValueType::uint64:
    case ValueType::float64:
    case ValueType::string:
    case ValueType::bytes:
    case ValueType::structure: return true;
    default: return false;
  }
}

Type::Type(const std::string& name, std::uint16_t codec, nb::object to_stored, nb::object from_stored)
    : info_(name == "none" ? TypeInfo(ValueType::none) : type_of_name(name).with_codec(codec)) {
  if (!to_stored.is_none()) to_stored_ = std::move(to_stored);
  if (!from_stored.is_none()) from_stored_ = std::move(from_stored);
  decodes_alone_ = is_plain(info_) && !from_stored_.is_valid();
}

bool Type::compares_bytes() const {
  if (info_.row || to_stored_.is_valid()) return false;
  switch (info_.type) {
    case ValueType::boolean:
    case ValueType::int32:
    case ValueType::int64:
    case ValueType::uint64:
    case ValueType::int128:
    case ValueType::string:
    case ValueType::bytes:
    case ValueType::uuid:
    case ValueType::datetime: return true;
    default: return false;
  }
}

std::string_view Type::encode_key(nb::handle object, Scratch& scratch) const {
  if (!to_stored_.is_valid()) [[likely]]
    return encode_plain<true>(info_, object, scratch);
  const nb::object stored = to_stored_(object);
  const std::string_view bytes = encode_plain<true>(info_, stored, scratch);
  scratch.keep = nb::make_tuple(stored, scratch.keep.is_valid() ? scratch.keep : nb::none());
  return bytes;
}

std::string_view Type::encode_value(nb::handle object, Scratch& scratch) const {
  if (info_.row) {
    encode_row(scratch.varying, *this, object);
    return scratch.varying;
  }
  if (!to_stored_.is_valid()) [[likely]]
    return encode_plain<false>(info_, object, scratch);
  const nb::object stored = to_stored_(object);
  const std::string_view bytes = encode_plain<false>(info_, stored, scratch);
  scratch.keep = nb::make_tuple(stored, scratch.keep.is_valid() ? scratch.keep : nb::none());
  return bytes;
}

nb::object Type::decode_key(std::string_view bytes) const {
  nb::object found = decode_plain<true>(info_, bytes, nullptr);
  return from_stored_.is_valid() ? from_stored_(found) : found;
}

nb::object Type::decode_value(std::string_view bytes, const OpenNested& nested) const {
  if (info_.row) return decode_row(*this, bytes, nested);
  nb::object found = decode_plain<false>(info_, bytes, nested);
  return from_stored_.is_valid() ? from_stored_(found) : found;
}

std::string Type::encode_prefix(nb::handle first) const {
  Scratch scratch;
  switch (info_.type) {
    case ValueType::string:
    case ValueType::bytes: return std::string(encode_key(first, scratch));
    case ValueType::tuple: append_parts(scratch.varying, info_, first, false); return scratch.varying;
    case ValueType::any: return detail::any_prefix(to_any(first));
    default: throw nb::type_error(("keys of type " + type_name(info_) + " have no prefixes").c_str());
  }
}

Type Type::as_row() const {
  Type row = *this;
  row.info_ = info_.as_row();
  row.decodes_alone_ = false;
  return row;
}
Type Type::of_field() const {
  Type field = *this;
  field.info_ = info_.of_field();
  field.decodes_alone_ = is_plain(field.info_) && !from_stored_.is_valid();
  return field;
}

}  // namespace sapwood::python
