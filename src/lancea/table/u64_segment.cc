#include "lancea/table/u64_segment.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include "lancea/util/byte_reader.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kBlockBits = 512;
constexpr uint64_t kBlockBytes = kBlockBits / 8;

arrow::Status Bad(const char* why) { return Corrupt("row id segment: ", why); }

template <typename Offset>
arrow::Result<std::vector<uint64_t>> Widen(const std::string& bytes, uint64_t base) {
  if (bytes.size() % sizeof(Offset) != 0) return Bad("array of a broken length");
  std::vector<uint64_t> values(bytes.size() / sizeof(Offset));
  uint64_t largest = 0;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t offset = LoadLittleEndian<Offset>(data + i * sizeof(Offset));
    largest = std::max(largest, offset);
    values[i] = base + offset;
  }
  if (largest > std::numeric_limits<uint64_t>::max() - base) return Bad("array overflows");
  return values;
}

arrow::Result<std::vector<uint64_t>> DecodeArray(const lance::table::EncodedU64Array& proto) {
  using lance::table::EncodedU64Array;
  switch (proto.array_case()) {
    case EncodedU64Array::kU16Array:
      return Widen<uint16_t>(proto.u16_array().offsets(), proto.u16_array().base());
    case EncodedU64Array::kU32Array:
      return Widen<uint32_t>(proto.u32_array().offsets(), proto.u32_array().base());
    case EncodedU64Array::kU64Array:
      return Widen<uint64_t>(proto.u64_array().values(), 0);
    default:
      return Bad("array without an encoding");
  }
}

bool AscendsStrictly(const std::vector<uint64_t>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
}

uint64_t LoadBlockWord(const std::vector<uint8_t>& bitmap, uint64_t byte) {
  if (byte + 8 <= bitmap.size()) return LoadLittleEndian<uint64_t>(bitmap.data() + byte);
  uint64_t word = 0;
  for (uint64_t i = 0; byte + i < bitmap.size(); ++i) word |= uint64_t{bitmap[byte + i]} << (8 * i);
  return word;
}

}  // namespace

arrow::Result<U64Segment> U64Segment::FromProto(const lance::table::U64Segment& proto) {
  using Proto = lance::table::U64Segment;
  U64Segment segment;
  auto set_range = [&](const auto& range) -> arrow::Status {
    if (range.start() > range.end()) return Bad("range ends before it starts");
    segment.start_ = range.start();
    segment.end_ = range.end();
    segment.num_values_ = range.end() - range.start();
    return arrow::Status::OK();
  };
  switch (proto.segment_case()) {
    case Proto::kRange:
      ARROW_RETURN_NOT_OK(set_range(proto.range()));
      break;
    case Proto::kRangeWithHoles: {
      segment.kind_ = Kind::kRangeWithHoles;
      ARROW_RETURN_NOT_OK(set_range(proto.range_with_holes()));
      if (!proto.range_with_holes().has_holes()) return Bad("range with holes has no holes");
      ARROW_ASSIGN_OR_RAISE(segment.values_, DecodeArray(proto.range_with_holes().holes()));
      const auto& holes = segment.values_;
      if (!AscendsStrictly(holes)) return Bad("holes do not ascend");
      if (!holes.empty() && (holes.front() < segment.start_ || holes.back() >= segment.end_)) {
        return Bad("hole outside the range");
      }
      segment.num_values_ -= holes.size();
      break;
    }
    case Proto::kRangeWithBitmap: {
      segment.kind_ = Kind::kRangeWithBitmap;
      ARROW_RETURN_NOT_OK(set_range(proto.range_with_bitmap()));
      const std::string& bits = proto.range_with_bitmap().bitmap();
      uint64_t length = segment.num_values_;
      if (bits.size() != length / 8 + (length % 8 != 0)) return Bad("bitmap of a wrong length");
      segment.bitmap_.assign(bits.begin(), bits.end());
      if (length % 8 != 0 && segment.bitmap_.back() >> (length % 8) != 0) {
        return Bad("bits behind the end of the range");
      }
      segment.IndexBitmap();
      break;
    }
    case Proto::kSortedArray: {
      segment.kind_ = Kind::kSortedArray;
      ARROW_ASSIGN_OR_RAISE(segment.values_, DecodeArray(proto.sorted_array()));
      if (!AscendsStrictly(segment.values_)) return Bad("sorted array does not ascend");
      segment.num_values_ = segment.values_.size();
      break;
    }
    case Proto::kArray: {
      ARROW_ASSIGN_OR_RAISE(auto values, DecodeArray(proto.array()));
      return Array(std::move(values));
    }
    default:
      return Bad("no form is set");
  }
  segment.SetBounds();
  return segment;
}

U64Segment U64Segment::Range(uint64_t start, uint64_t end) {
  U64Segment segment;
  segment.start_ = start;
  segment.end_ = end;
  segment.num_values_ = end - start;
  segment.SetBounds();
  return segment;
}

U64Segment U64Segment::Array(std::vector<uint64_t> values) {
  U64Segment segment;
  segment.num_values_ = values.size();
  segment.values_ = std::move(values);
  segment.kind_ = AscendsStrictly(segment.values_) ? Kind::kSortedArray : Kind::kArray;
  if (segment.kind_ == Kind::kArray) segment.sorted_ = std::make_shared<SortedPositions>();
  segment.SetBounds();
  return segment;
}

void U64Segment::IndexBitmap() {
  num_values_ = 0;
  for (uint64_t byte = 0; byte < bitmap_.size(); byte += 8) {
    if (byte % kBlockBytes == 0) values_before_.push_back(num_values_);
    num_values_ += std::popcount(LoadBlockWord(bitmap_, byte));
  }
}

void U64Segment::SetBounds() {
  if (num_values_ == 0) return;
  if (kind_ == Kind::kArray) {
    auto [least, largest] = std::minmax_element(values_.begin(), values_.end());
    min_ = *least;
    max_ = *largest;
  } else {
    min_ = Get(0);
    max_ = Get(num_values_ - 1);
  }
}

uint64_t U64Segment::Get(uint64_t position) const {
  switch (kind_) {
    case Kind::kRange:
      return start_ + position;
    case Kind::kRangeWithHoles: {
      // The wanted value is start + position + holes before it; values_[i] - start - i values lie
      // before hole i.
      size_t low = 0, high = values_.size();
      while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values_[middle] - start_ - middle <= position) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return start_ + position + low;
    }
    case Kind::kRangeWithBitmap: {
      size_t block = std::upper_bound(values_before_.begin(), values_before_.end(), position) -
                     values_before_.begin() - 1;
      uint64_t rest = position - values_before_[block];
      for (uint64_t byte = block * kBlockBytes; byte < bitmap_.size(); byte += 8) {
        uint64_t word = LoadBlockWord(bitmap_, byte);
        uint64_t ones = std::popcount(word);
        if (rest >= ones) {
          rest -= ones;
          continue;
        }
        for (; rest > 0; --rest) word &= word - 1;
        return start_ + byte * 8 + std::countr_zero(word);
      }
      return end_;
    }
    default:
      return values_[position];
  }
}

void U64Segment::Read(uint64_t position, uint64_t count, uint64_t* out) const {
  if (count == 0) return;
  switch (kind_) {
    case Kind::kRange:
      std::iota(out, out + count, start_ + position);
      return;
    case Kind::kRangeWithHoles: {
      uint64_t value = Get(position);
      auto hole = std::lower_bound(values_.begin(), values_.end(), value);
      for (uint64_t i = 0; i < count;) {
        uint64_t stop = hole == values_.end() ? end_ : *hole;
        uint64_t run = std::min(count - i, stop - value);
        std::iota(out + i, out + i + run, value);
        i += run;
        value = stop + 1;
        if (hole != values_.end()) ++hole;
      }
      return;
    }
    case Kind::kRangeWithBitmap: {
      uint64_t offset = Get(position) - start_;
      uint64_t byte = offset / 64 * 8;
      uint64_t word = LoadBlockWord(bitmap_, byte) & (~uint64_t{0} << (offset % 64));
      for (uint64_t i = 0; i < count;) {
        for (; word == 0; word = LoadBlockWord(bitmap_, byte)) byte += 8;
        for (; word != 0 && i < count; word &= word - 1) {
          out[i++] = start_ + byte * 8 + std::countr_zero(word);
        }
      }
      return;
    }
    default:
      std::copy_n(values_.begin() + position, count, out);
  }
}

std::optional<uint64_t> U64Segment::Find(uint64_t value) const {
  if (value < min_ || value > max_) return std::nullopt;
  switch (kind_) {
    case Kind::kRange:
      return value - start_;
    case Kind::kRangeWithHoles: {
      auto hole = std::lower_bound(values_.begin(), values_.end(), value);
      if (hole != values_.end() && *hole == value) return std::nullopt;
      return value - start_ - (hole - values_.begin());
    }
    case Kind::kRangeWithBitmap: {
      uint64_t offset = value - start_;
      if (!Has(offset)) return std::nullopt;
      uint64_t position = values_before_[offset / kBlockBits];
      uint64_t byte = offset / kBlockBits * kBlockBytes;
      for (; byte + 8 <= offset / 8; byte += 8) {
        position += std::popcount(LoadBlockWord(bitmap_, byte));
      }
      uint64_t below = (uint64_t{1} << (offset - byte * 8)) - 1;
      return position + std::popcount(LoadBlockWord(bitmap_, byte) & below);
    }
    case Kind::kSortedArray: {
      auto found = std::lower_bound(values_.begin(), values_.end(), value);
      if (found == values_.end() || *found != value) return std::nullopt;
      return found - values_.begin();
    }
    case Kind::kArray: {
      std::call_once(sorted_->once, [&] {
        sorted_->by_value.resize(values_.size());
        std::iota(sorted_->by_value.begin(), sorted_->by_value.end(), uint32_t{0});
        std::ranges::sort(sorted_->by_value, {},
                          [&](uint32_t at) { return std::pair(values_[at], at); });
      });
      auto found = std::ranges::lower_bound(sorted_->by_value, value, {},
                                            [&](uint32_t at) { return values_[at]; });
      if (found == sorted_->by_value.end() || values_[*found] != value) return std::nullopt;
      return *found;
    }
  }
  return std::nullopt;
}

uint64_t U64Segment::num_bytes() const {
  return sizeof(*this) + values_.capacity() * 8 + bitmap_.capacity() +
         values_before_.capacity() * 8 + (sorted_ ? values_.size() * 4 : 0);
}

bool U64Segment::Extend(const U64Segment& next) {
  if (kind_ != Kind::kRange || next.kind_ != Kind::kRange || next.start_ != end_) return false;
  end_ = next.end_;
  num_values_ = end_ - start_;
  SetBounds();
  return true;
}

}  // namespace lancea
