#include "lancea/encoding/v2_0/bitpacked.h"

#include <cstring>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/compress/fastlanes.h"
#include "lancea/util/byte_reader.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

using compress::FastLanesBytes;
using compress::kFastLanesValues;

constexpr uint64_t kBlockValues = kFastLanesValues;

enum class Order { kFastLanes, kUnsignedStream, kSignedStream };

class BitpackedDecoder : public ArrayDecoder {
 public:
  BitpackedDecoder(Order order, std::shared_ptr<arrow::DataType> type, StoredBuffer buffer,
                   uint64_t bits, uint64_t num_rows)
      : order(order), type(std::move(type)), buffer(std::move(buffer)), bits(bits), num_rows(num_rows) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override;

  const Order order;
  const std::shared_ptr<arrow::DataType> type;
  const StoredBuffer buffer;
  const uint64_t bits;  // packed
  const uint64_t num_rows;
};

// Values [begin, end) of a stream whose first byte at hand is byte begin * bits / 8.
template <typename T>
void UnpackStream(const uint8_t* bytes, uint64_t begin, uint64_t end, uint64_t bits, bool is_signed,
                  T* out) {
  const uint64_t origin = begin * bits / 8 * 8;
  const uint64_t num_bytes = (end * bits + 7) / 8 - origin / 8;
  const uint64_t mask = ~uint64_t{0} >> (64 - bits);
  const uint64_t sign = uint64_t{1} << (bits - 1);
  for (uint64_t i = begin; i < end; ++i, ++out) {
    const uint64_t bit = i * bits - origin;
    const uint64_t at = bit / 8, shift = bit % 8;
    // A value of up to 64 bits lies in nine bytes at most.
    uint64_t low = 0;
    uint64_t high = 0;
    if (at + 9 <= num_bytes) {
      low = LoadLittleEndian<uint64_t>(bytes + at);
      high = bytes[at + 8];
    } else {
      uint8_t tail[9] = {};
      std::memcpy(tail, bytes + at, num_bytes - at);
      low = LoadLittleEndian<uint64_t>(tail);
      high = tail[8];
    }
    uint64_t value = low >> shift;
    if (shift > 0) value |= high << (64 - shift);
    value &= mask;
    if (is_signed) value = (value ^ sign) - sign;
    *out = static_cast<T>(value);
  }
}

class BitpackedRead : public ArrayRead {
 public:
  BitpackedRead(const BitpackedDecoder& decoder, arrow::MemoryPool* pool)
      : decoder_(decoder), pool_(pool), bytes_(decoder.buffer) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    ranges_.assign(ranges.begin(), ranges.end());
    if (decoder_.bits == 0) return arrow::Status::OK();
    for (const RowRange& range : ranges) {
      if (decoder_.order == Order::kFastLanes) {
        const uint64_t block_bytes = static_cast<uint64_t>(FastLanesBytes(decoder_.bits));
        const uint64_t end_block = (range.end + kBlockValues - 1) / kBlockValues;
        ARROW_RETURN_NOT_OK(
            bytes_.Want(range.start / kBlockValues * block_bytes, end_block * block_bytes));
      } else {
        ARROW_RETURN_NOT_OK(
            bytes_.Want(range.start * decoder_.bits / 8, (range.end * decoder_.bits + 7) / 8));
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status Advance(std::vector<ByteRange>* needs) override { return bytes_.Advance(needs); }
  arrow::Status Supply(BufferCursor* buffers) override { return bytes_.Supply(buffers); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const uint64_t width = *FixedWidthBits(*decoder_.type) / 8;
    const int64_t num_rows = CountRows(ranges_);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                          arrow::AllocateBuffer(num_rows * static_cast<int64_t>(width), pool_));
    switch (width) {
      case 1: Unpack(values->mutable_data_as<uint8_t>()); break;
      case 2: Unpack(values->mutable_data_as<uint16_t>()); break;
      case 4: Unpack(values->mutable_data_as<uint32_t>()); break;
      default: Unpack(values->mutable_data_as<uint64_t>());
    }
    return arrow::ArrayData::Make(decoder_.type, num_rows, {nullptr, std::move(values)},
                                  /*null_count=*/0);
  }

 private:
  template <typename T>
  void Unpack(T* out) {
    for (const RowRange& range : ranges_) {
      if (decoder_.bits == 0) {
        std::memset(out, 0, range.size() * sizeof(T));
      } else if (decoder_.order == Order::kFastLanes) {
        UnpackBlocks(range, out);
      } else {
        UnpackStream(bytes_.At(range.start * decoder_.bits / 8), range.start, range.end, decoder_.bits,
                     decoder_.order == Order::kSignedStream, out);
      }
      out += range.size();
    }
  }

  template <typename T>
  void UnpackBlocks(const RowRange& range, T* out) {
    const uint64_t block_bytes = static_cast<uint64_t>(FastLanesBytes(decoder_.bits));
    for (uint64_t row = range.start; row < range.end;) {
      const uint64_t block = row / kBlockValues;
      const uint64_t stop = std::min(range.end, (block + 1) * kBlockValues);
      compress::FastLanesUnpackRange(bytes_.At(block * block_bytes), static_cast<int>(decoder_.bits),
                                     static_cast<int64_t>(row - block * kBlockValues),
                                     static_cast<int64_t>(stop - block * kBlockValues), out);
      out += stop - row;
      row = stop;
    }
  }

  const BitpackedDecoder& decoder_;
  arrow::MemoryPool* const pool_;
  BytesRead bytes_;
  std::vector<RowRange> ranges_;
};

arrow::Result<std::unique_ptr<ArrayRead>> BitpackedDecoder::Plan(std::span<const RowRange> ranges,
                                                                 arrow::MemoryPool* pool) const {
  auto read = std::make_unique<BitpackedRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

arrow::Result<std::unique_ptr<ArrayDecoder>> Make(Order order, uint64_t bits, uint64_t width,
                                                  const pb::Buffer& buffer,
                                                  const std::shared_ptr<arrow::DataType>& type,
                                                  uint64_t num_rows, const PageContext& context) {
  const std::optional<uint64_t> wanted = FixedWidthBits(*type);
  const bool is_word = width == 8 || width == 16 || width == 32 || width == 64;
  if (!wanted.has_value() || *wanted != width || !is_word || bits > width) {
    return Corrupt("bit-packed values of ", bits, " of ", width, " bits cannot be ", type->ToString());
  }
  ARROW_ASSIGN_OR_RAISE(ByteRange range, FindBuffer(buffer, context));
  uint64_t values = num_rows;
  if (order == Order::kFastLanes) {
    if (num_rows > UINT64_MAX - kBlockValues) return Corrupt(num_rows, " bit-packed values");
    values = (num_rows + kBlockValues - 1) / kBlockValues * kBlockValues;
  }
  uint64_t total_bits = 0;
  if (__builtin_mul_overflow(values, bits, &total_bits) || total_bits / 8 > range.length ||
      (total_bits + 7) / 8 > range.length) {
    return Corrupt(num_rows, " values of ", bits, " bits in a buffer of ", range.length, " bytes");
  }
  if (bits == 0) ARROW_RETURN_NOT_OK(CheckUnstoredSize(num_rows, width, context));
  return std::make_unique<BitpackedDecoder>(order, type, StoredBuffer(range, std::nullopt), bits,
                                            num_rows);
}

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeBitpackedForNonNeg(
    const pb::BitpackedForNonNeg& packed, const std::shared_ptr<arrow::DataType>& type,
    uint64_t num_rows, const PageContext& context) {
  return Make(Order::kFastLanes, packed.compressed_bits_per_value(),
              packed.uncompressed_bits_per_value(), packed.buffer(), type, num_rows, context);
}

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeBitpacked(const pb::Bitpacked& packed,
                                                           const std::shared_ptr<arrow::DataType>& type,
                                                           uint64_t num_rows,
                                                           const PageContext& context) {
  return Make(packed.signed_() ? Order::kSignedStream : Order::kUnsignedStream,
              packed.compressed_bits_per_value(), packed.uncompressed_bits_per_value(), packed.buffer(),
              type, num_rows, context);
}

}  // namespace lancea::v2_0
