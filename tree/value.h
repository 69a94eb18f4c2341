// A value as a tree gives it back: inline in its leaf, or in runs of pages outside (a blob).
#pragma once

#include <optional>
#include <string>

#include "storage/page_reader.h"
#include "tree/shape.h"

namespace sapwood::tree {

// Valid as long as the page pointers of the PageReader it came from.
class ValueView {
 public:
  ValueView() = default;
  explicit ValueView(Bytes inline_bytes) : bytes_(inline_bytes), size_(inline_bytes.size()) {}
  ValueView(Bytes reference, u64 size, const storage::PageReader& pages, u32 tree_id)
      : bytes_(reference), size_(size), pages_(pages), tree_id_(tree_id), blob_(true) {}

  u64 size() const { return size_; }
  bool is_inline() const { return !blob_; }

  // What the leaf holds: the bytes, or the reference to where they are.
  Bytes stored() const { return bytes_; }

  // The bytes if they are inline. Requires: is_inline().
  Bytes inline_bytes() const { return bytes_; }

  // The value without a copy if it lies in one piece: inline, or in one run of whole pages.
  std::optional<Bytes> in_one_piece() const;

  // The bytes that lie together from the start on: all of an inline value, else those of the first run.
  Bytes head() const;

  // Replaces `to` by the whole value. Cost: size().
  void read(std::string& to) const {
    if (!blob_) [[likely]] {
      to.assign(bytes_);
    } else if (const std::optional<Bytes> whole = in_one_piece()) {
      to.assign(*whole);
    } else {
      to.clear();
      to.resize(size_);
      read_part(0, to.data(), size_);
    }
  }

  // Copies bytes [offset, offset + size) of the value to `to`. Requires: the range is within size().
  // Cost: size plus O(log of the value's chunks).
  void read_part(u64 offset, void* to, u64 size) const;

 private:
  Bytes bytes_;  // the value, or the encoded reference to its blob
  u64 size_ = 0;
  storage::PageReader pages_;
  u32 tree_id_ = 0;
  bool blob_ = false;
};

}  // namespace sapwood::tree
