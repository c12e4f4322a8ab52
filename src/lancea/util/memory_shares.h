// How one limit on memory is divided among those who hold rows at the same time.
//
//   share         of the limit   holds
//   read_ahead    1/4            batches of a scan begun and not yet taken
//   feed          1/8            the same, where the scan feeds a change that holds rows of its own
//   batch         1/16           one batch; whoever works on it makes a few more like it
//   held          1/4            rows held before they go to temporary files
//   cache         1/8            metadata of files that are kept, dictionaries of their pages above all
//   spill_buffer  1/16           rows on their way to temporary files
//   gathered      1/16           rows a writer gathers before they are pages
//   waiting       1/16           pages encoded or waiting to be
//
// A sort has read_ahead and twice held, a merge feed, held, spill_buffer, gathered and waiting, other changes
// feed, gathered and waiting; what is left is for copies on the way. Not counted are row numbers and keys
// of rows that move, some bytes each.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lancea {

class MemoryShares {
 public:
  /// \param num_parts  who divide the limit equally
  explicit MemoryShares(uint64_t limit, uint64_t num_parts = 1)
      : limit_(limit / std::max<uint64_t>(1, num_parts)) {}

  uint64_t read_ahead() const { return Part(4); }
  uint64_t feed() const { return Part(8); }
  uint64_t batch() const { return Part(16); }
  uint64_t held() const { return limit_ / 4; }
  uint64_t cache() const { return limit_ / 8; }
  uint64_t spill_buffer() const { return limit_ / 16; }
  uint64_t gathered() const { return Part(16); }
  uint64_t waiting() const { return Part(16); }

 private:
  // What streams takes so much, however low the limit is.
  static constexpr uint64_t kLeast = uint64_t{1} << 20;
  uint64_t Part(uint64_t divisor) const { return std::max(limit_ / divisor, kLeast); }

  const uint64_t limit_;
};

}  // namespace lancea
