#include "lancea/encoding/v2_0/fixed_size_list.h"

#include "arrow/array/data.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class FixedSizeListDecoder : public ArrayDecoder {
 public:
  FixedSizeListDecoder(std::shared_ptr<arrow::DataType> type, uint64_t dimension,
                       std::unique_ptr<ArrayDecoder> items)
      : type_(std::move(type)), dimension_(dimension), items_(std::move(items)) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override {
    std::vector<RowRange> items(ranges.begin(), ranges.end());
    for (RowRange& range : items) range = {range.start * dimension_, range.end * dimension_};
    ARROW_ASSIGN_OR_RAISE(auto read, items_->Plan(items, pool));
    return std::make_unique<Read>(type_, CountRows(ranges), std::move(read));
  }

 private:
  class Read : public ArrayRead {
   public:
    Read(const std::shared_ptr<arrow::DataType>& type, int64_t num_rows,
         std::unique_ptr<ArrayRead> items)
        : type_(type), num_rows_(num_rows), items_(std::move(items)) {}
    arrow::Status Advance(std::vector<ByteRange>* needs) override { return items_->Advance(needs); }
    arrow::Status Supply(BufferCursor* buffers) override { return items_->Supply(buffers); }
    arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
      ARROW_ASSIGN_OR_RAISE(auto items, items_->Finish());
      return arrow::ArrayData::Make(type_, num_rows_, {nullptr}, {std::move(items)},
                                    /*null_count=*/0);
    }

   private:
    const std::shared_ptr<arrow::DataType>& type_;
    const int64_t num_rows_;
    std::unique_ptr<ArrayRead> items_;
  };

  std::shared_ptr<arrow::DataType> type_;
  uint64_t dimension_;
  std::unique_ptr<ArrayDecoder> items_;
};

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFixedSizeList(
    const pb::FixedSizeList& list, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context) {
  const uint64_t dimension = list.dimension();
  if (type->id() != arrow::Type::FIXED_SIZE_LIST ||
      static_cast<uint64_t>(static_cast<const arrow::FixedSizeListType&>(*type).list_size()) !=
          dimension) {
    return Corrupt("fixed-size list of dimension ", dimension, " cannot be ", type->ToString());
  }
  if (dimension == 0) return Unsupported("fixed-size list of dimension 0");
  uint64_t num_items = 0;
  if (__builtin_mul_overflow(num_rows, dimension, &num_items) || num_items > INT64_MAX) {
    return Corrupt(num_rows, " fixed-size lists of dimension ", dimension);
  }
  ARROW_ASSIGN_OR_RAISE(auto items,
                        MakeArrayDecoder(list.items(), type->field(0)->type(), num_items,
                                         context.Below()));
  return std::make_unique<FixedSizeListDecoder>(type, dimension, std::move(items));
}

}  // namespace lancea::v2_0
