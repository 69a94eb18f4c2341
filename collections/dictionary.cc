#include "collections/dictionary.h"

#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "base/bytes.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

constexpr std::size_t kDictionarySize = 112 << 10;  // at most; as large as the tool of zstd makes them
constexpr std::size_t kFewestSamples = 64;
constexpr std::size_t kLeastSampleBytes = 16 << 10;
constexpr std::size_t kShortestCompressed = 16;  // shorter values are never worth a frame
// A block of a frame takes four bytes at least, and holds 128 KiB at most.
constexpr u64 kMostInBlock = 128 << 10;
constexpr u64 kLeastBlock = 4;

template <class T>
T* require_memory(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// What zstd works in: one a thread, since a new one costs more than a value.
ZSTD_CCtx& compress_context() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(require_memory(ZSTD_createCCtx()));
  return *context;
}
ZSTD_DCtx& decompress_context() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(require_memory(ZSTD_createDCtx()));
  return *context;
}

[[noreturn]] void throw_bad_frame(const std::string& collection, const std::string& why) {
  throw Error(ErrorCode::corrupt,
              "'" + collection + "': a compressed value cannot be read: " + why + "; run check on the file");
}

}  // namespace

Dictionary::Dictionary(std::string bytes)
    : bytes_(std::move(bytes)), decompress_(require_memory(ZSTD_createDDict(bytes_.data(), bytes_.size()))) {}

Dictionary::~Dictionary() {
  ZSTD_freeDDict(decompress_);
  ZSTD_freeCDict(compress_);
}

const ZSTD_CDict* Dictionary::to_compress(int level) const {
  if (compress_ != nullptr && level_ == level) return compress_;
  ZSTD_CDict* made = require_memory(ZSTD_createCDict(bytes_.data(), bytes_.size(), level));
  ZSTD_freeCDict(compress_);
  compress_ = made;
  level_ = level;
  return compress_;
}

namespace {

std::atomic<u64> next_serial{1};

}  // namespace

DictionaryCache::DictionaryCache() : serial_(next_serial++) {}

const Dictionary& DictionaryCache::find(u64 collection, u32 number, const Load& load) {
  // The one that this thread found last. Dictionaries live as long as their cache, whose serial is never another's.
  struct Last {
    u64 serial = 0;
    u64 collection = 0;
    u32 number = 0;
    const Dictionary* dictionary = nullptr;
  };
  thread_local Last last;
  if (last.serial == serial_ && last.collection == collection && last.number == number) [[likely]]
    return *last.dictionary;
  const Dictionary* found = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto there = dictionaries_.find({collection, number});
    if (there != dictionaries_.end()) found = there->second.get();
  }
  if (found == nullptr) {
    auto loaded = std::make_unique<Dictionary>(load());
    const std::lock_guard lock(mutex_);
    found = dictionaries_.try_emplace({collection, number}, std::move(loaded)).first->second.get();
  }
  last = {serial_, collection, number, found};
  return *found;
}

bool append_compressed(std::string& to, Bytes value, int level, const Dictionary* dictionary) {
  if (value.size() < kShortestCompressed) return false;
  const std::size_t before = to.size();
  const std::size_t room = ZSTD_compressBound(value.size());
  to.resize(before + room);
  ZSTD_CCtx& context = compress_context();
  const std::size_t size =
      dictionary == nullptr ? ZSTD_compressCCtx(&context, to.data() + before, room, value.data(), value.size(), level)
                            : ZSTD_compress_usingCDict(&context, to.data() + before, room, value.data(), value.size(),
                                                       dictionary->to_compress(level));
  const bool shorter = !ZSTD_isError(size) && size < value.size();
  to.resize(before + (shorter ? size : 0));
  return shorter;
}

u32 dictionary_number(Bytes frame) { return ZSTD_getDictID_fromFrame(frame.data(), frame.size()); }

void decompress(std::string& to, Bytes frame, const Dictionary* dictionary, const std::string& collection) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
    throw_bad_frame(collection, "it does not begin as a zstd frame that says its size");
  }
  if (size > (frame.size() / kLeastBlock + 1) * kMostInBlock) {
    throw_bad_frame(collection, "it says that it holds more than so few bytes can");
  }
  to.resize(size);
  ZSTD_DCtx& context = decompress_context();
  const std::size_t found = dictionary == nullptr
                                ? ZSTD_decompressDCtx(&context, to.data(), to.size(), frame.data(), frame.size())
                                : ZSTD_decompress_usingDDict(&context, to.data(), to.size(), frame.data(), frame.size(),
                                                             dictionary->to_decompress());
  if (ZSTD_isError(found)) throw_bad_frame(collection, ZSTD_getErrorName(found));
  if (found != size) throw_bad_frame(collection, "it holds fewer bytes than it says");
}

void Samples::add(Bytes value) {
  if (value.size() > kMostOfOne || value.empty()) return;
  bytes += value;
  sizes.push_back(value.size());
}

std::string train_dictionary(const Samples& samples, u32 number) {
  if (samples.sizes.size() < kFewestSamples || samples.bytes.size() < kLeastSampleBytes) return {};
  std::string bytes(std::min(kDictionarySize, samples.bytes.size() / 4), '\0');
  const std::size_t size = ZDICT_trainFromBuffer(bytes.data(), bytes.size(), samples.bytes.data(), samples.sizes.data(),
                                                 static_cast<unsigned>(samples.sizes.size()));
  if (ZDICT_isError(size)) return {};
  bytes.resize(size);
  store<u32>(bytes.data() + 4, number);  // where a dictionary has its number, behind four bytes of magic
  return bytes;
}

}  // namespace sapwood::collections
