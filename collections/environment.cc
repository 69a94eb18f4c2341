#include "collections/environment.h"

#include <map>
#include <mutex>
#include <tuple>

namespace sapwood::collections {
namespace {

// The files that this process has open, so that one opened twice is shared: a thread that writes through both handles
// is told that it would wait for itself.
struct OpenFiles {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Environment>> by_path;
};

OpenFiles& open_files() {
  static OpenFiles& files = *std::make_unique<OpenFiles>().release();  // never destroyed: threads may outlive main()
  return files;
}

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
  const std::lock_guard lock(files.mutex);
  std::weak_ptr<Environment>& known = files.by_path[resolved];
  std::shared_ptr<Environment> environment = known.lock();
  if (environment != nullptr && environment->closed_) environment = nullptr;
  const bool may_share = options.mode != OpenMode::create_new && !options.exclusive;
  if (environment != nullptr && !(may_share && environment->can_share(options))) return open_anew(path, options);
  if (environment == nullptr) {
    environment = open_anew(path, options);
    known = environment;
    std::erase_if(files.by_path, [](const auto& entry) { return entry.second.expired(); });
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
  engine_->close();
  closed_.store(true);
  return true;
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
