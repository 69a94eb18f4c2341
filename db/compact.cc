// Database::compact.
#include "collections/compaction.h"
#include "collections/environment.h"
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

}  // namespace sapwood
