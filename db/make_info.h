// What the engine tells of itself, as users get it.
#pragma once

#include "sapwood/info.h"
#include "storage/engine.h"

namespace sapwood::db {

// All but the number of collections.
Info make_info(const storage::EngineInfo& from, bool read_only);

}  // namespace sapwood::db
