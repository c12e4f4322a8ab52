#include "lancea/table/row_id_sequence.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxRows = uint64_t{1} << 32;

/// Below it the overhead of a segment, about 20 bytes, outweighs what an ascending run saves.
constexpr size_t kMinRunLength = 64;

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
    sequence.Append(std::move(segment));
  }
  sequence.Finish();
  return sequence;
}

RowIdSequence RowIdSequence::FromValues(std::vector<uint64_t> values) {
  RowIdSequence sequence;
  // A few ascending runs compress by themselves; many would cost more than they save.
  size_t num_runs = values.empty() ? 0 : 1;
  for (size_t i = 1; i < values.size(); ++i) num_runs += values[i] <= values[i - 1];
  if (num_runs <= 1 || values.size() / num_runs < kMinRunLength) {
    sequence.Append(U64Segment::FromValues(std::move(values)));
  } else {
    for (auto run = values.begin(); run != values.end();) {
      auto stop = std::adjacent_find(run, values.end(), std::greater_equal<>());
      if (stop != values.end()) ++stop;
      sequence.Append(U64Segment::FromValues({run, stop}));
      run = stop;
    }
  }
  sequence.Finish();
  return sequence;
}

void RowIdSequence::Append(U64Segment segment) {
  if (segment.num_values() == 0) return;
  // Clustered deletions may leave thousands of small ranges; those that touch are one.
  if (!segments_.empty() && segments_.back().Extend(segment)) return;
  segments_.push_back(std::move(segment));
}

RowIdSequence RowIdSequence::Concatenate(const std::vector<RowIdSequence>& parts) {
  RowIdSequence sequence;
  for (const RowIdSequence& part : parts) {
    for (const U64Segment& segment : part.segments_) sequence.Append(segment);
  }
  sequence.Finish();
  return sequence;
}

std::string RowIdSequence::Serialize() const {
  lance::table::RowIdSequence proto;
  for (const U64Segment& segment : segments_) *proto.add_segments() = segment.ToProto();
  return proto.SerializeAsString();
}

void RowIdSequence::AppendRows(const RowIdSequence& from, RowRange rows) {
  for (size_t i = from.SegmentOf(rows.start); rows.start < rows.end; ++i) {
    const U64Segment& segment = from.segments_[i];
    const uint64_t segment_start = i == 0 ? 0 : from.ends_[i - 1];
    const uint64_t position = rows.start - segment_start;
    const uint64_t count = std::min(rows.end, from.ends_[i]) - rows.start;
    if (count == segment.num_values()) {
      Append(segment);
    } else if (segment.kind() == U64Segment::Kind::kRange) {
      const uint64_t first = segment.Get(position);
      Append(U64Segment::Range(first, first + count));
    } else {
      std::vector<uint64_t> values(count);
      segment.Read(position, count, values.data());
      Append(U64Segment::FromValues(std::move(values)));
    }
    rows.start += count;
  }
}

RowIdSequence RowIdSequence::Slice(uint64_t position, uint64_t count) const {
  RowIdSequence sequence;
  sequence.AppendRows(*this, {position, position + count});
  sequence.Finish();
  return sequence;
}

RowIdSequence RowIdSequence::WithoutRows(const std::vector<RowRange>& deleted) const {
  RowIdSequence sequence;
  auto range = deleted.begin();
  uint64_t start = 0;
  for (size_t i = 0; i < segments_.size(); start = ends_[i++]) {
    while (range != deleted.end() && range->end <= start) ++range;
    if (range == deleted.end() || range->start >= ends_[i]) {
      sequence.Append(segments_[i]);
      continue;
    }
    std::vector<uint64_t> values;
    uint64_t live = start;  // first row not yet looked at
    auto keep = [&](uint64_t end) {
      if (end <= live) return;
      const size_t size = values.size();
      values.resize(size + (end - live));
      segments_[i].Read(live - start, end - live, values.data() + size);
    };
    for (auto cut = range; cut != deleted.end() && cut->start < ends_[i]; ++cut) {
      keep(cut->start);
      live = std::max(live, cut->end);
    }
    keep(ends_[i]);
    sequence.Append(U64Segment::FromValues(std::move(values)));
  }
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
