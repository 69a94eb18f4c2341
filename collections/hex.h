// Bytes as hexadecimal digits.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace sapwood::collections {

std::string to_hex(std::span<const std::byte> bytes);
// Digits of both cases; nullopt for others, or if their number is odd.
std::optional<std::vector<std::byte>> from_hex(Bytes text);

}  // namespace sapwood::collections
