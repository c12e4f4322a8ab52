// Removes the versions that a queue's own commits replaced, once their readers have had time.
//
// Every commit tells what it replaced: a manifest, its transaction, and after a merge the data files that
// no later version has. Removing them needs no listing, however many versions there were. Oldest first,
// so the versions that are left have no gap. Where tags or branches are, nothing is removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "arrow/status.h"
#include "lancea/dataset.h"

namespace lancea::queue {

/// Not thread-safe.
class VersionTrimmer {
 public:
  using Clock = std::chrono::steady_clock;  // the time of day may jump

  /// `after` was committed on top of `before`, at `now`.
  void Replaced(const Dataset& before, const Dataset& after, Clock::time_point now);
  /// When the next version may be removed; time_point::max(): there is none.
  Clock::time_point next(std::chrono::duration<double> retention) const;
  /// Remove what was replaced before `now - retention`.
  arrow::Status Trim(const Dataset& latest, Clock::time_point now,
                     std::chrono::duration<double> retention);

 private:
  struct Entry {
    Clock::time_point replaced;
    std::string manifest;
    std::string transaction;  ///< empty: none
    std::vector<std::string> data_files;
  };
  std::deque<Entry> entries_;
};

}  // namespace lancea::queue
