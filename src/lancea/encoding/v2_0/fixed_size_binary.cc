#include "lancea/encoding/v2_0/fixed_size_binary.h"

#include <limits>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class FixedSizeBinaryDecoder : public ArrayDecoder {
 public:
  FixedSizeBinaryDecoder(std::shared_ptr<arrow::DataType> type, StoredBuffer bytes, uint64_t width,
                         uint64_t num_rows)
      : type(std::move(type)), bytes(std::move(bytes)), width(width), num_rows(num_rows) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override;

  const std::shared_ptr<arrow::DataType> type;
  const StoredBuffer bytes;
  const uint64_t width;  // bytes
  const uint64_t num_rows;
};

template <typename Offset>
arrow::Result<std::shared_ptr<arrow::Buffer>> EvenOffsets(int64_t num_rows, uint64_t width,
                                                          arrow::MemoryPool* pool) {
  if (static_cast<uint64_t>(num_rows) * width > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    return arrow::Status::CapacityError("more than 2 GiB of values in one array; lower batch_size");
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((num_rows + 1) * static_cast<int64_t>(sizeof(Offset)), pool));
  Offset* out = offsets->mutable_data_as<Offset>();
  for (int64_t i = 0; i <= num_rows; ++i) out[i] = static_cast<Offset>(static_cast<uint64_t>(i) * width);
  return offsets;
}

class FixedSizeBinaryRead : public ArrayRead {
 public:
  FixedSizeBinaryRead(const FixedSizeBinaryDecoder& decoder, arrow::MemoryPool* pool)
      : decoder_(decoder), pool_(pool), bytes_(decoder.bytes) {}

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
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Join(/*alignment=*/1, pool_));
    ARROW_ASSIGN_OR_RAISE(auto offsets, arrow::is_large_binary_like(decoder_.type->id())
                                            ? EvenOffsets<int64_t>(num_rows_, decoder_.width, pool_)
                                            : EvenOffsets<int32_t>(num_rows_, decoder_.width, pool_));
    return arrow::ArrayData::Make(decoder_.type, num_rows_,
                                  {nullptr, std::move(offsets), std::move(bytes)}, /*null_count=*/0);
  }

 private:
  const FixedSizeBinaryDecoder& decoder_;
  arrow::MemoryPool* const pool_;
  BytesRead bytes_;
  int64_t num_rows_ = 0;
};

arrow::Result<std::unique_ptr<ArrayRead>> FixedSizeBinaryDecoder::Plan(std::span<const RowRange> ranges,
                                                                       arrow::MemoryPool* pool) const {
  auto read = std::make_unique<FixedSizeBinaryRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFixedSizeBinary(
    const pb::FixedSizeBinary& binary, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context) {
  if (!arrow::is_base_binary_like(type->id())) {
    return Corrupt("binary values cannot be ", type->ToString());
  }
  const uint64_t width = binary.byte_width();
  const pb::ArrayEncoding* bytes = &binary.bytes();
  if (bytes->has_nullable() && bytes->nullable().has_no_nulls()) {
    bytes = &bytes->nullable().no_nulls().values();
  }
  const uint64_t bits = bytes->flat().bits_per_value();
  if (!bytes->has_flat() || (bits != 8 && bits != 8 * width)) {
    return Unsupported("fixed-size binary whose bytes are not flat");
  }
  ARROW_ASSIGN_OR_RAISE(StoredBuffer buffer, FindFlatBuffer(bytes->flat(), context));
  uint64_t total = 0;
  if (__builtin_mul_overflow(num_rows, width, &total) ||
      (!buffer.is_compressed() && total > buffer.range().length)) {
    return Corrupt(num_rows, " values of ", width, " bytes in a buffer of ", buffer.range().length);
  }
  if (width == 0) ARROW_RETURN_NOT_OK(CheckUnstoredSize(num_rows, 64, context));
  return std::make_unique<FixedSizeBinaryDecoder>(type, std::move(buffer), width, num_rows);
}

}  // namespace lancea::v2_0
