#include "lancea/encoding/v2_3/position_set.h"

#include <algorithm>

#include "arrow/buffer.h"
#include "lancea/util/errors.h"

namespace lancea::v2_3 {

arrow::Result<PositionSet> PositionSet::Progression(uint64_t start, uint64_t step, uint64_t size,
                                                    uint64_t domain) {
  PositionSet out;
  if (size == 0) return out;
  if (step == 0 && size > 1) return Corrupt("sparse positions repeat slot ", start);
  // size - 1 steps from start must stay below the domain; division instead of an overflow.
  if (start >= domain || (size > 1 && (domain - 1 - start) / step < size - 1)) {
    return Corrupt("sparse positions run past the layer's ", domain, " slots: ", size,
                   " of them from ", start, " by ", step);
  }
  out.start_ = start;
  out.step_ = size == 1 ? 1 : step;
  out.size_ = size;
  return out;
}

arrow::Result<PositionSet> PositionSet::Explicit(std::shared_ptr<arrow::Buffer> positions,
                                                 uint64_t domain) {
  PositionSet out;
  const auto* values = reinterpret_cast<const uint64_t*>(positions->data());
  const uint64_t size = static_cast<uint64_t>(positions->size()) / sizeof(uint64_t);
  if (size == 0) return out;
  bool ascends = true;
  for (uint64_t i = 1; i < size; ++i) ascends &= values[i - 1] < values[i];
  if (!ascends) return Corrupt("sparse positions do not ascend");
  if (values[size - 1] >= domain) {
    return Corrupt("sparse position ", values[size - 1], " in a layer of ", domain, " slots");
  }
  if (values[size - 1] - values[0] == size - 1) {
    return Progression(values[0], 1, size, domain);
  }
  out.buffer_ = std::move(positions);
  out.explicit_ = values;
  out.size_ = size;
  return out;
}

uint64_t PositionSet::memory_bytes() const {
  return buffer_ ? static_cast<uint64_t>(buffer_->size()) : 0;
}

uint64_t PositionSet::Rank(uint64_t position, uint64_t hint) const {
  if (is_progression()) {
    if (position <= start_) return 0;
    const uint64_t distance = position - start_;
    return std::min(size_, distance / step_ + (distance % step_ != 0));
  }
  // Gallop from the hint, then halve: neighbouring ranges cost a few comparisons.
  uint64_t low = hint;
  uint64_t width = 1;
  while (low + width < size_ && explicit_[low + width] < position) {
    low += width;
    width *= 2;
  }
  const uint64_t high = std::min(size_, low + width + 1);
  return static_cast<uint64_t>(std::lower_bound(explicit_ + low, explicit_ + high, position) -
                               explicit_);
}

}  // namespace lancea::v2_3
