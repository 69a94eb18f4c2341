#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/output.h"

namespace sapwood::cli {

ProgressLine::ProgressLine(std::string label, std::string unit, bool prints_meanwhile)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      enabled_(isatty(STDERR_FILENO) == 1 && !(prints_meanwhile && isatty(STDOUT_FILENO) == 1)) {}

double ProgressLine::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void ProgressLine::update(Amount amount, const std::string& detail) {
  if (!enabled_ || Clock::now() - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = Clock::now();
  shown_ = true;
  const std::string line = text(amount, detail);
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (!shown_) return;
  shown_ = false;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

std::string ProgressLine::amount_text(std::uint64_t amount) const {
  return unit_ == "bytes" ? size_text(amount) : with_thousands(amount) + " " + unit_;
}

std::string ProgressLine::text(Amount amount, const std::string& detail) const {
  const double elapsed = std::max(seconds(), 1e-3);
  const double rate = static_cast<double>(amount.done) / elapsed;
  std::string line = label_ + ": ";
  if (amount.total != 0) {
    const double share = std::min(1.0, static_cast<double>(amount.done) / static_cast<double>(amount.total));
    line += fmt::format("{:.0f} % of {}", share * 100, amount_text(amount.total));
  } else {
    line += amount_text(amount.done);
  }
  if (!detail.empty()) line += ", " + detail;
  line += ", " + amount_text(static_cast<std::uint64_t>(rate)) + "/s";
  if (amount.total > amount.done && rate > 0) {
    line += ", " + duration_text(static_cast<double>(amount.total - amount.done) / rate) + " left";
  }
  return line;
}

}  // namespace sapwood::cli
