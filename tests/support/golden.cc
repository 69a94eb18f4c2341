#include "tests/support/golden.h"

#include "os/sim_disk.h"

namespace sapwood::test {

namespace {

std::string text(u64 size, u64 seed) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((seed + i) * 2654435761u >> 13);
  return bytes;
}

template <class T>
std::string key(T value) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_key(value, scratch));
}
template <class T>
std::string value(T given) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_value(given, scratch));
}

constexpr CollectionTypes list_of(ValueType item) { return {CollectionKind::list, ValueType::none, item}; }
constexpr CollectionTypes map_of(ValueType from, ValueType to) { return {CollectionKind::sorted_map, from, to}; }

void fill_lists(Model& model) {
  using enum ValueType;
  std::vector<std::string>& words = model.edit("words", list_of(string)).items;
  for (u64 i = 0; i < 400; ++i) words.push_back(text(i % 37, i));
  words.insert(words.begin() + 7, text(100'000, 1));
  words.insert(words.begin() + 200, text(3000, 2));
  std::vector<std::string>& numbers = model.edit("numbers", list_of(int64)).items;
  for (i64 i = -1000; i < 1000; ++i) numbers.push_back(value<i64>(i * i * i));
  std::vector<std::string>& weights = model.edit("weights \xc3\xa9", list_of(float64)).items;
  for (int i = 0; i < 50; ++i) weights.push_back(value<double>(i / 7.0));
  model.edit("empty", list_of(bytes));
}

void fill_maps(Model& model) {
  using enum ValueType;
  std::map<std::string, std::string>& names = model.edit("names", map_of(string, string)).entries;
  for (u64 i = 0; i < 500; ++i) names["a common prefix/" + std::to_string(i * 7919 % 1000)] = text(i % 90, i);
  names[""] = "the empty key";
  names[std::string(128, 'k')] = text(20'000, 5);
  names[std::string(127, 'k')] = "";
  std::map<std::string, std::string>& squares = model.edit("squares", map_of(int64, int64)).entries;
  for (i64 i = -300; i < 300; ++i) squares[key<i64>(i * 12345)] = value<i64>(i * i);
  std::map<std::string, std::string>& spectra = model.edit("spectra", map_of(float64, bytes)).entries;
  for (int i = -100; i < 100; ++i) spectra[key<double>(i * 0.37)] = text(static_cast<u64>(i + 100) % 23, 9);
}

void fill_hashed(Model& model) {
  using enum ValueType;
  std::map<std::string, std::string>& files = model.edit("files", {CollectionKind::dict, string, bytes}).entries;
  for (u64 i = 0; i < 300; ++i) files["path/" + std::to_string(i)] = text(i % 70, i);
  files[""] = "the empty key";
  files[std::string(119, 'k')] = "the longest key that is kept whole";
  files[std::string(120, 'k')] = "the shortest that is not";
  files[std::string(65536, 'k')] = text(20'000, 5);
  std::map<std::string, std::string>& cubes = model.edit("cubes", {CollectionKind::dict, int64, float64}).entries;
  for (i64 i = -200; i < 200; ++i) cubes[key<i64>(i)] = value<double>(static_cast<double>(i * i * i) / 8);
  std::map<std::string, std::string>& seen = model.edit("seen", {CollectionKind::set, string, none}).entries;
  for (int i = 0; i < 200; ++i) seen["seen " + std::to_string(i * i)] = "";
  std::map<std::string, std::string>& times = model.edit("times", {CollectionKind::sorted_set, float64, none}).entries;
  for (int i = -100; i < 100; ++i) times[key<double>(i * 1.5)] = "";
}

std::string row(const Records<std::string>::Row& fields) {
  return std::string(detail::EncodedRow<std::string>(fields));
}

}  // namespace

Model golden_records_model() {
  Model model;
  std::vector<std::string>& rows = model.edit("rows", Records<std::string>::types).items;
  rows.push_back(row({}));
  rows.emplace_back();  // a placeholder
  rows.push_back(row({{"", "empty"}, {"two\nlines", ""}, {std::string("\0\xff", 2), "bytes"}}));
  rows.push_back(row({{std::string(kMaxFieldName, 'n'), text(300'000, 3)}, {"after", "it"}}));
  Records<std::string>::Row wide;
  for (u64 i = 0; i < 1000; ++i) wide["field " + std::to_string(i)] = text(i % 50, i);
  rows.push_back(row(wide));
  for (u64 i = 0; i < 300; ++i)
    rows.push_back(row({{"id", std::to_string(i)}, {i % 3 == 0 ? "a" : "b", text(i % 40, i)}}));
  model.edit("no rows", Records<std::string>::types);
  return model;
}

Model golden_model() {
  Model model;
  fill_lists(model);
  fill_maps(model);
  fill_hashed(model);
  return model;
}

std::string make_golden(const Model& model) {
  os::SimDisk disk({.seed = 1, .reservation_bytes = u64{256} << 20});
  Options options;
  options.env = &disk;
  options.page_size = 512;
  Database database = Database::open("/golden", options);
  database.write([](WriteTxn& txn) {
    auto dropped = txn.list<std::string>("dropped");
    for (int i = 0; i < 300; ++i) dropped.push_back("space that is free later");
  });
  for (const std::string& name : model.names()) {
    ModelCollection collection = model.at(name);
    database.write([&](WriteTxn& txn) {
      // Under another name first.
      const std::unique_ptr<Face> to = face_of(txn, "new " + name, collection.types);
      to->extend(model_face(collection, ~u64{0})->entries(0, collection.size(), false));
      txn.rename("new " + name, name);
    });
  }
  database.drop("dropped");
  database.close();
  return disk.contents("/golden");
}

}  // namespace sapwood::test
