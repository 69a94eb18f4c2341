#include "python/native/any.h"

namespace sapwood::python {
namespace {

// Classes and constants of the standard library, kept for ever, as modules are. Looked up when the package is imported:
// other threads would wait for the first use with the GIL, which imports give up.
struct Standard {
  nb::object uuid_class = nb::module_::import_("uuid").attr("UUID");
  nb::object datetime_class = nb::module_::import_("datetime").attr("datetime");
  nb::object timedelta_class = nb::module_::import_("datetime").attr("timedelta");
  nb::object utc = nb::module_::import_("datetime").attr("timezone").attr("utc");
  nb::object epoch = datetime_class(1970, 1, 1, 0, 0, 0, 0, utc);
  nb::object microsecond = timedelta_class(0, 0, 1);
  nb::object int_class = nb::borrow(reinterpret_cast<PyObject*>(&PyLong_Type));
};
const Standard& standard() {
  static const Standard* found = new Standard;
  return *found;
}

struct Hooks {
  nb::object pack;
  nb::object unpack;
};
Hooks& hooks() {
  static auto* found = new Hooks;
  return *found;
}

// The key of a dict that pack() made, or that looks like one: a "$" first.
bool is_marked(const AnyMap& map) {
  if (map.entries.size() != 1) return false;
  const auto* key = std::get_if<std::string>(&map.entries.front().first);
  return key != nullptr && key->starts_with('$');
}

AnyValue to_any_within(nb::handle object, std::size_t depth);

AnyMap map_of(nb::handle dict, std::size_t depth) {
  AnyMap map;
  // A copy: packing a value may run Python code, which may change the dict.
  const auto copy = nb::steal<nb::dict>(own(PyDict_Copy(dict.ptr())).release());
  for (const auto& [key, value] : copy) {
    map.entries.emplace_back(to_any_within(key, depth), to_any_within(value, depth));
  }
  return map;
}

AnyValue to_any_within(nb::handle object, std::size_t depth) {
  if (depth > kMaxAnyDepth) throw nb::value_error("values nest more than 64 levels deep, or contain themselves");
  PyObject* const raw = object.ptr();
  if (raw == Py_None) return std::monostate{};
  if (PyBool_Check(raw)) return raw == Py_True;
  if (PyLong_Check(raw)) {
    int overflow = 0;
    const long long small = PyLong_AsLongLongAndOverflow(raw, &overflow);
    if (overflow == 0) return static_cast<std::int64_t>(small);
    const Int128 number = to_int128(object);
    if (number >= 0 && number >> 64 == 0) return static_cast<std::uint64_t>(number);
    return number;
  }
  if (PyFloat_CheckExact(raw)) return PyFloat_AsDouble(raw);
  if (PyUnicode_Check(raw)) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(raw, &size);
    if (text == nullptr) throw nb::python_error();
    return std::string(text, static_cast<std::size_t>(size));
  }
  if (PyBytes_Check(raw)) {
    const auto* bytes = reinterpret_cast<const std::byte*>(PyBytes_AsString(raw));
    return std::vector<std::byte>(bytes, bytes + PyBytes_Size(raw));
  }
  if (PyTuple_Check(raw)) {
    AnyTuple tuple;
    for (const nb::handle part : nb::borrow<nb::tuple>(object)) tuple.parts.push_back(to_any_within(part, depth + 1));
    return tuple;
  }
  if (PyList_Check(raw)) {
    AnyList list;
    const auto items = nb::steal<nb::tuple>(own(PyList_AsTuple(raw)).release());  // as above
    for (const nb::handle item : items) list.items.push_back(to_any_within(item, depth + 1));
    return list;
  }
  if (PyDict_Check(raw)) {
    AnyMap map = map_of(object, depth + 1);
    if (is_marked(map)) map.entries.front().first = "$" + std::get<std::string>(map.entries.front().first);
    return map;
  }
  if (is_uuid(object)) return to_uuid(object);
  if (is_datetime(object)) return to_datetime(object);
  const nb::object packed = hooks().pack(object);
  // What pack() gives is one of the above; its dicts are marked already.
  if (PyDict_Check(packed.ptr())) return map_of(packed, depth + 1);
  return to_any_within(packed, depth + 1);
}

nb::object from_map(const AnyMap& map, const OpenNested& nested) {
  nb::dict dict;
  if (!is_marked(map)) {
    for (const auto& [key, value] : map.entries) dict[from_any(key, nested)] = from_any(value, nested);
    return dict;
  }
  const auto& [key, value] = map.entries.front();
  const auto& name = std::get<std::string>(key);
  const bool is_users = name.starts_with("$$");
  dict[nb::cast(is_users ? std::string_view(name).substr(1) : std::string_view(name))] = from_any(value, nested);
  return is_users ? nb::object(dict) : nb::object(hooks().unpack(dict));
}

}  // namespace

void set_any_hooks(nb::object pack, nb::object unpack) {
  standard();
  hooks() = {std::move(pack), std::move(unpack)};
}

nb::object from_int128(Int128 number) {
  const nb::bytes little(&number, sizeof number);
  return standard().int_class.attr("from_bytes")(little, "little", nb::arg("signed") = true);
}

Int128 to_int128(nb::handle number) {
  const auto little = nb::cast<nb::bytes>(number.attr("to_bytes")(16, "little", nb::arg("signed") = true));
  Int128 value;
  std::memcpy(&value, little.c_str(), sizeof value);
  return value;
}

bool is_uuid(nb::handle object) { return nb::isinstance(object, standard().uuid_class); }
nb::object from_uuid(const Uuid& uuid) {
  return standard().uuid_class(nb::arg("bytes") = nb::bytes(uuid.bytes.data(), uuid.bytes.size()));
}
Uuid to_uuid(nb::handle object) {
  const auto bytes = nb::cast<nb::bytes>(object.attr("bytes"));
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), bytes.c_str(), uuid.bytes.size());
  return uuid;
}

bool is_datetime(nb::handle object) { return nb::isinstance(object, standard().datetime_class); }
nb::object from_datetime(DateTime time) {
  return standard().epoch + standard().timedelta_class(0, 0, nb::int_(time.us));
}
DateTime to_datetime(nb::handle object) {
  if (!is_datetime(object)) throw_expected("datetime", object);
  if (object.attr("tzinfo").is_none()) {
    throw nb::value_error("a datetime without a time zone: give it one, such as datetime.now(timezone.utc)");
  }
  const nb::object whole = (nb::borrow(object) - standard().epoch).attr("__floordiv__")(standard().microsecond);
  return {nb::cast<std::int64_t>(whole)};
}

AnyValue to_any(nb::handle object) { return to_any_within(object, 0); }

nb::object from_any(const AnyValue& value, const OpenNested& nested) {
  return std::visit(
      [&](const auto& one) -> nb::object {
        using T = std::remove_cvref_t<decltype(one)>;
        if constexpr (std::same_as<T, std::monostate>) return nb::none();
        else if constexpr (std::same_as<T, bool>) return nb::bool_(one);
        else if constexpr (std::same_as<T, std::int64_t>) return own(PyLong_FromLongLong(one));
        else if constexpr (std::same_as<T, std::uint64_t>) return own(PyLong_FromUnsignedLongLong(one));
        else if constexpr (std::same_as<T, double>) return own(PyFloat_FromDouble(one));
        else if constexpr (std::same_as<T, std::string>) return nb::str(one.data(), one.size());
        else if constexpr (std::same_as<T, std::vector<std::byte>>) return nb::bytes(one.data(), one.size());
        else if constexpr (std::same_as<T, Int128>) return from_int128(one);
        else if constexpr (std::same_as<T, Uuid>) return from_uuid(one);
        else if constexpr (std::same_as<T, DateTime>) return from_datetime(one);
        else if constexpr (std::same_as<T, Json>) return nb::str(one.text.data(), one.text.size());
        else if constexpr (std::same_as<T, AnyTuple>) {
          nb::list parts;
          for (const AnyValue& part : one.parts) parts.append(from_any(part, nested));
          return nb::tuple(parts);
        } else if constexpr (std::same_as<T, AnyList>) {
          nb::list items;
          for (const AnyValue& item : one.items) items.append(from_any(item, nested));
          return items;
        } else if constexpr (std::same_as<T, AnyMap>) return from_map(one, nested);
        else return nested(one.id);
      },
      static_cast<const detail::AnyVariant&>(value));
}

}  // namespace sapwood::python
