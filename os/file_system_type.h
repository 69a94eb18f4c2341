// What file systems are like, by the numbers with which Linux tells of them (statfs(2), f_type).
#pragma once

#include "base/types.h"

namespace sapwood::os {

// The name of one that other machines may have mounted too, "NFS"; null for all others, and for those that do not tell
// (FUSE).
const char* network_name(u32 type);

// Whether it needs no more space for a store once space was allocated (File::keeps_space_for_stores).
bool keeps_space(u32 type);

}  // namespace sapwood::os
