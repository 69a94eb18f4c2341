// Making a new, empty database file.
#pragma once

#include <string>

#include "os/file.h"
#include "storage/meta.h"

namespace sapwood::storage {

// The meta of an empty database: transaction 1, no catalog, random uuid and hash key.
Meta new_meta(os::Env& env, u32 page_size);

// Writes metas and the first bitmap of an empty database into an empty file, and syncs it.
void write_empty(os::File& file, const Meta& meta);

// Builds it under another name, then gives it the name `path`, so that no one ever sees half of it.
// Throws exists if `path` is there by then.
void create_database(os::Env& env, const std::string& path, u32 page_size);

}  // namespace sapwood::storage
