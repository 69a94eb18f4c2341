// Which entries of a collection a verb works on: --from, --to, --prefix and friends.
#pragma once

#include "cli/command.h"
#include "sapwood/any.h"

namespace sapwood::cli {

struct Selection {
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> prefix;

  void declare(Command& command);
  bool is_given() const { return from || to || prefix; }
};

// Positions [first, first + count) of a list; throws UsageError if `selection` has a prefix.
struct Positions {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};
Positions positions_of(const Selection& selection, const AnyCollection& list);

// The scan that a selection means. Throws UsageError, Error{invalid_argument} for keys that do not parse.
AnyScan scan_of(const Selection& selection, const AnyCollection& collection, bool reversed = false);

}  // namespace sapwood::cli
