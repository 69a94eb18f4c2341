#include "collections/collection_tree.h"

#include "base/bytes.h"
#include "collections/session.h"
#include "tree/cursor.h"

namespace sapwood::collections {

Bytes CollectionTree::decode(Bytes stored, std::string& buffer) const {
  const FormedValue value = split_value(form(), stored, name());
  if (!value.compressed) return value.payload;
  const u32 number = dictionary_number(value.payload);
  decompress(buffer, value.payload, number == 0 ? nullptr : &dictionary(number), name());
  return buffer;
}

const Dictionary& CollectionTree::dictionary(u32 number) const {
  if (source_.session != nullptr) return source_.session->dictionary(*record_, number);
  return source_.cache->find(form().dictionaries, number, [&] {
    const CatalogReader catalog(pages(), to_tree_root(*source_.catalog));
    const std::optional<CatalogRecord> record = catalog.find(form().dictionaries);
    if (!record) throw Error(ErrorCode::corrupt, "catalog: C7: '" + name() + "' has lost its dictionaries");
    return read_dictionary(TreeReader(pages(), record->shape, record->root), number, name());
  });
}

std::string dictionary_key(u32 number) {
  std::string key(8, '\0');
  store_be64(key.data(), number);
  return key;
}

std::string read_dictionary(const tree::TreeReader& dictionaries, u32 number, const std::string& collection) {
  std::string bytes;
  if (const std::optional<tree::ValueView> found = dictionaries.get(dictionary_key(number))) found->read(bytes);
  if (bytes.empty()) {
    throw Error(ErrorCode::corrupt, "'" + collection + "': a compressed value needs dictionary " +
                                        std::to_string(number) + ", which is not there; run check on the file");
  }
  return bytes;
}

u32 newest_dictionary(const tree::TreeReader& dictionaries) {
  if (dictionaries.size() == 0) return 0;
  tree::Cursor cursor(dictionaries);
  cursor.seek_last();
  return static_cast<u32>(load_be64(cursor.key().data()));
}

}  // namespace sapwood::collections
