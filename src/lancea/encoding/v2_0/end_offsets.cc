#include "lancea/encoding/v2_0/end_offsets.h"

#include "lancea/encoding/unbacked.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {

arrow::Result<EndOffsets> EndOffsets::Make(const ArrayEncoding& encoding,
                                           std::span<const RowRange> ranges, uint64_t adjustment,
                                           const ArrayContext& context) {
  EndOffsets out;
  out.ranges_.assign(ranges.begin(), ranges.end());
  out.adjustment_ = adjustment;
  out.pool_ = context.pool;
  if (CountRows(ranges) > MostValues(*context.page)) {
    return Unsupported(CountRows(ranges), " lists or strings in one read; ask for fewer rows");
  }
  // A range starts where the value before it ends.
  std::vector<RowRange> wanted;
  for (const RowRange& range : ranges)
    wanted.push_back({range.start == 0 ? 0 : range.start - 1, range.end});
  ARROW_ASSIGN_OR_RAISE(out.read_, MakeArrayRead(encoding, wanted, context));
  return out;
}

arrow::Status EndOffsets::Finish(uint64_t limit) {
  ArrayOutput offsets(ValueBuilder::Fixed(64, pool_));
  ARROW_RETURN_NOT_OK(read_->Append(&offsets));
  const uint64_t* ends = reinterpret_cast<const uint64_t*>(offsets.values.data());
  const uint64_t count = CountRows(ranges_);
  uint64_t stored = count;
  for (const RowRange& range : ranges_) stored += range.start != 0;
  if (static_cast<uint64_t>(offsets.values.num_values()) != stored) {
    return Corrupt(offsets.values.num_values(), " offsets, expected ", stored);
  }
  lengths_.reserve(count);
  valid_.reserve(count);
  auto plain_end = [&](uint64_t end, bool* is_null) {
    *is_null = adjustment_ != 0 && end >= adjustment_;
    return *is_null ? end - adjustment_ : end;
  };
  for (const RowRange& range : ranges_) {
    bool is_null = false;
    uint64_t previous = range.start == 0 ? 0 : plain_end(*ends++, &is_null);
    const uint64_t start = previous;
    // Values that lie in each other would be read as often as they are asked for.
    if (!item_ranges_.empty() && start < item_ranges_.back().end) {
      return Corrupt("offset ", start, " of value ", range.start, " after ",
                     item_ranges_.back().end);
    }
    for (uint64_t row = range.start; row < range.end; ++row) {
      const uint64_t end = plain_end(*ends++, &is_null);
      if (end < previous || end > limit) {
        return Corrupt("offset ", end, " of value ", row, " after ", previous, ", at most ", limit);
      }
      lengths_.push_back(end - previous);
      valid_.push_back(!is_null);
      previous = end;
    }
    item_ranges_.push_back({start, previous});
  }
  return arrow::Status::OK();
}

}  // namespace lancea::v2_0
