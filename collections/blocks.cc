// Leaves of lists of fixed width, as they lie in memory.
#include "sapwood/detail/blocks.h"

#include <vector>

#include "collections/scan.h"

namespace sapwood {
namespace collections {

class BlockState {
 public:
  BlockState(const detail::Section& items, std::size_t width)
      : cursor_(items.scan, items.first), left_(items.last - items.first), width_(width) {
    read();
  }

  bool at_end() const { return left_ == 0; }
  Bytes block() {
    const u64 changes = cursor_.changes();
    cursor_.at();
    if (changes != cursor_.changes()) read();
    return block_;
  }
  void next() {
    const u64 here = block().size() / width_;
    cursor_.at().skip(static_cast<u32>(here));
    left_ -= here;
    read();
  }

 private:
  void read() {
    if (left_ == 0) return;
    const tree::Cursor& cursor = cursor_.at();
    if (!cursor.valid()) [[unlikely]] {
      throw Error(ErrorCode::corrupt,
                  "'" + cursor_.scan().name() + "' holds fewer entries than it counts; run check on the file");
    }
    block_ = cursor.values(left_);
    if (cursor.is_inline()) {  // in a record of the catalog, which lies anywhere
      copy_.assign(block_.begin(), block_.end());
      block_ = {copy_.data(), copy_.size()};
    }
  }

  ScanCursor cursor_;
  u64 left_;  // items from the block on
  std::size_t width_;
  Bytes block_;
  std::vector<char> copy_;  // aligned as memory from the heap is
};

}  // namespace collections

namespace detail {

using collections::BlockState;

BlockCursor::BlockCursor(const Section& items, std::size_t width)
    : state_(std::make_shared<BlockState>(items, width)) {}

bool BlockCursor::at_end() const { return state_->at_end(); }
std::string_view BlockCursor::read() const { return state_->block(); }
void BlockCursor::next() { state_->next(); }

}  // namespace detail
}  // namespace sapwood
