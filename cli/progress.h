// The line on standard error that tells how far long work is. Shown only on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sapwood::cli {

class ProgressLine {
 public:
  // Amounts are bytes, or numbers of `unit`. `prints_meanwhile`: not shown if standard output is the same terminal.
  ProgressLine(std::string label, std::string unit, bool prints_meanwhile = false);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  struct Amount {
    std::uint64_t done = 0;
    std::uint64_t total = 0;  // 0: not known
  };
  // Redraws, ten times a second at most.
  void update(Amount amount, const std::string& detail = {});
  // Removes the line, so that something else can be printed.
  void clear();
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string text(Amount amount, const std::string& detail) const;
  std::string amount_text(std::uint64_t amount) const;

  std::string label_;
  std::string unit_;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
};

}  // namespace sapwood::cli
