// The list of faults that a check finds: the first thousand, so that no damage makes it long.
#pragma once

#include <string>
#include <vector>

namespace sapwood::storage {

inline constexpr std::size_t kMostFindings = 1000;

// Adds a sentence; past the limit one that says so, once.
inline void add_finding(std::vector<std::string>& findings, std::string finding) {
  if (findings.size() < kMostFindings) findings.push_back(std::move(finding));
  else if (findings.size() == kMostFindings) findings.emplace_back("more was found; only the first are listed");
}

}  // namespace sapwood::storage
