#include "os/file_system_type.h"

#include <gtest/gtest.h>
#ifndef __APPLE__
#include <linux/magic.h>
#endif

#include <initializer_list>

namespace sapwood::os {
namespace {

#ifndef __APPLE__
TEST(FileSystemType, NetworksAreKnownByTheNumbersOfTheSystem) {
  for (const u32 type :
       std::initializer_list<u32>{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, AFS_SUPER_MAGIC, CODA_SUPER_MAGIC, V9FS_MAGIC}) {
    EXPECT_NE(network_name(type), nullptr) << std::hex << type;
    EXPECT_FALSE(keeps_space(type)) << "stores are mapped where it does";
  }
  for (const u32 type : std::initializer_list<u32>{EXT4_SUPER_MAGIC, TMPFS_MAGIC, BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC,
                                                   OVERLAYFS_SUPER_MAGIC}) {
    EXPECT_EQ(network_name(type), nullptr) << std::hex << type;
  }
  EXPECT_TRUE(keeps_space(EXT4_SUPER_MAGIC) && keeps_space(TMPFS_MAGIC));
  EXPECT_FALSE(keeps_space(BTRFS_SUPER_MAGIC));
}
#endif

TEST(FileSystemType, NetworksHaveNames) {
  EXPECT_STREQ(network_name(0x6969), "NFS");
  EXPECT_STREQ(network_name(0xFF534D42), "CIFS");
  EXPECT_STREQ(network_name(0xFE534D42), "SMB");
  EXPECT_STREQ(network_name(0x00C36400), "Ceph");
  EXPECT_STREQ(network_name(0x0BD00BD0), "Lustre");
  EXPECT_EQ(network_name(0x65735546), nullptr) << "FUSE does not tell";
}

}  // namespace
}  // namespace sapwood::os
