#include "lancea/encoding/v2_0/flat.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class FlatDecoder : public ArrayDecoder {
 public:
  FlatDecoder(StoredBuffer buffer, std::shared_ptr<arrow::DataType> type, uint64_t width,
              uint64_t num_rows)
      : buffer(std::move(buffer)),
        type(std::move(type)),
        width(width),
        alignment(AlignmentOf(*this->type)),
        num_rows(num_rows) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override;

  const StoredBuffer buffer;
  const std::shared_ptr<arrow::DataType> type;
  const uint64_t width;  // bytes; 0 for bits
  const int64_t alignment;
  const uint64_t num_rows;
};

class ValuesRead : public ArrayRead {
 public:
  ValuesRead(const FlatDecoder& decoder, arrow::MemoryPool* pool)
      : decoder_(decoder), pool_(pool), bytes_(decoder.buffer) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    num_rows_ = CountRows(ranges);
    bytes_.PassThrough(ranges, decoder_.num_rows);
    for (const RowRange& range : ranges) {
      ARROW_RETURN_NOT_OK(bytes_.Want(range.start * decoder_.width, range.end * decoder_.width));
    }
    return arrow::Status::OK();
  }

  arrow::Status Advance(std::vector<ByteRange>* needs) override { return bytes_.Advance(needs); }
  arrow::Status Supply(BufferCursor* buffers) override { return bytes_.Supply(buffers); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto values, bytes_.Join(decoder_.alignment, pool_));
    return arrow::ArrayData::Make(decoder_.type, num_rows_, {nullptr, std::move(values)},
                                  /*null_count=*/0);
  }

 private:
  const FlatDecoder& decoder_;
  arrow::MemoryPool* const pool_;
  BytesRead bytes_;
  int64_t num_rows_ = 0;
};

class BitsRead : public ArrayRead {
 public:
  BitsRead(const FlatDecoder& decoder, arrow::MemoryPool* pool)
      : decoder_(decoder), pool_(pool), bytes_(decoder.buffer) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    ranges_.assign(ranges.begin(), ranges.end());
    bytes_.PassThrough(ranges, decoder_.num_rows);
    for (const RowRange& range : ranges) {
      ARROW_RETURN_NOT_OK(bytes_.Want(range.start / 8, (range.end + 7) / 8));
    }
    return arrow::Status::OK();
  }

  arrow::Status Advance(std::vector<ByteRange>* needs) override { return bytes_.Advance(needs); }
  arrow::Status Supply(BufferCursor* buffers) override { return bytes_.Supply(buffers); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t num_rows = CountRows(ranges_);
    std::shared_ptr<arrow::Buffer> bits;
    if (ranges_.size() == 1 && ranges_[0].start % 8 == 0) {
      ARROW_ASSIGN_OR_RAISE(bits, bytes_.Join(/*alignment=*/1, pool_));
    } else {
      ARROW_ASSIGN_OR_RAISE(bits, arrow::AllocateEmptyBitmap(num_rows, pool_));
      int64_t at = 0;
      for (const RowRange& range : ranges_) {
        const int64_t rows = static_cast<int64_t>(range.size());
        const uint8_t* from = bytes_.At(range.start / 8);
        const int64_t shift = static_cast<int64_t>(range.start % 8);
        if (rows == 1) {
          if (arrow::bit_util::GetBit(from, shift)) arrow::bit_util::SetBit(bits->mutable_data(), at);
        } else {
          arrow::internal::CopyBitmap(from, shift, rows, bits->mutable_data(), at);
        }
        at += rows;
      }
    }
    return arrow::ArrayData::Make(decoder_.type, num_rows, {nullptr, std::move(bits)},
                                  /*null_count=*/0);
  }

 private:
  const FlatDecoder& decoder_;
  arrow::MemoryPool* const pool_;
  BytesRead bytes_;
  std::vector<RowRange> ranges_;
};

template <typename Read>
arrow::Result<std::unique_ptr<ArrayRead>> PlanRead(const FlatDecoder& decoder,
                                                   std::span<const RowRange> ranges,
                                                   arrow::MemoryPool* pool) {
  auto read = std::make_unique<Read>(decoder, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

arrow::Result<std::unique_ptr<ArrayRead>> FlatDecoder::Plan(std::span<const RowRange> ranges,
                                                            arrow::MemoryPool* pool) const {
  return type->id() == arrow::Type::BOOL ? PlanRead<BitsRead>(*this, ranges, pool)
                                         : PlanRead<ValuesRead>(*this, ranges, pool);
}

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFlat(const pb::Flat& flat,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      uint64_t num_rows, const PageContext& context) {
  const uint64_t bits = flat.bits_per_value();
  const std::optional<uint64_t> wanted = FixedWidthBits(*type);
  if (!wanted.has_value() || *wanted != bits) {
    return Corrupt("flat values of ", bits, " bits cannot be ", type->ToString());
  }
  ARROW_ASSIGN_OR_RAISE(StoredBuffer buffer, FindFlatBuffer(flat, context));
  // From here on no row number times the width can overflow.
  uint64_t total_bits = 0;
  if (__builtin_mul_overflow(num_rows, bits, &total_bits) ||
      (!buffer.is_compressed() && (total_bits + 7) / 8 > buffer.range().length)) {
    return Corrupt(num_rows, " values of ", bits, " bits in a buffer of ", buffer.range().length,
                   " bytes");
  }
  return std::make_unique<FlatDecoder>(std::move(buffer), type, bits / 8, num_rows);
}

}  // namespace lancea::v2_0
