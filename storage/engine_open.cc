// Opening: judging the metas, joining the processes that have the file open, or taking over a file that nobody has.
//
//   nobody has it, closed cleanly           -> open_clean
//   nobody has it, all were killed          -> join, as if they lived: what they committed is in the system's cache;
//                                              not for reading only, since there is something to write
//   nobody has it, the system went down, or -> recover (recovery.cc)
//     a write had failed
//   others have it                          -> join

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/fail_point.h"
#include "storage/create.h"
#include "storage/engine_impl.h"

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

// Thrown when what killed processes left does not fit together.
struct JoinFailed {};

// After a crash of the system, or a failed write, the system's cache may hold what will never reach the disk (it marks
// pages clean when their write fails): what counts is what is really there.
void forget_unsafe_cache(os::File& file) {
  file.sync();
  file.drop_cache();
}

// Whether to go on with what the lock file says, and what the metas say.
MetaSlots look_at(os::Env& env, const std::string& path, const Options& options, Access& access,
                  const Processes& processes, bool& joins) {
  const bool can_join = access.lock_file != nullptr && processes.can_join(env.process(), access.is_alone);
  const bool writes = access.lock_file != nullptr && options.mode != OpenMode::read;
  const bool goes_on = !access.exclusive && processes.state() == SharedState::open;
  joins = can_join && (!access.is_alone || goes_on);
  const bool was_in_use = access.found_lock_file || env.files().exists(path + "-log");
  if (!joins && access.is_alone && writes && was_in_use) forget_unsafe_cache(*access.file);
  MetaSlots slots = read_metas(*access.file);
  if (joins && processes.lock_file().uuid != slots.newest->uuid) {
    joins = false;
    if (access.is_alone && writes) {
      forget_unsafe_cache(*access.file);
      slots = read_metas(*access.file);
    }
  }
  if (!joins && !access.is_alone) {
    throw Error(ErrorCode::in_use, path + "-lock is not the one of the processes that have " + path +
                                       " open; close it there, then open it again");
  }
  if ((slots.newest->read_only_compatible & ~kKeepsVersions) != 0 && options.mode != OpenMode::read) {
    throw Error(ErrorCode::newer_format,
                path + " has features of a newer version of Sapwood; update to write it, or open it for reading");
  }
  return slots;
}

Access temporary_access(os::Env& env, const Options& options) {
  Access access;
  access.file = env.files().open_temporary();
  write_empty(*access.file, new_meta(env, options.page_size == 0 ? kDefaultPageSize : options.page_size));
  access.lock_bytes = env.reserve_memory(sizeof(LockFile));
  access.is_alone = true;
  access.exclusive = true;
  return access;
}

}  // namespace

Engine::Impl::Impl(os::Env& environment, const Options& given, Contents& content, Access access,
                   std::unique_ptr<Processes> known, const Geometry& pages_at)
    : env(environment),
      options(given),
      contents(content),
      exclusive(access.exclusive),
      is_alone(access.is_alone),
      geometry(pages_at),
      pages(environment, std::move(access.file), pages_at),
      allocator(pages_at),
      buffers(pages_at.page_size),
      lock_file(std::move(access.lock_file)),
      processes(std::move(known)),
      versions(std::make_unique<Versions>(*processes)),
      writer(*processes),
      checkpoint_lock(processes->lock_file().checkpoint_lock, *processes),
      sync_lock(processes->lock_file().sync_lock, *processes) {}

std::shared_ptr<Engine> Engine::open(const std::string& path, const Options& options, Contents& contents) {
  check_options(options);
  try {
    return open_once(path, options, contents);
  } catch (const JoinFailed&) {
    return open_once(path, options, contents);  // recovers
  }
}

std::shared_ptr<Engine> Engine::open_once(const std::string& given_path, const Options& options, Contents& contents) {
  os::Env& env = options.env != nullptr ? *options.env : os::posix_env();
  const bool temporary = given_path.empty();
  const std::string path = temporary ? "(temporary database)" : env.files().resolve(given_path);
  Access access = temporary ? temporary_access(env, options) : open_access(env, path, options);
  auto processes = std::make_unique<Processes>(std::move(access.lock_bytes),
                                               access.lock_file != nullptr ? access.file.get() : nullptr);
  SAPWOOD_FAIL_POINT("open.locked");
  bool joins = false;
  MetaSlots slots;
  try {
    slots = look_at(env, path, options, access, *processes, joins);
  } catch (...) {
    abandon(env, path, access);
    throw;
  }
  const Geometry geometry(slots.newest->page_size);
  std::unique_ptr<Impl> impl(new Impl(env, options, contents, std::move(access), std::move(processes), geometry));
  impl->path = path;
  impl->temporary = temporary;
  impl->read_only = options.mode == OpenMode::read && !temporary;
  impl->closed = true;  // a failure from here on must leave the files as they are
  std::shared_ptr<Engine> engine(new Engine(std::move(impl)));
  Impl& opened = *engine->impl_;
  try {
    opened.open(*engine, slots, joins);
  } catch (...) {
    opened.release_files();
    throw;
  }
  opened.closed = false;
  return engine;
}

// With the open lock, which it gives back.
void Engine::Impl::open(Engine& engine, const MetaSlots& slots, bool joins) {
  const os::ProcessInfo self = env.process();
  if (joins) {
    if (is_alone) processes->forget_dead();
    SAPWOOD_FAIL_POINT("open.joining");
    processes->enter(self, env.clock().now_us());
    SAPWOOD_FAIL_POINT("open.entered");
    join();
    SAPWOOD_FAIL_POINT("open.joined");
    if (is_alone) inherit();
  } else {
    processes->make_anew(self, slots.newest->uuid);
    SAPWOOD_FAIL_POINT("open.made_anew");
    processes->enter(self, env.clock().now_us());
    SAPWOOD_FAIL_POINT("open.alone");
    if (slots.newest->log_expected) {
      recover(engine, slots);
    } else {
      open_clean(slots);
    }
    follows = true;
    note_space();
    SAPWOOD_FAIL_POINT("open.taken_over");
    if (!exclusive) processes->set_state(SharedState::open);
  }
  SAPWOOD_FAIL_POINT("open.opened");
  is_alone = false;
  if (lock_file != nullptr || read_only) finish_opening(pages.file());
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

// Enters a file that other processes have open, or had when they were killed. Its pages, bitmaps and log are looked at
// by the first write (engine_follow.cc).
void Engine::Impl::join() {
  std::optional<Meta> published;
  u64 sequence = 0;
  do {  // others may complete checkpoints meanwhile
    sequence = shared().meta_sequence;
    published = read_meta(pages.file(), geometry, sequence);
  } while (!published && sequence != shared().meta_sequence);
  if (!published) {
    throw Error(ErrorCode::corrupt, path + " has lost the meta of its last checkpoint; close it in all processes, " +
                                        "then restore it from a copy");
  }
  meta = *published;
  known_sequence = meta.sequence;
  open_map();
  pages.cover(versions->newest().page_count);
}

// What killed processes left is trusted only if the log reaches to the newest commit; else it is replayed. Its records
// are read by the first write. A commit that was not visible yet, and that nobody but us can make so, is visible now.
void Engine::Impl::inherit() {
  const Descriptor newest = versions->newest();
  try {
    follow_log(newest);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_found) throw;
    processes->set_state(SharedState::fresh);
    throw JoinFailed();
  }
  is_heir = true;
  if (versions->head() == newest.txn) return;
  if (log != nullptr) sync_log(newest.lsn);
  versions->publish_head(newest.txn);
}

void Engine::Impl::open_map() {
  PageSpace prototype;
  prototype.checksum_seed = meta.checksum_seed();
  prototype.key_hash = {meta.hash_seed(), ~u64{0} << (64 - env.key_hash_bits())};
  prototype.verify_checksums = options.verify_checksums;
  prototype.verify_node = contents.verify_node();
  pages.open_map(prototype, maps_stores());
}

// Takes over what a meta says: geometry, bitmaps, tip.
void Engine::Impl::adopt(const Meta& newest) {
  meta = newest;
  if (pages.page_count() < meta.page_count) {
    throw Error(ErrorCode::corrupt, path + " is cut off: it has " + std::to_string(pages.page_count()) + " pages of " +
                                        std::to_string(meta.page_count) + "; restore it from a copy");
  }
  open_map();
  tip = descriptor_of(meta);
  publish_adopted();
  try {
    load_bitmaps();
  } catch (const Error&) {
    if (!read_only) throw;
    allocator = Allocator(geometry);  // a reader needs them for info() only: what is not damaged can still be read
    allocator.grow(meta.page_count);
  }
}

// Makes `tip`, of the meta, what others see, in a lock file made anew.
void Engine::Impl::publish_adopted() {
  LockFile& lock = shared();
  versions->publish_tip(tip);
  versions->publish_head(tip.txn);
  lock.checkpoint_txn = meta.txn;
  lock.meta_sequence = meta.sequence;
  known_sequence = meta.sequence;
  lock.durable_lsn = tip.lsn;
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

// A bad bitmap: every root is walked instead. The next checkpoint writes it anew.
void Engine::Impl::rebuild_bitmaps() {
  allocator = Allocator(geometry);
  allocator.grow(meta.page_count);
  const PageReader reader(pages.space(), meta.page_count);
  contents.walk(reader, descriptor_of(meta), [this](Extent extent, u32) {
    check_format(allocator.is_free_range(extent), extent.start, "it is referred to twice");
    allocator.load_live(extent);
  });
  has_new_bitmaps = true;
  adopt_tail();
}

// Space that the file has past the meta's pages, from before a crash or of a transaction that was rolled back, is free.
void Engine::Impl::adopt_tail() {
  u64 count = std::min(pages.page_count(), geometry.max_pages());
  if (!geometry.is_page_count(count)) --count;
  if (count <= meta.page_count) return;
  pages.cover(count);
  allocator.grow(count);
}

}  // namespace sapwood::storage
