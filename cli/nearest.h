// "Did you mean ...?": the known name that is nearest to a mistyped one.
#pragma once

#include <string>
#include <vector>

namespace sapwood::cli {

// The name that takes the fewest changed letters, if those are few; otherwise "".
std::string nearest(const std::string& typed, const std::vector<std::string>& names);

}  // namespace sapwood::cli
