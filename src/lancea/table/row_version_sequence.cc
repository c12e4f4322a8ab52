#include "lancea/table/row_version_sequence.h"

#include <algorithm>

#include "lancea/proto/rowids.pb.h"
#include "lancea/table/u64_segment.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {

arrow::Result<RowVersionSequence> RowVersionSequence::Parse(Bytes bytes) {
  lance::table::RowDatasetVersionSequence proto;
  if (!ParseMessage(bytes, &proto)) {
    return Corrupt("the row version sequence does not parse");
  }
  RowVersionSequence sequence;
  for (const auto& run : proto.runs()) {
    ARROW_ASSIGN_OR_RAISE(U64Segment span, U64Segment::FromProto(run.span()));
    if (span.num_values() > (uint64_t{1} << 32) - sequence.num_rows()) {
      return Corrupt("the row version sequence has more than 2^32 rows");
    }
    sequence.Append(span.num_values(), run.version());
  }
  return sequence;
}

RowVersionSequence RowVersionSequence::FromValues(const std::vector<uint64_t>& versions) {
  RowVersionSequence sequence;
  for (uint64_t version : versions) sequence.Append(1, version);
  return sequence;
}

RowVersionSequence RowVersionSequence::Uniform(uint64_t num_rows, uint64_t version) {
  RowVersionSequence sequence;
  sequence.Append(num_rows, version);
  return sequence;
}

RowVersionSequence RowVersionSequence::Concatenate(const std::vector<RowVersionSequence>& parts) {
  RowVersionSequence sequence;
  for (const RowVersionSequence& part : parts) sequence.AppendRows(part, 0, part.num_rows());
  return sequence;
}

std::string RowVersionSequence::Serialize() const {
  lance::table::RowDatasetVersionSequence proto;
  uint64_t start = 0;
  for (size_t i = 0; i < ends_.size(); start = ends_[i++]) {
    auto* run = proto.add_runs();
    *run->mutable_span() = U64Segment::Range(start, ends_[i]).ToProto();
    run->set_version(versions_[i]);
  }
  return proto.SerializeAsString();
}

void RowVersionSequence::AppendRows(const RowVersionSequence& from, uint64_t start, uint64_t end) {
  size_t run = std::upper_bound(from.ends_.begin(), from.ends_.end(), start) - from.ends_.begin();
  for (; start < end; ++run) {
    const uint64_t stop = std::min(end, from.ends_[run]);
    Append(stop - start, from.versions_[run]);
    start = stop;
  }
}

RowVersionSequence RowVersionSequence::Slice(uint64_t position, uint64_t count) const {
  RowVersionSequence sequence;
  sequence.AppendRows(*this, position, position + count);
  return sequence;
}

RowVersionSequence RowVersionSequence::WithoutRows(const std::vector<RowRange>& deleted) const {
  RowVersionSequence sequence;
  uint64_t live = 0;
  for (const RowRange& range : deleted) {
    sequence.AppendRows(*this, live, std::min(range.start, num_rows()));
    live = range.end;
  }
  sequence.AppendRows(*this, live, num_rows());
  return sequence;
}

RowVersionSequence RowVersionSequence::WithVersionAt(const std::vector<ValueRange>& offsets,
                                                     uint64_t version) const {
  RowVersionSequence sequence;
  uint64_t kept = 0;
  for (const ValueRange& range : offsets) {
    const uint64_t end = std::min<uint64_t>(uint64_t{range.last} + 1, num_rows());
    if (range.first >= end) break;
    sequence.AppendRows(*this, kept, range.first);
    sequence.Append(end - range.first, version);
    kept = end;
  }
  sequence.AppendRows(*this, kept, num_rows());
  return sequence;
}

void RowVersionSequence::Append(uint64_t num_rows, uint64_t version) {
  if (num_rows == 0) return;
  uint64_t end = this->num_rows() + num_rows;
  if (!versions_.empty() && versions_.back() == version) {
    ends_.back() = end;
    return;
  }
  ends_.push_back(end);
  versions_.push_back(version);
}

uint64_t RowVersionSequence::Get(uint64_t position) const {
  return versions_[std::upper_bound(ends_.begin(), ends_.end(), position) - ends_.begin()];
}

void RowVersionSequence::Read(uint64_t position, uint64_t count, uint64_t* out) const {
  size_t run = std::upper_bound(ends_.begin(), ends_.end(), position) - ends_.begin();
  for (; count > 0; ++run) {
    uint64_t length = std::min(count, ends_[run] - position);
    std::fill_n(out, length, versions_[run]);
    position += length;
    count -= length;
    out += length;
  }
}

}  // namespace lancea
