#include "lancea/encoding/structural/empty_struct.h"

#include <vector>

#include "arrow/array/data.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/sparse_null_encode.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class EmptyStructRead : public PageRead {
 public:
  EmptyStructRead(std::shared_ptr<const Leaf> leaf, int64_t num_rows)
      : leaf_(std::move(leaf)), num_rows_(num_rows) {}
  const std::vector<ByteRange>& needs() const override { return needs_; }
  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>>) override {
    return arrow::Status::OK();
  }
  arrow::Result<DecodedPage> Finish() override {
    DecodedPage out;
    out.layers.resize(leaf_->num_own_layers);
    for (StructureLayer& layer : out.layers) layer.num_slots = num_rows_;
    out.values = arrow::ArrayData::Make(leaf_->type, num_rows_, {nullptr}, /*null_count=*/0);
    return out;
  }

 private:
  const std::shared_ptr<const Leaf> leaf_;
  const int64_t num_rows_;
  const std::vector<ByteRange> needs_;
};

class EmptyStructPage : public StructuralPage {
 public:
  explicit EmptyStructPage(std::shared_ptr<const Leaf> leaf) : leaf_(std::move(leaf)) {}
  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>>) override {
    return arrow::Status::OK();
  }
  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool*) const override {
    uint64_t num_rows = 0;
    for (const RowRange& range : ranges) num_rows += range.size();
    return std::make_unique<EmptyStructRead>(leaf_, static_cast<int64_t>(num_rows));
  }

 private:
  const std::shared_ptr<const Leaf> leaf_;
};

}  // namespace

bool IsEmptyStruct(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRUCT && type.num_fields() == 0;
}

std::unique_ptr<StructuralPage> MakeEmptyStructPage(std::shared_ptr<const Leaf> leaf) {
  return std::make_unique<EmptyStructPage>(std::move(leaf));
}

arrow::Result<PageBody> EncodeEmptyStruct(const PageLevels& levels,
                                          std::span<const int64_t> dimensions,
                                          const EncodingOptions& options, arrow::MemoryPool* pool) {
  if (levels.has_def()) {
    return InvalidInput("a struct of no fields can be neither null nor inside a null struct");
  }
  if (options.format == FileFormat::k2_3) return EncodeSparseNull(levels, dimensions, pool);
  PageBody out;
  out.layout.mutable_constant_layout()->add_layers(lance::encodings21::REPDEF_NULLABLE_ITEM);
  return out;
}

}  // namespace lancea
