// A set of pages of one file: one bit a page. For walks that must not go the same way twice, however damaged the file.
#pragma once

#include <vector>

#include "storage/page.h"

namespace sapwood::storage {

class PageSet {
 public:
  explicit PageSet(u64 page_count) : has_(page_count) {}

  bool contains(PageNo page) const { return to_u64(page) < has_.size() && has_[to_u64(page)]; }

  // Throws Error{corrupt}, and changes nothing, if a page of the run is past the end or in the set already.
  void add(Extent pages) {
    const u64 start = to_u64(pages.start);
    check_format(start < has_.size() && pages.pages <= has_.size() - start, pages.start,
                 "it is referred to, but is past the end of the file");
    for (u64 page = start; page < start + pages.pages; ++page) {
      check_format(!has_[page], PageNo{page}, "it is referred to twice");
    }
    for (u64 page = start; page < start + pages.pages; ++page) has_[page] = true;
    size_ += pages.pages;
  }
  u64 size() const { return size_; }  // pages in it
  u64 page_count() const { return has_.size(); }

 private:
  std::vector<bool> has_;
  u64 size_ = 0;
};

}  // namespace sapwood::storage
