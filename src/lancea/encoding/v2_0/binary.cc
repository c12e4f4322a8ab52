#include "lancea/encoding/v2_0/binary.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/v2_0/end_offsets.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class BinaryDecoder : public ArrayDecoder {
 public:
  BinaryDecoder(std::shared_ptr<arrow::DataType> type, std::unique_ptr<ArrayDecoder> indices,
                StoredBuffer bytes, uint64_t null_adjustment, uint64_t num_rows)
      : type(std::move(type)),
        indices(std::move(indices)),
        bytes(std::move(bytes)),
        null_adjustment(null_adjustment),
        num_rows(num_rows) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override;

  const std::shared_ptr<arrow::DataType> type;
  const std::unique_ptr<ArrayDecoder> indices;
  const StoredBuffer bytes;
  const uint64_t null_adjustment;
  const uint64_t num_rows;
};

class BinaryRead : public ArrayRead {
 public:
  BinaryRead(const BinaryDecoder& decoder, arrow::MemoryPool* pool)
      : decoder_(decoder), pool_(pool), bytes_(decoder.bytes) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    ranges_.assign(ranges.begin(), ranges.end());
    ARROW_ASSIGN_OR_RAISE(indices_, decoder_.indices->Plan(EntryRanges(ranges), pool_));
    bytes_.PassThrough(ranges, decoder_.num_rows);
    is_whole_ = ranges.size() == 1 && ranges[0].size() == decoder_.num_rows &&
                !decoder_.bytes.is_compressed();
    return is_whole_ ? bytes_.Want(0, decoder_.bytes.range().length) : arrow::Status::OK();
  }

  arrow::Status Advance(std::vector<ByteRange>* needs) override {
    if (indices_ != nullptr) {
      const size_t before = needs->size();
      ARROW_RETURN_NOT_OK(indices_->Advance(needs));
      if (needs->size() == before) ARROW_RETURN_NOT_OK(DecodeIndices());
    }
    if (indices_ == nullptr || is_whole_) return bytes_.Advance(needs);
    return arrow::Status::OK();
  }

  arrow::Status Supply(BufferCursor* buffers) override {
    if (indices_ != nullptr) ARROW_RETURN_NOT_OK(indices_->Supply(buffers));
    return bytes_.Supply(buffers);
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Join(/*alignment=*/1, pool_));
    return arrow::ArrayData::Make(
        decoder_.type, CountRows(ranges_),
        {std::move(extents_.validity), std::move(extents_.offsets), std::move(bytes)},
        extents_.null_count);
  }

 private:
  arrow::Status DecodeIndices() {
    ARROW_ASSIGN_OR_RAISE(auto data, indices_->Finish());
    indices_.reset();
    const uint64_t* entries = data->GetValues<uint64_t>(1);
    // What a compressed buffer expands to is known, and checked, once it is expanded.
    const uint64_t limit = decoder_.bytes.is_compressed() ? INT64_MAX : decoder_.bytes.range().length;
    const uint64_t adjustment = decoder_.null_adjustment;
    ARROW_ASSIGN_OR_RAISE(extents_,
                          arrow::is_large_binary_like(decoder_.type->id())
                              ? DecodeEndOffsets<int64_t>(ranges_, entries, adjustment, limit, pool_)
                              : DecodeEndOffsets<int32_t>(ranges_, entries, adjustment, limit, pool_));
    if (is_whole_) return arrow::Status::OK();
    for (const RowRange& range : extents_.stored) {
      ARROW_RETURN_NOT_OK(bytes_.Want(range.start, range.end));
    }
    return arrow::Status::OK();
  }

  const BinaryDecoder& decoder_;
  arrow::MemoryPool* const pool_;
  std::vector<RowRange> ranges_;
  std::unique_ptr<ArrayRead> indices_;  // until decoded
  BytesRead bytes_;
  RowExtents extents_;
  bool is_whole_ = false;
};

arrow::Result<std::unique_ptr<ArrayRead>> BinaryDecoder::Plan(std::span<const RowRange> ranges,
                                                              arrow::MemoryPool* pool) const {
  auto read = std::make_unique<BinaryRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeBinary(const pb::Binary& binary,
                                                        const std::shared_ptr<arrow::DataType>& type,
                                                        uint64_t num_rows, const PageContext& context) {
  if (!arrow::is_base_binary_like(type->id())) {
    return Corrupt("binary values cannot be ", type->ToString());
  }
  // The bytes may stand alone or under a nullable without nulls.
  const pb::ArrayEncoding* bytes = &binary.bytes();
  if (bytes->has_nullable() && bytes->nullable().has_no_nulls()) {
    bytes = &bytes->nullable().no_nulls().values();
  }
  if (!bytes->has_flat() || bytes->flat().bits_per_value() != 8) {
    return Unsupported("binary whose bytes are not flat");
  }
  ARROW_ASSIGN_OR_RAISE(StoredBuffer buffer, FindFlatBuffer(bytes->flat(), context));
  ARROW_ASSIGN_OR_RAISE(auto indices, MakeArrayDecoder(binary.indices(), arrow::uint64(), num_rows,
                                                       context.Below()));
  return std::make_unique<BinaryDecoder>(type, std::move(indices), std::move(buffer),
                                         binary.null_adjustment(), num_rows);
}

}  // namespace lancea::v2_0
