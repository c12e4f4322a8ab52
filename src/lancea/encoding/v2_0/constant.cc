#include "lancea/encoding/v2_0/constant.h"

#include <cstring>
#include <limits>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class ConstantDecoder : public ArrayDecoder {
 public:
  ConstantDecoder(std::string value, std::shared_ptr<arrow::DataType> type, PageContext context)
      : value_(std::move(value)), type_(std::move(type)), context_(std::move(context)) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override {
    const int64_t num_rows = CountRows(ranges);
    ARROW_RETURN_NOT_OK(CheckUnstoredSize(static_cast<uint64_t>(num_rows),
                                          (uint64_t{value_.size()} + 8) * 8, context_));
    return std::make_unique<Read>(value_, type_, num_rows, pool);
  }

 private:
  class Read : public ArrayRead {
   public:
    Read(const std::string& value, const std::shared_ptr<arrow::DataType>& type, int64_t num_rows,
         arrow::MemoryPool* pool)
        : value_(value), type_(type), num_rows_(num_rows), pool_(pool) {}
    arrow::Status Advance(std::vector<ByteRange>*) override { return arrow::Status::OK(); }
    arrow::Status Supply(BufferCursor*) override { return arrow::Status::OK(); }
    arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
      if (type_->id() == arrow::Type::BOOL) {
        ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(num_rows_, pool_));
        if (value_[0] != 0) arrow::bit_util::SetBitsTo(bits->mutable_data(), 0, num_rows_, true);
        return arrow::ArrayData::Make(type_, num_rows_, {nullptr, std::move(bits)}, /*null_count=*/0);
      }
      const int64_t width = static_cast<int64_t>(value_.size());
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                            arrow::AllocateBuffer(num_rows_ * width, pool_));
      for (int64_t i = 0; i < num_rows_; ++i) {
        std::memcpy(values->mutable_data() + i * width, value_.data(), value_.size());
      }
      if (!arrow::is_base_binary_like(type_->id())) {
        return arrow::ArrayData::Make(type_, num_rows_, {nullptr, std::move(values)}, /*null_count=*/0);
      }
      ARROW_ASSIGN_OR_RAISE(auto offsets, arrow::is_large_binary_like(type_->id())
                                              ? Offsets<int64_t>(width)
                                              : Offsets<int32_t>(width));
      return arrow::ArrayData::Make(type_, num_rows_, {nullptr, std::move(offsets), std::move(values)},
                                    /*null_count=*/0);
    }

   private:
    template <typename Offset>
    arrow::Result<std::shared_ptr<arrow::Buffer>> Offsets(int64_t width) const {
      if (num_rows_ * width > static_cast<int64_t>(std::numeric_limits<Offset>::max())) {
        return arrow::Status::CapacityError("more than 2 GiB of values in one array; lower batch_size");
      }
      ARROW_ASSIGN_OR_RAISE(
          std::shared_ptr<arrow::Buffer> offsets,
          arrow::AllocateBuffer((num_rows_ + 1) * static_cast<int64_t>(sizeof(Offset)), pool_));
      for (int64_t i = 0; i <= num_rows_; ++i) {
        offsets->mutable_data_as<Offset>()[i] = static_cast<Offset>(i * width);
      }
      return offsets;
    }

    const std::string& value_;
    const std::shared_ptr<arrow::DataType>& type_;
    const int64_t num_rows_;
    arrow::MemoryPool* const pool_;
  };

  std::string value_;
  std::shared_ptr<arrow::DataType> type_;
  PageContext context_;
};

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeConstant(const pb::Constant& constant,
                                                          const std::shared_ptr<arrow::DataType>& type,
                                                          const PageContext& context) {
  const std::optional<uint64_t> bits = FixedWidthBits(*type);
  if (bits.has_value()) {
    const uint64_t width = (*bits + 7) / 8;
    if (constant.value().size() != width) {
      return Corrupt("constant of ", constant.value().size(), " bytes cannot be ", type->ToString());
    }
  } else if (!arrow::is_base_binary_like(type->id())) {
    return Unsupported("constant ", type->ToString());
  }
  return std::make_unique<ConstantDecoder>(constant.value(), type, context);
}

}  // namespace lancea::v2_0
