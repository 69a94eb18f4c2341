#include "print.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>

namespace {

std::string with_unit(double number, const char* unit) {
  char text[40];
  std::snprintf(text, sizeof text, number < 9.95 ? "%.1f %s" : "%.0f %s", number, unit);
  return text;
}

}  // namespace

void heading(const std::string& text) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  std::printf(terminal ? "\n\x1b[1m%s\x1b[0m\n" : "\n%s\n", text.c_str());
  std::fflush(stdout);
}

void line(const char* format, ...) {
  std::fputs("   ", stdout);
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

std::string with_thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string megabytes(std::uint64_t bytes) { return with_unit(static_cast<double>(bytes) / 1e6, "MB"); }

std::string duration(double seconds) {
  if (seconds < 1e-3) return with_unit(seconds * 1e6, "us");
  if (seconds < 1) return with_unit(seconds * 1e3, "ms");
  return with_unit(seconds, "s");
}

std::string quoted(std::string text, std::size_t width) {
  if (text.size() <= width) return text;
  text.resize(width - 3);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();  // whole letters
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
  return text + "...";
}
