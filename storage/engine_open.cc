// Opening: finding or making the file, locking it, judging its metas, and loading the bitmaps.

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "storage/create.h"
#include "storage/engine_impl.h"
#include "storage/log_format.h"

namespace sapwood::storage {
namespace {

void check_options(const Options& options) {
  const auto fail = [](const std::string& what) { throw Error(ErrorCode::invalid_argument, "Options::" + what); };
  if (options.page_size != 0 && !is_page_size(options.page_size)) {
    fail("page_size is " + std::to_string(options.page_size) + "; it must be a power of two from 512 to 65536");
  }
  if (options.log_size < kMinLogSize || options.log_size % 4096 != 0)
    fail("log_size must be a multiple of 4096, at least 4096");
  if (options.log_size_max < options.log_size || options.log_size_max % 4096 != 0 ||
      options.log_size_max > kMaxLogStride) {
    fail("log_size_max must be a multiple of 4096, at least log_size, at most 1 GiB");
  }
}

// The lock file tells more than the system does, but only of a process that writes; a reader leaves it as it is.
std::string holder_of(os::Env& env, const std::string& path) {
  constexpr std::size_t kMostNamed = 3;
  const std::vector<os::ProcessInfo> users = env.files().users_of(path);
  const std::string lock_path = path + "-lock";
  if (env.files().exists(lock_path)) {
    const std::unique_ptr<os::File> file = env.files().open(lock_path, {.write = false});
    std::vector<u8> bytes(sizeof(LockFile));
    bytes.resize(file->read(0, bytes.data(), bytes.size()));
    const u32 writer = holding_process(bytes.data(), bytes.size());
    const bool holds = users.empty() || std::ranges::find(users, writer, &os::ProcessInfo::pid) != users.end();
    if (writer != 0 && holds) return describe_holder(bytes.data(), bytes.size());
  }
  std::string named;
  for (std::size_t i = 0; i < std::min(users.size(), kMostNamed); ++i) {
    named += (i == 0 ? "process " : ", ") + std::to_string(users[i].pid) + " (" + users[i].command + ")";
  }
  if (users.size() > kMostNamed) named += " and " + std::to_string(users.size() - kMostNamed) + " others";
  return named.empty() ? "another process" : named;
}

[[noreturn]] void throw_in_use(os::Env& env, const std::string& path) {
  std::string holder = "another process";
  try {
    holder = holder_of(env, path);
  } catch (const Error&) {  // then it stays unnamed
  }
  throw Error(ErrorCode::in_use, path + " is in use by " + holder + "; close it there first");
}

// Opens the file that stands at `path` and locks it; makes it first if `mode` says so.
std::unique_ptr<os::File> open_locked(os::Env& env, const std::string& path, const Options& options) {
  const bool may_create = options.mode == OpenMode::create || options.mode == OpenMode::create_new;
  if (options.mode == OpenMode::create_new && env.files().exists(path)) {
    throw Error(ErrorCode::exists, path + " exists already; open it in another mode or choose another name");
  }
  for (int attempt = 0; attempt < 16; ++attempt) {
    if (may_create && !env.files().exists(path)) {
      try {
        create_database(env, path, options.page_size == 0 ? kDefaultPageSize : options.page_size);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::exists || options.mode == OpenMode::create_new) throw;
        if (!env.files().exists(path)) continue;  // the name to build under was taken, by a leftover
      }
    }
    const bool write = options.mode != OpenMode::read;
    std::unique_ptr<os::File> file = env.files().open(path, {.write = write});
    if (!file->try_lock(write ? os::LockKind::exclusive : os::LockKind::shared)) {
      file.reset();  // we are no user of it
      throw_in_use(env, path);
    }
    if (file->is_at_path()) return file;  // else it was replaced in between
  }
  throw Error(ErrorCode::in_use, path + " is replaced again and again by others; close it there first");
}

// After a crash, or a failed write, the system's cache may hold what will never reach the disk (it marks pages clean
// when their write fails): what counts is what is really there.
void forget_unsafe_cache(os::Env& env, const std::string& path, os::File& file) {
  if (!env.files().exists(path + "-lock") && !env.files().exists(path + "-log")) return;
  file.sync();
  file.drop_cache();
}

std::unique_ptr<os::Mapping> open_lock_file(os::Env& env, const std::string& path, const std::string& data_path,
                                            std::unique_ptr<os::File>& file) {
  file = env.files().open(path, {.write = true, .create = true, .like = data_path});
  file->allocate(0, sizeof(LockFile));  // real space: a full disk is an error here, not a signal later
  return file->map_shared(sizeof(LockFile));
}

}  // namespace

Engine::Impl::Impl(os::Env& environment, const Options& given, Contents& content, std::unique_ptr<os::File> file,
                   const Geometry& pages_at)
    : env(environment),
      options(given),
      contents(content),
      geometry(pages_at),
      pages(environment, std::move(file), pages_at),
      allocator(pages_at),
      buffers(pages_at.page_size) {}

std::shared_ptr<Engine> Engine::open(const std::string& given_path, const Options& options, Contents& contents) {
  check_options(options);
  os::Env& env = options.env != nullptr ? *options.env : os::posix_env();
  const bool temporary = given_path.empty();
  const std::string path = temporary ? "(temporary database)" : env.files().resolve(given_path);
  std::unique_ptr<os::File> file;
  if (temporary) {
    file = env.files().open_temporary();
    write_empty(*file, new_meta(env, options.page_size == 0 ? kDefaultPageSize : options.page_size));
  } else {
    file = open_locked(env, path, options);
  }
  if (!temporary && options.mode != OpenMode::read) forget_unsafe_cache(env, path, *file);
  const MetaSlots slots = read_metas(*file);
  if (slots.newest->read_only_compatible != 0 && options.mode != OpenMode::read) {
    throw Error(ErrorCode::newer_format,
                path + " has features of a newer version of Sapwood; update to write it, or open it for reading");
  }
  std::unique_ptr<Impl> impl(new Impl(env, options, contents, std::move(file), Geometry(slots.newest->page_size)));
  impl->path = path;
  impl->temporary = temporary;
  impl->read_only = options.mode == OpenMode::read && !temporary;
  std::unique_ptr<os::Mapping> shared = temporary || impl->read_only
                                            ? env.reserve_memory(sizeof(LockFile))
                                            : open_lock_file(env, impl->lock_path(), path, impl->lock_file);
  impl->versions = std::make_unique<Versions>(std::move(shared), env.process(), env.clock().now_us());
  impl->closed = true;  // a failure from here on must leave the files as they are
  std::shared_ptr<Engine> engine(new Engine(std::move(impl)));
  Impl& opened = *engine->impl_;
  try {
    if (slots.newest->log_expected) {
      opened.recover(*engine, slots);
    } else {
      opened.open_clean(slots);
    }
  } catch (...) {
    opened.release_files();
    throw;
  }
  opened.closed = false;
  opened.note_space();
  return engine;
}

bool Engine::Impl::maps_stores() {
  if (read_only || options.page_writes == PageWrites::calls) return false;
  return options.page_writes == PageWrites::mapped || pages.file().keeps_space_for_stores();
}

// A file at rest: everything is in it. A log of ours beside it never counted.
void Engine::Impl::open_clean(const MetaSlots& slots) {
  adopt(*slots.newest);
  if (temporary || !env.files().exists(log_path())) return;
  LogOwner owner = LogOwner::foreign;
  {
    const std::unique_ptr<os::File> file = env.files().open(log_path(), {.write = false});
    owner = inspect_log(*file, meta.uuid, meta.log_stride);
  }
  if (owner == LogOwner::foreign && !read_only) {
    throw Error(ErrorCode::in_use, log_path() + " is not the log of " + path + "; move it away, then open again");
  }
  if (owner == LogOwner::ours && slots.other_damaged) {
    throw Error(
        ErrorCode::corrupt,
        path + " has lost both copies of its newest meta, and its log holds later commits; restore it from a copy");
  }
  if (!read_only) env.files().remove(log_path());
}

// Takes over what a meta says: geometry, bitmaps, tip. Publishes nothing to others that was not there.
void Engine::Impl::adopt(const Meta& newest) {
  meta = newest;
  if (pages.page_count() < meta.page_count) {
    throw Error(ErrorCode::corrupt, path + " is cut off: it has " + std::to_string(pages.page_count()) + " pages of " +
                                        std::to_string(meta.page_count) + "; restore it from a copy");
  }
  PageSpace prototype;
  prototype.checksum_seed = meta.checksum_seed();
  prototype.key_hash = {meta.hash_seed(), ~u64{0} << (64 - env.key_hash_bits())};
  prototype.verify_checksums = options.verify_checksums;
  prototype.verify_node = contents.verify_node();
  pages.open_map(prototype, maps_stores());
  tip.txn = meta.txn;
  tip.catalog = meta.catalog;
  tip.page_count = meta.page_count;
  tip.lsn = meta.replay_lsn;
  tip.commit_time_us = meta.commit_time_us;
  durable = tip.lsn;
  versions->publish_tip(tip);
  versions->publish_head(tip.txn);
  versions->publish_checkpoints(meta.txn, 0);
  try {
    load_bitmaps();
  } catch (const Error&) {
    if (!read_only) throw;
    allocator = Allocator(geometry);  // a reader needs them for info() only: what is not damaged can still be read
    allocator.grow(meta.page_count);
  }
}

bool Engine::Impl::bitmap_is_sound(u64 group) const {
  const PageNo page = geometry.bitmap_page(group, meta.active[group] ? 1 : 0);
  const u8* p = pages.bytes(page);
  return PageHeader::type(p) == PageType::bitmap && PageHeader::page(p) == page &&
         load<u64>(p + kPageHeaderSize) == group && (p[kBitmapHeaderSize] & 3) == 3 &&
         PageHeader::checksum(p) == page_checksum(p, page_size(), page, pages.space()->checksum_seed);
}

void Engine::Impl::load_bitmaps() {
  allocator = Allocator(geometry);
  allocator.grow(meta.page_count);
  const u64 groups = geometry.group_count(meta.page_count);
  for (u64 group = 0; group < groups; ++group) {
    if (!bitmap_is_sound(group)) {
      rebuild_bitmaps();
      return;
    }
    const PageNo page = geometry.bitmap_page(group, meta.active[group] ? 1 : 0);
    allocator.load_group(group, pages.bytes(page) + kBitmapHeaderSize);
  }
  check_format(allocator.live_end() <= meta.page_count, PageNo{allocator.live_end()},
               "its bitmap marks pages past the end");
  adopt_tail();
}

// A bad bitmap: every root is walked instead. All groups count as changed, so the next checkpoint writes them anew.
void Engine::Impl::rebuild_bitmaps() {
  allocator = Allocator(geometry);
  allocator.grow(meta.page_count);
  const PageReader reader(pages.space(), meta.page_count);
  contents.walk(reader, meta.catalog, [this](Extent extent, u32) {
    check_format(allocator.is_free_range(extent), extent.start, "it is referred to twice");
    allocator.load_live(extent);
  });
  adopt_tail();
}

// Space that the file has past the meta's pages, from before a crash, is free.
void Engine::Impl::adopt_tail() {
  u64 count = std::min(pages.page_count(), geometry.max_pages());
  if (!geometry.is_page_count(count)) --count;
  if (count > meta.page_count) allocator.grow(count);
}

}  // namespace sapwood::storage
