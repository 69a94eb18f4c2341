// Recovery: after a crash the newest checkpoint is taken, the log's records are applied to it in one transaction, and a
// new checkpoint is written before the log goes. A crash on the way changes nothing durable: the next opener starts
// over.

#include "base/fail_point.h"
#include "storage/engine_impl.h"
#include "storage/log_format.h"
#include "storage/value_runs.h"

namespace sapwood::storage {
namespace {

// How many transactions may have used page numbers and births without leaving a record that can be read.
u64 lost_transactions(u64 log_stride) { return 2 * log_stride / kRecordHeaderSize + 1024; }

// A record whose values are not whole in the data file is the end of the log, with those behind it (invariant R2).
void drop_torn_values(LogScan& scan, os::File& data, const Geometry& geometry) {
  for (std::size_t i = 0; i < scan.records.size(); ++i) {
    const Lsn lsn = scan.records[i].header.lsn;
    if (ValueRuns(data, geometry, scan.records[i].runs).are_whole()) continue;
    for (std::size_t later = i; later < scan.records.size(); ++later) {
      if (scan.records[later].header.durable <= lsn) continue;
      throw Error(ErrorCode::corrupt, data.path() + " has damaged values of transaction " +
                                          std::to_string(scan.records[i].header.txn) +
                                          ", which its log says were on the disk; restore both from a copy");
    }
    scan.records.resize(i);
    scan.end = lsn;
    return;
  }
}

}  // namespace

// Keeps the runs that the log refers to as they are until the checkpoint that ends recovery, so that after a crash
// before it another recovery finds them.
void Engine::Impl::keep_runs(const ValueRuns& runs) {
  for (const ValueRun& run : runs.list()) {
    check_format(allocator.is_free_range(run.extent), run.extent.start,
                 "the log refers to it, but it is not free for a value");
    allocator.load_live(run.extent);
    allocator.drop(run.extent);
  }
}

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
  SAPWOOD_FAIL_POINT("recovery.begun");
  if (meta.log_stride < kMinLogSize || meta.log_stride > kMaxLogStride) {
    throw Error(ErrorCode::corrupt, path + " has a meta with an impossible log stride; restore it from a copy");
  }
  LogScan scan = scan_log(*file, log_identity(), meta.replay_lsn, meta.txn);
  if (!scan.found_start) {
    throw Error(ErrorCode::corrupt, log_path() + " does not hold the commits after the last checkpoint of " + path +
                                        (slots.other_damaged ? " whose newest meta is damaged" : "") +
                                        "; restore both from a copy");
  }
  drop_torn_values(scan, pages.file(), geometry);
  SAPWOOD_FAIL_POINT("recovery.scanned");
  const i64 scanned = env.clock().monotonic_us();
  recovery = RecoveryReport{.recovered = true, .records = scan.records.size()};
  for (const Record& record : scan.records) recovery.log_bytes += record.operations.size() + kRecordHeaderSize;
  recovery.scan_us = scanned - start;

  // One transaction that is no one's: its number lies past all that could have been used.
  const TxnId last = scan.records.empty() ? meta.txn : scan.records.back().header.txn;
  tip.txn = last + lost_transactions(meta.log_stride);
  tip.lsn = scan.end;
  if (!scan.records.empty()) tip.commit_time_us = scan.records.back().header.commit_time_us;  // which never goes back
  reclaim();
  writer.lock(std::chrono::milliseconds(-1), coarse_now());
  WriteTransaction txn(engine, tip, tip.txn + 1);
  std::vector<ValueRuns> values;
  for (const Record& record : scan.records) {
    values.emplace_back(pages.file(), geometry, record.runs);
    keep_runs(values.back());
  }
  contents.begin_replay(txn);
  for (std::size_t i = 0; i < values.size(); ++i) contents.replay(scan.records[i].operations, values[i]);
  contents.end_replay();
  SAPWOOD_FAIL_POINT("recovery.replayed");
  const i64 replayed = env.clock().monotonic_us();
  recovery.replay_us = replayed - scanned;
  txn.commit_by_checkpoint();
  for (const ValueRuns& runs : values) {
    allocator.reserve_retired(runs.list().size());
    for (const ValueRun& run : runs.list()) allocator.retire(run.extent, 0, tip.txn, tip.txn);
  }
  recovery.checkpoint_us = env.clock().monotonic_us() - replayed;
  file.reset();
  SAPWOOD_FAIL_POINT("recovery.counted");
  env.files().remove(log_path());
  SAPWOOD_FAIL_POINT("recovery.log_removed");
}

}  // namespace sapwood::storage
