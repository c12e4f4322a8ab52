#include "lancea/encoding/value_builder.h"

#include <algorithm>
#include <limits>

#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {
namespace {

constexpr int64_t kGatherSlack = 16;

// Values after which their average length says how much memory the rest will take.
constexpr int64_t kValuesToJudgeBy = 32;
constexpr int64_t kFarEnough = 16 << 20;

// Grow to at least `needed` bytes, doubling, so that appends cost amortised O(1).
arrow::Status GrowTo(std::shared_ptr<arrow::ResizableBuffer>* buffer, int64_t needed,
                     arrow::MemoryPool* pool) {
  if (*buffer == nullptr) {
    ARROW_ASSIGN_OR_RAISE(*buffer,
                          arrow::AllocateResizableBuffer(std::max<int64_t>(needed, 64), pool));
    return arrow::Status::OK();
  }
  if (needed <= (*buffer)->size()) return arrow::Status::OK();
  return (*buffer)->Resize(std::max(needed, (*buffer)->size() * 2), /*shrink_to_fit=*/false);
}

// Bytes of `count` values; more than can be addressed is refused like more than there is.
arrow::Result<int64_t> SizeOf(int64_t count, int64_t bits) {
  int64_t size = 0;
  if (count < 0 || bits < 0 || __builtin_mul_overflow(count, bits, &size)) {
    return arrow::Status::OutOfMemory(count, " values of ", bits, " bits");
  }
  return arrow::bit_util::BytesForBits(size);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FinishBuffer(
    std::shared_ptr<arrow::ResizableBuffer>* buffer, int64_t size, arrow::MemoryPool* pool) {
  if (*buffer == nullptr) {
    ARROW_ASSIGN_OR_RAISE(*buffer, arrow::AllocateResizableBuffer(0, pool));
  }
  // Returning memory costs a copy; accept up to a third of slack.
  bool shrink = (*buffer)->capacity() > size + size / 2 + 4096;
  ARROW_RETURN_NOT_OK((*buffer)->Resize(size, shrink));
  (*buffer)->ZeroPadding();
  return std::shared_ptr<arrow::Buffer>(std::move(*buffer));
}

}  // namespace

ValueBuilder ValueShape::MakeBuilder(arrow::MemoryPool* pool) const {
  ValueBuilder builder = bits_per_offset != 0 ? ValueBuilder::Variable(bits_per_offset, pool)
                                              : ValueBuilder::Fixed(bits_per_value, pool);
  builder.item_validity().assign(num_item_validity, BitmapBuilder(pool));
  return builder;
}

arrow::Status BitmapBuilder::Grow(int64_t num_bits) {
  return GrowTo(&buffer_, arrow::bit_util::BytesForBits(size_ + num_bits), pool_);
}

arrow::Status BitmapBuilder::Append(const uint8_t* bits, int64_t bit_offset, int64_t num_bits) {
  if (num_bits == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(Grow(num_bits));
  arrow::internal::CopyBitmap(bits, bit_offset, num_bits, buffer_->mutable_data(), size_);
  size_ += num_bits;
  return arrow::Status::OK();
}

arrow::Status BitmapBuilder::AppendRun(bool value, int64_t num_bits) {
  if (num_bits == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(Grow(num_bits));
  arrow::bit_util::SetBitsTo(buffer_->mutable_data(), size_, num_bits, value);
  size_ += num_bits;
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> BitmapBuilder::Finish() {
  return FinishBuffer(&buffer_, arrow::bit_util::BytesForBits(size_), pool_);
}

ValueBuilder ValueBuilder::Fixed(uint64_t bits_per_value, arrow::MemoryPool* pool) {
  ValueBuilder builder(pool);
  builder.bits_per_value_ = bits_per_value;
  return builder;
}

ValueBuilder ValueBuilder::Variable(uint64_t bits_per_offset, arrow::MemoryPool* pool) {
  ValueBuilder builder(pool);
  builder.bits_per_offset_ = bits_per_offset;
  return builder;
}

arrow::Status ValueBuilder::GrowData(int64_t num_bytes) {
  const int64_t needed = data_size_ + num_bytes;
  if (data_ == nullptr || needed <= data_->size() || num_values_ < kValuesToJudgeBy ||
      expected_values_ <= num_values_) {
    return GrowTo(&data_, needed, pool_);
  }
  // Each growth copies what is there: go to where the values so far say it ends, though not too far at once.
  const double left = static_cast<double>(expected_values_) / static_cast<double>(num_values_);
  const int64_t most = std::max({needed, 8 * data_->size(), kFarEnough});
  const double projected = static_cast<double>(data_size_) * left * 1.05;
  const int64_t target =
      num_bytes + (projected < static_cast<double>(most) ? static_cast<int64_t>(projected) : most);
  return data_->Resize(std::max(needed, target), /*shrink_to_fit=*/false);
}

arrow::Status ValueBuilder::GrowOffsets(int64_t num_values) {
  int64_t width = static_cast<int64_t>(bits_per_offset_ / 8);
  bool first = offsets_ == nullptr;
  ARROW_ASSIGN_OR_RAISE(int64_t size, SizeOf(num_values_ + num_values + 1, width * 8));
  ARROW_RETURN_NOT_OK(GrowTo(&offsets_, size, pool_));
  if (first) std::memset(offsets_->mutable_data(), 0, width);
  return arrow::Status::OK();
}

arrow::Status ValueBuilder::CheckOffsetsReach(int64_t size) const {
  if (bits_per_offset_ == 32 && size > std::numeric_limits<int32_t>::max()) {
    return arrow::Status::CapacityError(
        "more than 2 GiB of values in one array with 32-bit offsets; "
        "lower batch_size");
  }
  return arrow::Status::OK();
}

arrow::Status ValueBuilder::Reserve(int64_t num_values, int64_t num_bytes) {
  expected_values_ = num_values_ + num_values;
  if (is_variable()) {
    ARROW_RETURN_NOT_OK(GrowOffsets(num_values));
    return num_bytes > 0 ? GrowData(num_bytes) : arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(int64_t size,
                        SizeOf(num_values_ + num_values, static_cast<int64_t>(bits_per_value_)));
  return GrowTo(&data_, size, pool_);
}

arrow::Result<uint8_t*> ValueBuilder::AppendFixed(int64_t num_values) {
  int64_t width = static_cast<int64_t>(bytes_per_value());
  ARROW_ASSIGN_OR_RAISE(int64_t size, SizeOf(num_values_ + num_values, width * 8));
  ARROW_RETURN_NOT_OK(GrowTo(&data_, size, pool_));
  uint8_t* out = data_->mutable_data() + num_values_ * width;
  num_values_ += num_values;
  return out;
}

arrow::Status ValueBuilder::AppendBits(const uint8_t* bits, int64_t bit_offset,
                                       int64_t num_values) {
  if (num_values == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(
      GrowTo(&data_, arrow::bit_util::BytesForBits(num_values_ + num_values), pool_));
  arrow::internal::CopyBitmap(bits, bit_offset, num_values, data_->mutable_data(), num_values_);
  num_values_ += num_values;
  return arrow::Status::OK();
}

arrow::Status ValueBuilder::AppendZeros(int64_t num_values) {
  if (num_values == 0) return arrow::Status::OK();
  if (is_variable()) {
    ARROW_RETURN_NOT_OK(GrowOffsets(num_values));
    auto fill = [&]<typename Offset>(Offset) {
      Offset* offsets = reinterpret_cast<Offset*>(offsets_->mutable_data());
      std::fill_n(offsets + num_values_ + 1, num_values, static_cast<Offset>(data_size_));
    };
    bits_per_offset_ == 32 ? fill(int32_t{}) : fill(int64_t{});
    num_values_ += num_values;
    return arrow::Status::OK();
  }
  if (bits_per_value_ == 1) {
    ARROW_RETURN_NOT_OK(
        GrowTo(&data_, arrow::bit_util::BytesForBits(num_values_ + num_values), pool_));
    arrow::bit_util::SetBitsTo(data_->mutable_data(), num_values_, num_values, false);
    num_values_ += num_values;
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * out, AppendFixed(num_values));
  std::memset(out, 0, num_values * bytes_per_value());
  return arrow::Status::OK();
}

arrow::Result<uint8_t*> ValueBuilder::PrepareValue(int64_t max_bytes) {
  ARROW_RETURN_NOT_OK(GrowOffsets(1));
  ARROW_RETURN_NOT_OK(GrowData(max_bytes));
  return data_->mutable_data() + data_size_;
}

arrow::Status ValueBuilder::CommitValue(int64_t num_bytes) {
  data_size_ += num_bytes;
  ++num_values_;
  ARROW_RETURN_NOT_OK(CheckOffsetsReach(data_size_));
  if (bits_per_offset_ == 32) {
    reinterpret_cast<int32_t*>(offsets_->mutable_data())[num_values_] =
        static_cast<int32_t>(data_size_);
  } else {
    reinterpret_cast<int64_t*>(offsets_->mutable_data())[num_values_] = data_size_;
  }
  return arrow::Status::OK();
}

arrow::Result<ValueBuilder::Room> ValueBuilder::PrepareValues(int64_t num_values,
                                                              int64_t max_bytes) {
  ARROW_RETURN_NOT_OK(GrowOffsets(num_values));
  ARROW_RETURN_NOT_OK(GrowData(max_bytes));
  const int64_t width = static_cast<int64_t>(bits_per_offset_ / 8);
  return Room{data_->mutable_data() + data_size_,
              offsets_->mutable_data() + (num_values_ + 1) * width, data_size_};
}

arrow::Status ValueBuilder::CommitValues(int64_t num_values, int64_t num_bytes) {
  if (bits_per_offset_ == 32 && data_size_ + num_bytes > std::numeric_limits<int32_t>::max()) {
    return arrow::Status::CapacityError(
        "more than 2 GiB of values in one array with 32-bit "
        "offsets; lower batch_size");
  }
  data_size_ += num_bytes;
  num_values_ += num_values;
  return arrow::Status::OK();
}

arrow::Status ValueBuilder::AppendValue(Bytes value) {
  ARROW_ASSIGN_OR_RAISE(uint8_t * out, PrepareValue(static_cast<int64_t>(value.size())));
  if (!value.empty()) std::memcpy(out, value.data(), value.size());
  return CommitValue(static_cast<int64_t>(value.size()));
}

template <typename Offset>
arrow::Status ValueBuilder::AppendValues(const Offset* offsets, int64_t num_values,
                                         const uint8_t* bytes) {
  if (num_values == 0) return arrow::Status::OK();
  int64_t num_bytes = static_cast<int64_t>(offsets[num_values] - offsets[0]);
  ARROW_RETURN_NOT_OK(GrowOffsets(num_values));
  ARROW_RETURN_NOT_OK(GrowData(num_bytes));
  ARROW_RETURN_NOT_OK(CheckOffsetsReach(data_size_ + num_bytes));
  if (num_bytes > 0) std::memcpy(data_->mutable_data() + data_size_, bytes, num_bytes);
  auto shift = [&]<typename Out>(Out) {
    Out* out = reinterpret_cast<Out*>(offsets_->mutable_data()) + num_values_ + 1;
    Out delta = static_cast<Out>(data_size_) - static_cast<Out>(offsets[0]);
    for (int64_t i = 0; i < num_values; ++i) out[i] = static_cast<Out>(offsets[i + 1]) + delta;
  };
  bits_per_offset_ == 32 ? shift(int32_t{}) : shift(int64_t{});
  data_size_ += num_bytes;
  num_values_ += num_values;
  return arrow::Status::OK();
}

template arrow::Status ValueBuilder::AppendValues(const int32_t*, int64_t, const uint8_t*);
template arrow::Status ValueBuilder::AppendValues(const uint32_t*, int64_t, const uint8_t*);
template arrow::Status ValueBuilder::AppendValues(const int64_t*, int64_t, const uint8_t*);
template arrow::Status ValueBuilder::AppendValues(const uint64_t*, int64_t, const uint8_t*);

template <typename Offset, typename Index>
arrow::Status ValueBuilder::AppendGathered(const Offset* offsets, int64_t num_items,
                                           const uint8_t* bytes, int64_t num_bytes,
                                           int64_t num_readable, const Index* indices,
                                           int64_t num_values) {
  if (num_values == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(GrowOffsets(num_values));
  // First where each value ends, then the bytes: neither loop waits for the other's results.
  int64_t at = data_size_;
  auto lay_out = [&]<typename Out>(Out* ends) {
    for (int64_t i = 0; i < num_values; ++i) {
      at += offsets[indices[i] + 1] - offsets[indices[i]];
      ends[i] = static_cast<Out>(at);
    }
  };
  auto ends = [&]<typename Out>(Out) {
    return reinterpret_cast<Out*>(offsets_->mutable_data()) + num_values_ + 1;
  };
  bits_per_offset_ == 32 ? lay_out(ends(int32_t{})) : lay_out(ends(int64_t{}));
  const int64_t total = at - data_size_;
  ARROW_RETURN_NOT_OK(CheckOffsetsReach(data_size_ + total));
  ARROW_RETURN_NOT_OK(GrowData(total + kGatherSlack));

  // Short values are copied kGatherSlack bytes at a time, which reads that much after the last of them.
  std::vector<uint8_t> padded;
  // Judged by all items when there are no more of them than of values.
  bool is_short = num_items <= num_values;
  for (int64_t k = 0; k < num_items && is_short; ++k) {
    is_short = offsets[k + 1] - offsets[k] <= kGatherSlack;
  }
  if (is_short && num_readable < num_bytes + kGatherSlack && num_bytes <= total) {
    padded.resize(num_bytes + kGatherSlack);
    if (num_bytes > 0) std::memcpy(padded.data(), bytes, num_bytes);
    bytes = padded.data();
    num_readable = num_bytes + kGatherSlack;
  }
  const bool in_words = is_short && num_readable >= num_bytes + kGatherSlack;
  uint8_t* const out = data_->mutable_data();
  auto copy = [&]<typename Out>(const Out* value_ends) {
    // value_ends[-1] is the end of what was there before.
    if (in_words) {
      for (int64_t i = 0; i < num_values; ++i) {
        std::memcpy(out + value_ends[i - 1], bytes + offsets[indices[i]], kGatherSlack);
      }
    } else {
      for (int64_t i = 0; i < num_values; ++i) {
        const Out length = value_ends[i] - value_ends[i - 1];
        if (length > 0) std::memcpy(out + value_ends[i - 1], bytes + offsets[indices[i]], length);
      }
    }
  };
  bits_per_offset_ == 32 ? copy(ends(int32_t{})) : copy(ends(int64_t{}));
  data_size_ += total;
  num_values_ += num_values;
  return arrow::Status::OK();
}

#define LANCEA_INSTANTIATE_GATHER(Index)                                                        \
  template arrow::Status ValueBuilder::AppendGathered(const int32_t*, int64_t, const uint8_t*,  \
                                                      int64_t, int64_t, const Index*, int64_t); \
  template arrow::Status ValueBuilder::AppendGathered(const int64_t*, int64_t, const uint8_t*,  \
                                                      int64_t, int64_t, const Index*, int64_t);
LANCEA_INSTANTIATE_GATHER(uint8_t)
LANCEA_INSTANTIATE_GATHER(uint16_t)
LANCEA_INSTANTIATE_GATHER(uint32_t)
LANCEA_INSTANTIATE_GATHER(uint64_t)
#undef LANCEA_INSTANTIATE_GATHER

arrow::Status ValueBuilder::AppendSlice(const ValueBuilder& from, int64_t begin, int64_t end) {
  if (begin == end) return arrow::Status::OK();
  if (is_variable()) {
    auto append = [&]<typename Offset>(Offset) {
      const Offset* offsets = reinterpret_cast<const Offset*>(from.offsets()) + begin;
      return AppendValues(offsets, end - begin, from.data() + offsets[0]);
    };
    return bits_per_offset_ == 32 ? append(int32_t{}) : append(int64_t{});
  }
  if (bits_per_value_ == 1) return AppendBits(from.data(), begin, end - begin);
  ARROW_ASSIGN_OR_RAISE(uint8_t * out, AppendFixed(end - begin));
  std::memcpy(out, from.data() + begin * bytes_per_value(), (end - begin) * bytes_per_value());
  return arrow::Status::OK();
}

void ValueBuilder::Clear() {
  num_values_ = 0;
  data_size_ = 0;
  for (BitmapBuilder& bitmap : item_validity_) bitmap.Clear();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ValueBuilder::FinishData() {
  int64_t size =
      is_variable()
          ? data_size_
          : arrow::bit_util::BytesForBits(num_values_ * static_cast<int64_t>(bits_per_value_));
  return FinishBuffer(&data_, size, pool_);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ValueBuilder::FinishOffsets() {
  ARROW_RETURN_NOT_OK(GrowOffsets(0));
  return FinishBuffer(&offsets_, (num_values_ + 1) * static_cast<int64_t>(bits_per_offset_ / 8),
                      pool_);
}

}  // namespace lancea
