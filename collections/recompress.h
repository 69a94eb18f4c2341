// Compresses the values of a collection anew: at another level, with a dictionary made of all of them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "collections/environment.h"
#include "sapwood/options.h"

namespace sapwood::collections {

// Makes a dictionary of a sample of the whole collection, stores all values with it (at `level`; 0: as they are), and
// removes the dictionaries before it. A map or dict is rewritten in transactions of some thousand entries each, between
// which others write; a list in one. What is interrupted may be begun again: each value stays readable throughout.
// A collection without compression gets it: all of it is loaded anew, in one transaction.
// `progress` is told entries; Error{cancelled} if it returns false, after the transaction in progress, of one that
// loads anew instead of it. Throws Error{not_found}, Error{invalid_argument} if such values are not compressed.
void recompress(const std::shared_ptr<Environment>& environment, const std::string& name, std::optional<u8> level,
                const Progress& progress);

}  // namespace sapwood::collections
