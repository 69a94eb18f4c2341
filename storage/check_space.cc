// Check: do the bitmaps say what the trees use?

#include <mutex>

#include "storage/engine_impl.h"
#include "storage/findings.h"

namespace sapwood::storage {
namespace {

class SpaceCheck {
 public:
  SpaceCheck(const Geometry& geometry, const Allocator& allocator, std::vector<std::string>& findings)
      : geometry_(geometry),
        allocator_(allocator),
        findings_(findings),
        tells_repeated_(findings.empty()),
        reached_(allocator.page_count()) {
    const u64 groups = geometry.group_count(allocator.page_count());
    for (u64 group = 0; group < groups; ++group) {
      for (u32 copy = 0; copy < 2; ++copy) reached_[to_u64(geometry.bitmap_page(group, copy))] = true;
    }
  }

  void reach(Extent extent) {
    const u64 start = to_u64(extent.start);
    if (start < geometry_.first_page || start >= reached_.size() || extent.pages > reached_.size() - start) {
      add("page " + std::to_string(start) + " is referred to but is past the end of the file");
      return;
    }
    for (u64 page = start; page < start + extent.pages; ++page) {
      if (reached_[page] && tells_repeated_) add("page " + std::to_string(page) + " is referred to twice");
      reached_[page] = true;
    }
  }

  // `all`: every page in use was reached.
  void compare(bool all) {
    for (u64 page = geometry_.first_page; page < reached_.size(); ++page) {
      const bool live = allocator_.is_live(PageNo{page});
      if (reached_[page] && !live)
        add("page " + std::to_string(page) + " is in use but its bitmap says that it is free");
      if (all && !reached_[page] && live)
        add("page " + std::to_string(page) + " is marked as in use but nothing refers to it");
    }
  }

 private:
  void add(std::string finding) { add_finding(findings_, std::move(finding)); }

  const Geometry& geometry_;
  const Allocator& allocator_;
  std::vector<std::string>& findings_;
  bool tells_repeated_;  // else the check of the trees has told of pages that are referred to twice
  std::vector<bool> reached_;
};

}  // namespace

void Engine::check_space(std::vector<std::string>& findings) {
  impl_->take_writer(impl_->options.write_timeout);
  const std::lock_guard place(impl_->writer, std::adopt_lock);
  impl_->finish_checkpoint(impl_->deadline());
  for (u64 group = 0; group < impl_->meta.active.size(); ++group) {
    if (!impl_->bitmap_is_sound(group))
      add_finding(findings, "the bitmap of page group " + std::to_string(group) + " is damaged");
  }
  try {
    if (impl_->read_only && impl_->tip.txn == impl_->meta.txn) impl_->load_bitmaps();  // it opens without sound ones
  } catch (const Error& error) {
    return add_finding(findings, std::string("the bitmaps cannot be compared with the trees: ") + error.what());
  }
  SpaceCheck check(impl_->geometry, impl_->allocator, findings);
  const PageReader reader(impl_->pages.space(), impl_->tip.page_count);
  const auto reach = [&check](Extent extent, u32) { check.reach(extent); };
  check.compare(impl_->contents.walk_sound(reader, impl_->tip, reach));
}

}  // namespace sapwood::storage
