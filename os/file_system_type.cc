#include "os/file_system_type.h"

#include <algorithm>
#include <iterator>

namespace sapwood::os {
namespace {

struct Network {
  u32 type;
  const char* name;
};

// linux/magic.h, or where it has none the file system's own source. Spelled out: not every system's headers know all.
constexpr Network kNetworks[] = {
    {0x00006969, "NFS"},        // NFS_SUPER_MAGIC
    {0x0000517B, "SMB"},        // SMB_SUPER_MAGIC
    {0xFF534D42, "CIFS"},       // CIFS_SUPER_MAGIC
    {0xFE534D42, "SMB"},        // SMB2_SUPER_MAGIC
    {0x0000564C, "NCP"},        // NCP_SUPER_MAGIC
    {0x5346414F, "AFS"},        // AFS_SUPER_MAGIC
    {0x6B414653, "AFS"},        // AFS_FS_MAGIC
    {0x73757245, "Coda"},       // CODA_SUPER_MAGIC
    {0x00C36400, "Ceph"},       // CEPH_SUPER_MAGIC
    {0x01021997, "9p"},         // V9FS_MAGIC
    {0x7461636F, "OCFS2"},      // OCFS2_SUPER_MAGIC
    {0x01161970, "GFS2"},       // GFS2_MAGIC
    {0x0BD00BD0, "Lustre"},     // LL_SUPER_MAGIC
    {0x47504653, "GPFS"},       // GPFS_SUPER_MAGIC
    {0x19830326, "BeeGFS"},     // FHGFS_SUPER_MAGIC
    {0x20030528, "OrangeFS"},   // ORANGEFS_SUPER_MAGIC
    {0xAAD7AAEA, "PanFS"},      // PANFS_SUPER_MAGIC
    {0x786F4256, "VirtualBox"}  // VBOXSF_SUPER_MAGIC
};

constexpr u32 kExt4 = 0xEF53;       // EXT4_SUPER_MAGIC
constexpr u32 kTmpfs = 0x01021994;  // TMPFS_MAGIC

}  // namespace

const char* network_name(u32 type) {
  const Network* const found = std::ranges::find(kNetworks, type, &Network::type);
  return found == std::end(kNetworks) ? nullptr : found->name;
}

bool keeps_space(u32 type) { return type == kExt4 || type == kTmpfs; }

}  // namespace sapwood::os
