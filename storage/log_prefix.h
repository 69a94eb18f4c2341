// The part of a damaged log that can still be replayed.
#pragma once

#include "os/file.h"
#include "storage/meta.h"

namespace sapwood::storage {

// Erases, in a copy of the log of that meta, everything behind the last record that follows the checkpoint without a
// gap and whose values are whole in the data file, so that recovery takes the log for one that ends there. False if
// nothing of it can be replayed.
bool keep_log_prefix(os::File& log, os::File& data, const Meta& meta);

}  // namespace sapwood::storage
