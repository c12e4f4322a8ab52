// How long to wait before trying again: each wait is twice the last, up to a limit, and shortened by a
// random part so that writers who met once do not meet again.
#pragma once

#include <chrono>
#include <cstdint>

#include "arrow/status.h"
#include "arrow/util/cancel.h"
#include "lancea/util/random.h"

namespace lancea {

struct BackoffOptions {
  std::chrono::nanoseconds first = std::chrono::milliseconds(10);
  std::chrono::nanoseconds longest = std::chrono::seconds(5);
  double factor = 2;
  double jitter = 0.5;  ///< the share of a wait that is random: 0 none, 1 all of it
};

/// One caller's waits, one after another. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(BackoffOptions options = {}, uint64_t seed = RandomU64());

  /// The length of the next wait, in [step * (1 - jitter), step], where step grows by `factor`.
  std::chrono::nanoseconds Next();

  /// Sleep for Next(), but not beyond `until`.
  /// \return the token's error, at most 20 ms after a stop is requested
  arrow::Status Wait(
      const arrow::StopToken& stop = arrow::StopToken::Unstoppable(),
      std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max());

 private:
  const BackoffOptions options_;
  double step_nanos_;
  uint64_t random_state_;
};

}  // namespace lancea
