// What the golden files of each format version hold. A new version gets a new file; old ones are never made again.
#pragma once

#include <string>

#include "tests/support/model.h"

namespace sapwood::test {

// The model of tests/golden/v1.sapwood: all kinds and types, keys up to the limit, values of 0 bytes to 100 KB, an
// empty collection, a renamed one, and free space left by a dropped one.
Model golden_model();

// The model of tests/golden/v1-records.sapwood: rows without fields, placeholders, wide rows and large ones, and any
// names.
Model golden_records_model();

// Makes a database of such a model, with pages of 512 bytes; the same bytes each time.
std::string make_golden(const Model& model);

}  // namespace sapwood::test
