#include "storage/create.h"

#include <vector>

#include "storage/bitmap_page.h"

namespace sapwood::storage {

Meta new_meta(os::Env& env, u32 page_size) {
  const Geometry geometry(page_size);
  Meta meta;
  meta.page_size = page_size;
  env.random().fill(meta.uuid.data(), meta.uuid.size());
  env.random().fill(meta.hash_key.data(), meta.hash_key.size());
  meta.txn = 1;
  meta.page_count = geometry.first_page + 2;
  meta.clean = true;
  meta.created_us = env.clock().now_us();
  meta.commit_time_us = meta.created_us;
  meta.active.resize(1);
  return meta;
}

void write_empty(os::File& file, const Meta& meta) {
  const Geometry geometry(meta.page_size);
  file.allocate(0, meta.page_count << geometry.page_shift);
  std::vector<u8> bits(meta.page_size - kBitmapHeaderSize);
  bits[0] = 3;  // the two bitmap pages themselves
  std::vector<u8> bitmap(meta.page_size);
  const PageNo page = geometry.bitmap_page(0, 0);
  build_bitmap_page(bitmap.data(), geometry, page, meta.txn, bits.data(), meta.checksum_seed());
  file.write(geometry.offset_of(page), bitmap.data(), bitmap.size());
  write_meta(file, meta);
  file.sync();
}

void create_database(os::Env& env, const std::string& path, u32 page_size) {
  const Meta meta = new_meta(env, page_size);
  const std::string building = path + "-new-" + uuid_text(meta.uuid).substr(0, 8);
  try {
    const std::unique_ptr<os::File> file =
        env.files().open(building, {.write = true, .create = true, .exclusive = true});
    write_empty(*file, meta);
    env.files().rename_new(building, path);
  } catch (...) {
    try {
      if (env.files().exists(building)) env.files().remove(building);
    } catch (...) {
      // A leftover under a name of its own; the first error tells more.
    }
    throw;
  }
  env.files().sync_folder_of(path);
}

}  // namespace sapwood::storage
