#include "db/scratch.h"

#include <array>
#include <vector>

#include "collections/hex.h"
#include "sapwood/error.h"

namespace sapwood::db {

Scratch::Scratch(os::Env& env, const std::string& to, const char* purpose) : env_(env), to_(to) {
  std::array<std::byte, 4> random;
  env.random().fill(random.data(), random.size());
  building_ = to + "-" + purpose + "-" + collections::to_hex(random);
  copy_ = building_ + "-copy";
}

Scratch::~Scratch() {
  for (const std::string& name : {building_, copy_}) {
    for (const char* suffix : {"", "-log", "-lock"}) remove(name + suffix);
  }
}

void Scratch::finish() {
  env_.files().rename_new(building_, to_);
  env_.files().sync_folder_of(to_);
}

void Scratch::remove(const std::string& path) noexcept {
  try {
    if (env_.files().exists(path)) env_.files().remove(path);
  } catch (...) {  // a leftover under a name of its own
  }
}

void require_absent(os::Env& env, const std::string& path) {
  if (env.files().exists(path)) {
    throw Error(ErrorCode::exists, path + " exists already; choose another name, or remove it first");
  }
}

void copy_file(os::Env& env, const std::string& from, const std::string& to) {
  constexpr u64 kPiece = 1 << 20;
  const std::unique_ptr<os::File> source = env.files().open(from, {.write = false});
  const std::unique_ptr<os::File> target = env.files().open(to, {.write = true, .create = true, .like = from});
  target->truncate(0);
  std::vector<u8> piece(kPiece);
  for (u64 at = 0;;) {
    const std::size_t size = source->read(at, piece.data(), piece.size());
    if (size == 0) return;
    target->write(at, piece.data(), size);
    at += size;
  }
}

}  // namespace sapwood::db
