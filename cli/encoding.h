// Bytes as text: hexadecimal, base64, and which strings are UTF-8.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sapwood::cli {

std::string to_base64(std::span<const std::byte> bytes);
// Throws Error{invalid_argument}.
std::vector<std::byte> from_base64(std::string_view text);

std::span<const std::byte> as_bytes(std::string_view text);
std::string_view as_text(std::span<const std::byte> bytes);

// Whether `text` is well-formed UTF-8, which JSON strings must be.
bool is_utf8(std::string_view text);
// The length of the well-formed sequence at the start of `text`, or 0.
std::size_t utf8_length(std::string_view text);
// One line: control characters, backslashes and bytes that are not UTF-8 as in C ("\n", "\x00").
std::string escaped(std::string_view text);

}  // namespace sapwood::cli
