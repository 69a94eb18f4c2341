// Recovery: after a crash the newest checkpoint is taken, the log's records are applied to it in one transaction, and a
// new checkpoint is written before the log goes. A crash on the way changes nothing durable: the next opener starts
// over.

#include "storage/engine_impl.h"
#include "storage/log_format.h"

namespace sapwood::storage {
namespace {

// How many transactions may have used page numbers and births without leaving a record that can be read.
u64 lost_transactions(u64 log_stride) { return 2 * log_stride / kRecordHeaderSize + 1024; }

}  // namespace

void Engine::Impl::recover(Engine& engine, const MetaSlots& slots) {
  if (read_only) {
    throw Error(ErrorCode::read_only, path + " was not closed cleanly; open it for writing once, which recovers it");
  }
  if (!env.files().exists(log_path())) {
    throw Error(ErrorCode::corrupt, log_path() + " is missing, and it holds the last commits of " + path +
                                        "; put it back beside it, or restore both from a copy");
  }
  const i64 start = env.clock().monotonic_us();
  std::unique_ptr<os::File> file = env.files().open(log_path(), {.write = true});
  // As with the data file: what the system has cached may never reach the disk after a failed sync.
  file->sync();
  file->drop_cache();
  adopt(*slots.newest);
  const LogIdentity identity{meta.uuid, meta.log_epoch, meta.log_stride};
  if (meta.log_stride < kMinLogSize || meta.log_stride > kMaxLogStride) {
    throw Error(ErrorCode::corrupt, path + " has a meta with an impossible log stride; restore it from a copy");
  }
  const LogScan scan = scan_log(*file, identity, meta.replay_lsn, meta.txn);
  if (!scan.found_start) {
    throw Error(ErrorCode::corrupt, log_path() + " does not hold the commits after the last checkpoint of " + path +
                                        (slots.other_damaged ? " whose newest meta is damaged" : "") +
                                        "; restore both from a copy");
  }
  const i64 scanned = env.clock().monotonic_us();
  recovery = RecoveryReport{.recovered = true, .records = scan.records.size()};
  for (const Record& record : scan.records) recovery.log_bytes += record.operations.size() + kRecordHeaderSize;
  recovery.scan_us = scanned - start;

  // One transaction that is no one's: its number lies past all that could have been used.
  const TxnId last = scan.records.empty() ? meta.txn : scan.records.back().header.txn;
  tip.txn = last + lost_transactions(meta.log_stride);
  tip.lsn = scan.end;
  reclaim();
  writer.lock(std::chrono::milliseconds(-1));
  WriteTransaction txn(engine, tip, tip.txn + 1);
  contents.begin_replay(txn);
  for (const Record& record : scan.records) contents.replay(record.operations);
  contents.end_replay();
  const i64 replayed = env.clock().monotonic_us();
  recovery.replay_us = replayed - scanned;
  txn.commit_by_checkpoint();
  recovery.checkpoint_us = env.clock().monotonic_us() - replayed;
  file.reset();
  env.files().remove(log_path());
}

}  // namespace sapwood::storage
