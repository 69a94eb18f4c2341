#include "db/make_info.h"

namespace sapwood {

Info db::make_info(const storage::EngineInfo& from, bool read_only) {
  const storage::RecoveryReport& recovery = from.recovery;
  Info info;
  info.path = from.path;
  info.uuid = from.uuid;
  info.page_size = from.page_size;
  info.file_bytes = from.file_bytes;
  info.page_count = from.page_count;
  info.live_pages = from.live_pages;
  info.pending_pages = from.pending_pages;
  info.free_pages = from.free_pages;
  info.txn = from.txn;
  info.checkpoint_txn = from.checkpoint_txn;
  info.checkpoints = from.checkpoints;
  info.log_bytes = from.log_bytes;
  info.log_segment_bytes = from.log_segment_bytes;
  info.space_txn = from.space_txn;
  info.processes = from.processes;
  info.writer = from.writer;
  info.readers = from.readers;
  info.created_us = from.created_us;
  info.read_only = read_only;
  info.recovery = {recovery.recovered, recovery.records,   recovery.log_bytes,
                   recovery.scan_us,   recovery.replay_us, recovery.checkpoint_us};
  return info;
}

}  // namespace sapwood
