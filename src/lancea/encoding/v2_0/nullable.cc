#include "lancea/encoding/v2_0/nullable.h"

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class SomeNullsDecoder : public ArrayDecoder {
 public:
  SomeNullsDecoder(std::unique_ptr<ArrayDecoder> validity, std::unique_ptr<ArrayDecoder> values)
      : validity_(std::move(validity)), values_(std::move(values)) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_->Plan(ranges, pool));
    ARROW_ASSIGN_OR_RAISE(auto values, values_->Plan(ranges, pool));
    return std::make_unique<Read>(std::move(validity), std::move(values), pool);
  }

 private:
  class Read : public ArrayRead {
   public:
    Read(std::unique_ptr<ArrayRead> validity, std::unique_ptr<ArrayRead> values,
         arrow::MemoryPool* pool)
        : validity_(std::move(validity)), values_(std::move(values)), pool_(pool) {}
    arrow::Status Advance(std::vector<ByteRange>* needs) override {
      ARROW_RETURN_NOT_OK(validity_->Advance(needs));
      return values_->Advance(needs);
    }
    arrow::Status Supply(BufferCursor* buffers) override {
      ARROW_RETURN_NOT_OK(validity_->Supply(buffers));
      return values_->Supply(buffers);
    }
    arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
      ARROW_ASSIGN_OR_RAISE(auto validity, validity_->Finish());
      ARROW_ASSIGN_OR_RAISE(auto values, values_->Finish());
      ARROW_RETURN_NOT_OK(AddValidity(std::move(validity->buffers[1]), pool_, values.get()));
      return values;
    }

   private:
    std::unique_ptr<ArrayRead> validity_;
    std::unique_ptr<ArrayRead> values_;
    arrow::MemoryPool* const pool_;
  };

  std::unique_ptr<ArrayDecoder> validity_;
  std::unique_ptr<ArrayDecoder> values_;
};

// Bits that one null of the type takes in memory, roughly; what lists and strings hold is empty.
uint64_t BitsOfNull(const arrow::DataType& type) {
  if (auto bits = FixedWidthBits(type)) return *bits + 1;
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    uint64_t bits = 0;
    return __builtin_mul_overflow(BitsOfNull(*list.value_type()),
                                  static_cast<uint64_t>(list.list_size()), &bits)
               ? UINT64_MAX
               : bits;
  }
  uint64_t bits = 65;
  for (const auto& field : type.fields()) {
    if (__builtin_add_overflow(bits, BitsOfNull(*field->type()), &bits)) return UINT64_MAX;
  }
  return bits;
}

class AllNullsDecoder : public ArrayDecoder {
 public:
  AllNullsDecoder(std::shared_ptr<arrow::DataType> type, PageContext context)
      : type_(std::move(type)), bits_(BitsOfNull(*type_)), context_(std::move(context)) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override {
    const int64_t num_rows = CountRows(ranges);
    ARROW_RETURN_NOT_OK(CheckUnstoredSize(static_cast<uint64_t>(num_rows), bits_, context_));
    return std::make_unique<Read>(type_, num_rows, pool);
  }

 private:
  class Read : public ArrayRead {
   public:
    Read(const std::shared_ptr<arrow::DataType>& type, int64_t num_rows, arrow::MemoryPool* pool)
        : type_(type), num_rows_(num_rows), pool_(pool) {}
    arrow::Status Advance(std::vector<ByteRange>*) override { return arrow::Status::OK(); }
    arrow::Status Supply(BufferCursor*) override { return arrow::Status::OK(); }
    arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type_, num_rows_, pool_));
      return nulls->data();
    }

   private:
    const std::shared_ptr<arrow::DataType>& type_;
    const int64_t num_rows_;
    arrow::MemoryPool* const pool_;
  };

  std::shared_ptr<arrow::DataType> type_;
  uint64_t bits_;
  PageContext context_;
};

}  // namespace

arrow::Status AddValidity(std::shared_ptr<arrow::Buffer> validity, arrow::MemoryPool* pool,
                          arrow::ArrayData* data) {
  if (data->type->id() == arrow::Type::NA) return arrow::Status::OK();
  if (data->buffers[0] != nullptr) {
    ARROW_ASSIGN_OR_RAISE(validity,
                          arrow::internal::BitmapAnd(pool, validity->data(), 0, data->buffers[0]->data(),
                                                     0, data->length, 0));
  }
  const int64_t num_valid = arrow::internal::CountSetBits(validity->data(), 0, data->length);
  data->null_count = data->length - num_valid;
  data->buffers[0] = data->null_count > 0 ? std::move(validity) : nullptr;
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeNullable(const pb::Nullable& nullable,
                                                          const std::shared_ptr<arrow::DataType>& type,
                                                          uint64_t num_rows,
                                                          const PageContext& context) {
  switch (nullable.nullability_case()) {
    case pb::Nullable::kNoNulls:
      return MakeArrayDecoder(nullable.no_nulls().values(), type, num_rows, context.Below());
    case pb::Nullable::kSomeNulls: {
      const auto& some = nullable.some_nulls();
      ARROW_ASSIGN_OR_RAISE(auto validity, MakeArrayDecoder(some.validity(), arrow::boolean(), num_rows,
                                                            context.Below()));
      ARROW_ASSIGN_OR_RAISE(auto values,
                            MakeArrayDecoder(some.values(), type, num_rows, context.Below()));
      return std::make_unique<SomeNullsDecoder>(std::move(validity), std::move(values));
    }
    case pb::Nullable::kAllNulls:
      return std::make_unique<AllNullsDecoder>(type, context);
    case pb::Nullable::NULLABILITY_NOT_SET:
      break;
  }
  return Corrupt("nullable encoding that does not say which values are null");
}

}  // namespace lancea::v2_0
