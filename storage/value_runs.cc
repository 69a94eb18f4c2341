#include "storage/value_runs.h"

#include "sapwood/error.h"
#include "storage/page_reader.h"

namespace sapwood::storage {

void append_value_runs(std::string& to, std::span<const ValueRun> runs) {
  for (const ValueRun& run : runs) {
    char entry[kValueRunBytes];
    store_u48(entry, to_u64(run.extent.start));
    store<u32>(entry + 6, run.bytes);
    store<u32>(entry + 10, run.checksum);
    to.append(entry, sizeof entry);
  }
}

ValueRuns::ValueRuns(os::File& file, const Geometry& geometry, Bytes encoded)
    : file_(file), page_shift_(geometry.page_shift) {
  list_.reserve(encoded.size() / kValueRunBytes);
  for (; encoded.size() >= kValueRunBytes; encoded.remove_prefix(kValueRunBytes)) {
    ValueRun run{{PageNo{load_u48(encoded.data())}, 0}, load<u32>(encoded.data() + 6), load<u32>(encoded.data() + 10)};
    run.extent.pages = static_cast<u32>((u64{run.bytes} + geometry.page_size - 1) >> page_shift_);
    list_.push_back(run);
  }
}

bool ValueRuns::are_whole() const {
  const u64 file_size = file_.size();
  std::string bytes;
  for (const ValueRun& run : list_) {
    const u64 page = to_u64(run.extent.start);
    if (run.bytes == 0 || page >= file_size >> page_shift_ || run.bytes > file_size - (page << page_shift_))
      return false;
    bytes.resize(run.bytes);
    if (file_.read(page << page_shift_, bytes.data(), bytes.size()) != bytes.size()) return false;
    if (run_checksum(bytes.data(), bytes.size()) != run.checksum) return false;
  }
  return true;
}

void ValueRuns::write_again() const {
  if (!are_whole()) throw Error(ErrorCode::io, file_.path() + " has lost a value when a process died over a sync");
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const std::string bytes = read(i, 1);
    file_.write(to_u64(list_[i].extent.start) << page_shift_, bytes.data(), bytes.size());
  }
}

std::string ValueRuns::read(u64 first, u64 count) const {
  if (first > list_.size() || count > list_.size() - first) {
    throw Error(ErrorCode::corrupt, "redo log: a value is in runs that its record does not name; restore a backup");
  }
  std::string bytes;
  for (const ValueRun& run : std::span(list_).subspan(first, count)) {
    const std::size_t at = bytes.size();
    bytes.resize(at + run.bytes);
    if (file_.read(to_u64(run.extent.start) << page_shift_, bytes.data() + at, run.bytes) != run.bytes) {
      throw Error(ErrorCode::io, file_.path() + " was cut off while it was read");
    }
  }
  return bytes;
}

}  // namespace sapwood::storage
