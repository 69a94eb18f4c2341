#include "collections/environment.h"

namespace sapwood::collections {

std::shared_ptr<Environment> Environment::open(const std::string& path, const Options& options) {
  auto environment = std::make_shared<Environment>();
  environment->path_ = path;
  environment->engine_ = storage::Engine::open(path, options, environment->contents_);
  return environment;
}

void Environment::throw_closed() const {
  throw Error(ErrorCode::ended, (path_.empty() ? "the temporary database" : path_) + " was closed; open it again");
}

void Environment::close() {
  check_open();
  engine_->close();
  closed_.store(true);
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
