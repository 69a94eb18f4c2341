// Database::compact.
#include "collections/compaction.h"
#include "collections/environment.h"
#include "db/scratch.h"
#include "sapwood/database.h"

namespace sapwood {

CompactReport Database::compact(const Progress& progress) {
  storage::Engine& engine = environment().engine();
  CompactReport report;
  report.bytes_before = engine.info().file_bytes;
  collections::Compaction compaction(engine);
  while (compaction.step()) {
    if (progress && !progress(compaction.done(), compaction.total())) {
      throw Error(ErrorCode::cancelled, "compacting was cancelled; the file is whole, and as small as it is by now");
    }
  }
  report.bytes_after = engine.info().file_bytes;
  report.pages_written = compaction.pages_written();
  return report;
}

CompactReport Database::compact_to(const std::string& given, const Progress& progress) const {
  os::Env& env = environment().engine().env();
  const std::string to = env.files().resolve(given);
  db::require_absent(env, to);
  db::Scratch scratch(env, to, "compact");
  backup(scratch.building(), {.progress = progress});
  Options options;
  options.mode = OpenMode::write;
  options.exclusive = true;
  options.durability = Durability::none;
  options.env = environment_->engine().options().env;
  Database copy = open(scratch.building(), options);
  CompactReport report = copy.compact(progress);
  copy.close();
  scratch.finish();
  return report;
}

}  // namespace sapwood
