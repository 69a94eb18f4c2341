// Standard output, and numbers as people read them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sapwood::cli {

using Json = nlohmann::ordered_json;

// The reader of our output has closed its end of the pipe. Nothing is wrong: end quietly.
struct OutputClosed {};

// To standard output, buffered. Throw OutputClosed, or std::runtime_error if it cannot be written.
void print(std::string_view text);
void print_json(const Json& document);  // one line
void flush_output();

std::string with_thousands(std::uint64_t number);                    // 1,234,567
std::string size_text(std::uint64_t bytes);                          // 1.2 MiB
std::string duration_text(double seconds);                           // 12 ms, 3.4 s, 2 min 5 s
std::string time_text(std::int64_t microseconds);                    // 2024-05-01 12:00:00 UTC
std::string counted(std::uint64_t number, const std::string& noun);  // 1 page, 2 pages

}  // namespace sapwood::cli
