// The writing half of u64_segment.h: which form a list of values takes, and its message.
#include <limits>
#include <utility>

#include "lancea/table/u64_segment.h"

namespace lancea {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

uint64_t BytesPerValue(uint64_t span) {
  return span <= std::numeric_limits<uint16_t>::max()   ? 2
         : span <= std::numeric_limits<uint32_t>::max() ? 4
                                                        : 8;
}

template <typename Offset>
std::string Narrow(const std::vector<uint64_t>& values, uint64_t base) {
  std::string bytes(values.size() * sizeof(Offset), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    auto offset = static_cast<Offset>(values[i] - base);
    std::memcpy(bytes.data() + i * sizeof(Offset), &offset, sizeof(Offset));
  }
  return bytes;
}

void EncodeArray(const std::vector<uint64_t>& values, lance::table::EncodedU64Array* out) {
  uint64_t base = 0, span = 0;
  if (!values.empty()) {
    auto [least, largest] = std::minmax_element(values.begin(), values.end());
    base = *least;
    span = *largest - base;
  }
  switch (BytesPerValue(span)) {
    case 2:
      out->mutable_u16_array()->set_base(base);
      out->mutable_u16_array()->set_offsets(Narrow<uint16_t>(values, base));
      break;
    case 4:
      out->mutable_u32_array()->set_base(base);
      out->mutable_u32_array()->set_offsets(Narrow<uint32_t>(values, base));
      break;
    default:
      out->mutable_u64_array()->set_values(Narrow<uint64_t>(values, 0));
  }
}

}  // namespace

U64Segment U64Segment::FromValues(std::vector<uint64_t> values) {
  if (values.empty()) return Range(0, 0);
  const bool ascends =
      std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
  const uint64_t first = values.front(), last = values.back();
  // The largest value of all has no exclusive end.
  if (!ascends || last == kMax) return Array(std::move(values));
  const uint64_t span = last - first;
  const uint64_t num_holes = span - (values.size() - 1);
  if (num_holes == 0) return Range(first, last + 1);

  const uint64_t width = BytesPerValue(span);
  const uint64_t array_bytes = values.size() * width;
  const uint64_t bitmap_bytes = span / 8 + 1;
  const uint64_t hole_bytes = num_holes > kMax / width ? kMax : num_holes * width;
  if (array_bytes < bitmap_bytes && array_bytes < hole_bytes) return Array(std::move(values));

  U64Segment segment;
  segment.start_ = first;
  segment.end_ = last + 1;
  segment.num_values_ = values.size();
  if (hole_bytes <= bitmap_bytes) {
    segment.kind_ = Kind::kRangeWithHoles;
    segment.values_.reserve(num_holes);
    for (size_t i = 1; i < values.size(); ++i) {
      for (uint64_t hole = values[i - 1] + 1; hole < values[i]; ++hole) {
        segment.values_.push_back(hole);
      }
    }
  } else {
    segment.kind_ = Kind::kRangeWithBitmap;
    segment.bitmap_.resize(bitmap_bytes);
    for (uint64_t value : values) {
      const uint64_t bit = value - first;
      segment.bitmap_[bit / 8] = static_cast<uint8_t>(segment.bitmap_[bit / 8] | 1 << (bit % 8));
    }
    segment.IndexBitmap();
  }
  segment.SetBounds();
  return segment;
}

lance::table::U64Segment U64Segment::ToProto() const {
  lance::table::U64Segment proto;
  switch (kind_) {
    case Kind::kRange:
      proto.mutable_range()->set_start(start_);
      proto.mutable_range()->set_end(end_);
      break;
    case Kind::kRangeWithHoles:
      proto.mutable_range_with_holes()->set_start(start_);
      proto.mutable_range_with_holes()->set_end(end_);
      EncodeArray(values_, proto.mutable_range_with_holes()->mutable_holes());
      break;
    case Kind::kRangeWithBitmap:
      proto.mutable_range_with_bitmap()->set_start(start_);
      proto.mutable_range_with_bitmap()->set_end(end_);
      proto.mutable_range_with_bitmap()->set_bitmap(bitmap_.data(), bitmap_.size());
      break;
    case Kind::kSortedArray:
      EncodeArray(values_, proto.mutable_sorted_array());
      break;
    case Kind::kArray:
      EncodeArray(values_, proto.mutable_array());
      break;
  }
  return proto;
}

}  // namespace lancea
