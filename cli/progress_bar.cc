#include "progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "command.h"

namespace lancea::cli {
namespace {

constexpr int kBarWidth = 20;
constexpr auto kBetweenDraws = std::chrono::milliseconds(100);
constexpr char kClearLine[] = "\r\x1b[K";

std::string Bar(double fraction) {
  fraction = std::clamp(fraction, 0.0, 1.0);
  const int filled = static_cast<int>(fraction * kBarWidth);
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled < kBarWidth) bar += '>';
  bar.resize(kBarWidth, ' ');
  return "[" + bar + "] " + std::to_string(static_cast<int>(fraction * 100)) + " %  ";
}

}  // namespace

ProgressBar::ProgressBar(std::function<double()> fraction, const char* unit)
    : fraction_(std::move(fraction)),
      unit_(unit),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      begin_(Clock::now()),
      drawn_(begin_) {}

ProgressBar::~ProgressBar() {
  if (is_drawn_) std::cerr << kClearLine << std::flush;
}

void ProgressBar::Update(uint64_t count, uint64_t bytes) {
  if (!is_terminal_) return;
  const Clock::time_point now = Clock::now();
  if (now - drawn_ < kBetweenDraws) return;
  drawn_ = now;
  is_drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const auto rate = static_cast<uint64_t>(static_cast<double>(bytes) / seconds);
  std::cerr << kClearLine << (fraction_ ? Bar(fraction_()) : "") << CountOf(count, unit_) << "  "
            << ByteSize(bytes) << "  " << ByteSize(rate) << "/s" << std::flush;
}

}  // namespace lancea::cli
