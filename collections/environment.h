// An open database file as all its handles share it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "collections/contents.h"
#include "collections/dictionary.h"
#include "collections/object_cache.h"
#include "storage/engine.h"

namespace sapwood::collections {

class Environment {
 public:
  Environment(const std::string& path, const Options& options);
  // A file that this process has open in the same way already is shared.
  static std::shared_ptr<Environment> open(const std::string& path, const Options& options);

  // Throws Error{ended} after close().
  void check_open() const {
    if (closed_.load(std::memory_order_relaxed)) [[unlikely]]
      throw_closed();
  }
  storage::Engine& engine() const {
    check_open();
    return *engine_;
  }
  // Also of a closed one: for questions about snapshots that have ended.
  storage::Engine& engine_unchecked() const noexcept { return *engine_; }
  bool is_open() const { return !closed_.load(std::memory_order_relaxed); }
  const std::string& path() const { return path_; }
  DictionaryCache& dictionaries() { return dictionaries_; }
  // How forms are read in a snapshot, which outlives the result.
  FormSource source_in(const storage::Snapshot& snapshot) {
    return {
        .now_us = snapshot.descriptor.commit_time_us, .cache = &dictionaries_, .catalog = &snapshot.descriptor.catalog};
  }
  ObjectCaches& object_caches() { return object_caches_; }

  // False if others who opened it go on with it: then everything is on the disk.
  bool close();

  // Begins a write transaction of a handle's own. Throws would_deadlock that names what to use if this thread has one.
  std::unique_ptr<storage::WriteTransaction> begin_automatic(const std::string& collection) const;

 private:
  [[noreturn]] void throw_closed() const;
  bool can_share(const Options& options) const;
  void compact_if_worthwhile();

  CollectionContents contents_;  // outlives the engine
  std::shared_ptr<storage::Engine> engine_;
  std::string path_;
  DictionaryCache dictionaries_;
  ObjectCaches object_caches_;
  std::atomic<bool> closed_{false};
  std::atomic<u32> opens_{0};  // that have not ended
};

// A snapshot that ends with its scope.
class ScopedSnapshot {
 public:
  explicit ScopedSnapshot(storage::Engine& engine) : ScopedSnapshot(engine, engine.begin_read()) {}
  // Takes over a snapshot that was begun already.
  ScopedSnapshot(storage::Engine& engine, const storage::Snapshot& begun) : engine_(engine), snapshot_(begun) {}
  ~ScopedSnapshot() { engine_.end_read(snapshot_); }
  ScopedSnapshot(const ScopedSnapshot&) = delete;
  ScopedSnapshot& operator=(const ScopedSnapshot&) = delete;
  const storage::Snapshot& operator*() const { return snapshot_; }
  const storage::Snapshot* operator->() const { return &snapshot_; }

 private:
  storage::Engine& engine_;
  storage::Snapshot snapshot_;
};

// A snapshot that ends with its last holder.
class HeldSnapshot {
 public:
  explicit HeldSnapshot(std::shared_ptr<Environment> environment)
      : environment_(std::move(environment)), snapshot_(environment_->engine().begin_read()) {}
  ~HeldSnapshot() { environment_->engine_unchecked().end_read(snapshot_); }
  HeldSnapshot(const HeldSnapshot&) = delete;
  HeldSnapshot& operator=(const HeldSnapshot&) = delete;
  const storage::Snapshot& operator*() const { return snapshot_; }

 private:
  std::shared_ptr<Environment> environment_;
  storage::Snapshot snapshot_;
};

}  // namespace sapwood::collections
