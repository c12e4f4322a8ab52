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
