#include "lancea/util/backoff.h"

#include <algorithm>
#include <thread>

namespace lancea {

using std::chrono::nanoseconds;

Backoff::Backoff(BackoffOptions options, uint64_t seed)
    : options_(options),
      step_nanos_(static_cast<double>(options.first.count())),
      random_state_(seed) {}

nanoseconds Backoff::Next() {
  const double longest = static_cast<double>(options_.longest.count());
  const double step = std::clamp(step_nanos_, 0.0, longest);
  step_nanos_ = std::min(step * options_.factor, longest);
  // Knuth's MMIX generator; its high bits are good enough to keep two writers apart.
  random_state_ = random_state_ * 6364136223846793005u + 1442695040888963407u;
  const double random = static_cast<double>(random_state_ >> 11) * 0x1p-53;
  return nanoseconds(static_cast<int64_t>(step * (1 - options_.jitter * random)));
}

arrow::Status Backoff::Wait(const arrow::StopToken& stop,
                            std::chrono::steady_clock::time_point until) {
  // A StopToken has nothing to wait on, so it is asked this often.
  constexpr nanoseconds kPollInterval = std::chrono::milliseconds(20);
  const auto end = std::min(std::chrono::steady_clock::now() + Next(), until);
  while (true) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    const nanoseconds left = end - std::chrono::steady_clock::now();
    if (left <= nanoseconds(0)) return arrow::Status::OK();
    std::this_thread::sleep_for(std::min(left, kPollInterval));
  }
}

}  // namespace lancea
