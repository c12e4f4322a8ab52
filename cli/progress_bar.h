// How far a write is, on one line of the terminal.
//
//   [=========>          ] 45 %  1,234,567 rows  123.4 MB  45.6 MB/s
//
// Nothing at all is written when standard error is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace lancea::cli {

class ProgressBar {
 public:
  /// \param fraction  0 to 1 of the work done; empty: not known, and no bar is drawn
  /// \param unit      what is counted, in the singular
  explicit ProgressBar(std::function<double()> fraction, const char* unit = "row");
  /// Clears the line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Draw, at most ten times a second.
  void Update(uint64_t count, uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;
  std::function<double()> fraction_;
  const char* unit_;
  bool is_terminal_;
  bool is_drawn_ = false;
  Clock::time_point begin_;
  Clock::time_point drawn_;
};

}  // namespace lancea::cli
