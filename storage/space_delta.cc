#include "storage/space_delta.h"

#include "base/varint.h"

namespace sapwood::storage {
namespace {

constexpr u64 kMaxPage = (u64{1} << 48) - 1;

constexpr u64 zigzag(u64 from, u64 to) { return to >= from ? (to - from) << 1 : (from - to - 1) << 1 | 1; }
constexpr u64 unzigzag(u64 from, u64 coded) { return (coded & 1) == 0 ? from + (coded >> 1) : from - (coded >> 1) - 1; }

}  // namespace

void SpaceDeltaWriter::add(const SpaceChange& change) {
  const u64 start = to_u64(change.extent.start);
  const bool longer = change.extent.pages != 1;
  append_varint(to_, zigzag(end_, start) << 3 | u64{change.dropped} << 2 | u64{change.run} << 1 | u64{longer});
  if (longer) append_varint(to_, change.extent.pages);
  if (change.dropped) append_varint(to_, static_cast<u32>(txn_ - change.birth));
  end_ = start + change.extent.pages;
}

SpaceDeltaReader::SpaceDeltaReader(Bytes delta, TxnId txn)
    : at_(reinterpret_cast<const u8*>(delta.data())), end_of_bytes_(at_ + delta.size()), txn_(static_cast<u32>(txn)) {}

u64 SpaceDeltaReader::get() {
  u64 value = 0;
  at_ = get_varint(at_, end_of_bytes_, value);
  check_format(at_ != nullptr, kNoPage, "the log's account of space is cut off");
  return value;
}

std::optional<SpaceChange> SpaceDeltaReader::next() {
  if (at_ == end_of_bytes_) return std::nullopt;
  const u64 head = get();
  SpaceChange change;
  change.dropped = (head >> 2 & 1) != 0;
  change.run = (head >> 1 & 1) != 0;
  const u64 start = unzigzag(end_, head >> 3);
  const u64 pages = (head & 1) != 0 ? get() : 1;
  check_format(start <= kMaxPage && pages > 0 && pages <= ~u32{0}, PageNo{start}, "the log tells of impossible space");
  change.extent = Extent{PageNo{start}, static_cast<u32>(pages)};
  if (change.dropped) change.birth = txn_ - static_cast<u32>(get());
  end_ = start + pages;
  return change;
}

}  // namespace sapwood::storage
