// How the story is printed: headings, numbers as people read them, and a stopwatch.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

void heading(const std::string& text);                                     // bold on a terminal
void line(const char* format, ...) __attribute__((format(printf, 1, 2)));  // indented

std::string with_thousands(std::uint64_t number);         // 63,666
std::string megabytes(std::uint64_t bytes);               // 50.2 MB
std::string duration(double seconds);                     // 3.1 us, 12 ms, 1.4 s
std::string quoted(std::string text, std::size_t width);  // cut to `width`, with "..."

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  std::string text() const { return duration(seconds()); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};
