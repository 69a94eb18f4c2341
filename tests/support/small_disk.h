// A small file system of the real kind, to be filled. It is mounted in a mount namespace of this process, so no other
// process sees it, and the system takes it away when the process ends, however that happens.
#pragma once

#include <string>

#include "base/types.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {

class SmallDisk {
 public:
  // With `size` bytes at most to be filled. `kind`: tmpfs, for which a user namespace will do; or ext4 or xfs, made in
  // a file and mounted by a loop device, for which one has to be root.
  SmallDisk(const std::string& kind, u64 size);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Why there is none, in a sentence; empty if it is mounted. Tests skip with it.
  const std::string& obstacle() const { return obstacle_; }
  std::string file(const std::string& name) const { return folder_.file("disk/" + name); }

 private:
  TempFolder folder_;
  std::string obstacle_;
};

// Writes zeros to a new file until the disk takes no further byte. The result: its size.
u64 fill_disk(const std::string& path);

}  // namespace sapwood::test
