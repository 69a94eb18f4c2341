#include "collections/environment.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "collections/compaction.h"

namespace sapwood::collections {
namespace {

// The files that this process has open, so that one opened twice is shared: a thread that writes through both handles
// is told that it would wait for itself.
class OpenFiles {
 public:
  std::shared_ptr<Environment> find(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : found->second.lock();
  }
  void keep(const std::string& path, const std::shared_ptr<Environment>& environment) {
    const std::lock_guard lock(mutex_);
    std::erase_if(by_path_, [](const auto& entry) { return entry.second.expired(); });
    by_path_[path] = environment;
  }

  // One thread at a time opens a path, which may take as long as recovery does; others open other paths meanwhile.
  void start_opening(const std::string& path) {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return !opening_.contains(path); });
    opening_.insert(path);
  }
  void end_opening(const std::string& path) noexcept {
    const std::lock_guard lock(mutex_);
    opening_.erase(path);
    ended_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::string, std::weak_ptr<Environment>> by_path_;
  std::set<std::string> opening_;
};

OpenFiles& open_files() {
  static OpenFiles& files = *std::make_unique<OpenFiles>().release();  // never destroyed: threads may outlive main()
  return files;
}

class Opening {
 public:
  Opening(OpenFiles& files, const std::string& path) : files_(files), path_(path) { files_.start_opening(path_); }
  ~Opening() { files_.end_opening(path_); }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

 private:
  OpenFiles& files_;
  const std::string& path_;
};

auto fields_of(const Options& options) {
  return std::make_tuple(options.mode == OpenMode::read, options.durability, options.exclusive, options.log_size,
                         options.log_size_max, options.dirty_limit, options.page_writes, options.verify_checksums,
                         options.write_timeout);
}

std::shared_ptr<Environment> open_anew(const std::string& path, const Options& options) {
  return std::make_shared<Environment>(path, options);
}

}  // namespace

Environment::Environment(const std::string& path, const Options& options)
    : engine_(storage::Engine::open(path, options, contents_)), path_(path) {}

std::shared_ptr<Environment> Environment::open(const std::string& path, const Options& options) {
  if (path.empty() || options.env != nullptr) return open_anew(path, options);  // simulated processes share nothing
  const std::string resolved = os::posix_env().files().resolve(path);
  OpenFiles& files = open_files();
  const Opening opening(files, resolved);
  std::shared_ptr<Environment> environment = files.find(resolved);
  if (environment != nullptr && environment->closed_) environment = nullptr;
  const bool may_share = options.mode != OpenMode::create_new && !options.exclusive;
  if (environment != nullptr && !(may_share && environment->can_share(options))) return open_anew(path, options);
  if (environment == nullptr) {
    environment = open_anew(path, options);
    files.keep(resolved, environment);
  }
  ++environment->opens_;
  return {environment.get(), [environment](Environment*) { --environment->opens_; }};
}

// False if the file was opened in another way, was closed, or another one has its name by now.
bool Environment::can_share(const Options& options) const {
  return !closed_ && fields_of(options) == fields_of(engine_->options()) && engine_->is_at_path();
}

void Environment::throw_closed() const {
  throw Error(ErrorCode::ended, (path_.empty() ? "the temporary database" : path_) + " was closed; open it again");
}

bool Environment::close() {
  check_open();
  if (opens_ > 1) {
    engine_->sync();
    return false;
  }
  compact_if_worthwhile();
  engine_->close();
  closed_.store(true);
  return true;
}

void Environment::compact_if_worthwhile() {
  const double threshold = engine_->options().compaction_threshold;
  if (threshold <= 0 || engine_->read_only()) return;
  const storage::EngineInfo info = engine_->info();
  const u64 unused = info.page_count - std::min(info.page_count, info.live_pages);
  if (info.processes.size() > 1 || static_cast<double>(unused) < threshold * static_cast<double>(info.page_count))
    return;
  Compaction compaction(*engine_);
  while (compaction.step()) {
  }
}

std::unique_ptr<storage::WriteTransaction> Environment::begin_automatic(const std::string& collection) const {
  storage::Engine& engine = this->engine();
  if (engine.is_writing_here()) {
    throw Error(ErrorCode::would_deadlock,
                "this thread has a write transaction open, and '" + collection +
                    "' was got from the Database, so this write would wait for it for ever: get the collection from "
                    "the transaction (txn.list, txn.sorted_map, txn.any) and write through that");
  }
  return engine.begin_write(engine.options().write_timeout);
}

}  // namespace sapwood::collections
