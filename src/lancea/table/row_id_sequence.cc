#include "lancea/table/row_id_sequence.h"

#include <algorithm>
#include <utility>

#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxRows = uint64_t{1} << 32;

}  // namespace

arrow::Result<RowIdSequence> RowIdSequence::Parse(Bytes bytes) {
  lance::table::RowIdSequence proto;
  if (!ParseMessage(bytes, &proto)) {
    return Corrupt("the row id sequence does not parse");
  }
  RowIdSequence sequence;
  uint64_t num_rows = 0;
  for (const auto& segment_proto : proto.segments()) {
    ARROW_ASSIGN_OR_RAISE(U64Segment segment, U64Segment::FromProto(segment_proto));
    if (segment.num_values() > kMaxRows - num_rows) {
      return Corrupt("the row id sequence has more than 2^32 rows");
    }
    num_rows += segment.num_values();
    if (segment.num_values() == 0) continue;
    // Clustered deletions may leave thousands of small ranges; those that touch are one.
    if (!sequence.segments_.empty() && sequence.segments_.back().Extend(segment)) continue;
    sequence.segments_.push_back(std::move(segment));
  }
  sequence.Finish();
  return sequence;
}

RowIdSequence RowIdSequence::FromValues(std::vector<uint64_t> values) {
  RowIdSequence sequence;
  if (!values.empty()) sequence.segments_.push_back(U64Segment::Array(std::move(values)));
  sequence.Finish();
  return sequence;
}

RowIdSequence RowIdSequence::FromRange(uint64_t start, uint64_t end) {
  RowIdSequence sequence;
  if (start < end) sequence.segments_.push_back(U64Segment::Range(start, end));
  sequence.Finish();
  return sequence;
}

void RowIdSequence::Finish() {
  uint64_t end = 0;
  ends_.reserve(segments_.size());
  for (size_t i = 0; i < segments_.size(); ++i) {
    const U64Segment& segment = segments_[i];
    ends_.push_back(end += segment.num_values());
    if (i == 0) {
      min_ = segment.min();
      max_ = segment.max();
      continue;
    }
    if (segment.min() <= segments_[i - 1].max()) disjoint_ = false;
    min_ = std::min(min_, segment.min());
    max_ = std::max(max_, segment.max());
  }
}

size_t RowIdSequence::SegmentOf(uint64_t position) const {
  return std::upper_bound(ends_.begin(), ends_.end(), position) - ends_.begin();
}

uint64_t RowIdSequence::Get(uint64_t position) const {
  size_t segment = SegmentOf(position);
  return segments_[segment].Get(position - (segment == 0 ? 0 : ends_[segment - 1]));
}

void RowIdSequence::Read(uint64_t position, uint64_t count, uint64_t* out) const {
  for (size_t segment = SegmentOf(position); count > 0; ++segment) {
    uint64_t start = segment == 0 ? 0 : ends_[segment - 1];
    uint64_t length = std::min(count, ends_[segment] - position);
    segments_[segment].Read(position - start, length, out);
    position += length;
    count -= length;
    out += length;
  }
}

std::optional<uint64_t> RowIdSequence::Find(uint64_t row_id) const {
  if (segments_.empty() || row_id < min_ || row_id > max_) return std::nullopt;
  size_t first = 0, last = segments_.size();
  if (disjoint_) {
    first = std::ranges::lower_bound(segments_, row_id, {}, &U64Segment::max) - segments_.begin();
    last = std::min(first + 1, last);
  }
  for (size_t i = first; i < last; ++i) {
    if (auto position = segments_[i].Find(row_id)) {
      return *position + (i == 0 ? 0 : ends_[i - 1]);
    }
  }
  return std::nullopt;
}

uint64_t RowIdSequence::num_bytes() const {
  uint64_t bytes = sizeof(*this) + ends_.capacity() * 8;
  for (const U64Segment& segment : segments_) bytes += segment.num_bytes();
  return bytes;
}

}  // namespace lancea
