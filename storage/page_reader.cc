#include "storage/page_reader.h"

namespace sapwood::storage {

void PageReader::verify(const u8* page, PageRef ref) const {
  check_format(ref.page != kNoPage, ref.page, "reference to page 0");
  check_format(PageHeader::page(page) == ref.page, ref.page, "it carries another page's number");
  check_format(static_cast<u32>(PageHeader::birth(page)) == ref.birth, ref.page,
               "its birth is not the one that its parent expects (a lost write)");
  if (space_->verify_checksums && is_summed(ref.birth)) verify_checksum(ref.page);
  space_->verify_node(page, space_->page_size, ref.page);
  space_->verified[to_u64(ref.page)].store(verified_mark(ref.birth), std::memory_order_relaxed);
}

// Births come as their low 32 bits: younger by less than half of their range.
bool PageReader::is_summed(u32 birth) const {
  const u32 younger = birth - summed_;
  return summed_ == 0 || younger == 0 || younger >= u32{1} << 31;
}

void PageReader::verify_checksum(PageNo number) const {
  const u8* page = space_->base + (to_u64(number) << space_->page_shift);
  const u32 expected = page_checksum(page, space_->page_size, number, space_->checksum_seed);
  check_format(PageHeader::checksum(page) == expected, number, "bad checksum");
}

const u8* PageReader::fetch_run(Extent extent, u32 birth, u64 size, u32 checksum) const {
  const u64 start = to_u64(extent.start);
  check_format(start != 0 && start < page_count_ && extent.pages <= page_count_ - start, extent.start,
               "run of pages past the end of the file");
  check_format(size <= u64{extent.pages} << space_->page_shift, extent.start, "value longer than its run of pages");
  const u8* data = space_->base + (start << space_->page_shift);
  if (space_->verified[start].load(std::memory_order_relaxed) != verified_mark(birth)) {
    if (space_->verify_checksums)
      check_format(run_checksum(data, size) == checksum, extent.start, "bad checksum of a value");
    space_->verified[start].store(verified_mark(birth), std::memory_order_relaxed);
  }
  return data;
}

}  // namespace sapwood::storage
