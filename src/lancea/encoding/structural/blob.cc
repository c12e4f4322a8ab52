#include "lancea/encoding/structural/blob.h"

#include "arrow/array/data.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/unravel.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class BlobRead : public PageRead {
 public:
  BlobRead(std::unique_ptr<PageRead> inner, const RepDefLayers& layers, arrow::MemoryPool* pool)
      : inner_(std::move(inner)), layers_(layers), pool_(pool) {}

  const std::vector<ByteRange>& needs() const override { return inner_->needs(); }
  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    return inner_->Supply(std::move(buffers));
  }

  arrow::Result<DecodedPage> Finish() override {
    ARROW_ASSIGN_OR_RAISE(DecodedPage page, inner_->Finish());
    const auto& values = *page.values;
    const uint64_t* positions = values.child_data[0]->GetValues<uint64_t>(1);
    const uint64_t* sizes = values.child_data[1]->GetValues<uint64_t>(1);
    if (layers_.max_rep() > 0) return Unsupported("blobs inside lists");
    std::vector<uint16_t> def;
    if (layers_.max_def() > 0) {
      def.resize(values.length);
      for (int64_t i = 0; i < values.length; ++i) {
        def[i] = sizes[i] == 0 ? static_cast<uint16_t>(positions[i] >> 16) : 0;
      }
    }
    const std::vector<int64_t> no_dimensions(layers_.layers().size(), 0);
    ARROW_ASSIGN_OR_RAISE(page.layers, Unravel(layers_, no_dimensions, {}, def, values.length,
                                               no_dimensions.size(), pool_));
    return page;
  }

 private:
  std::unique_ptr<PageRead> inner_;
  const RepDefLayers& layers_;
  arrow::MemoryPool* const pool_;
};

class BlobPage : public StructuralPage {
 public:
  BlobPage(std::unique_ptr<StructuralPage> inner, RepDefLayers layers)
      : inner_(std::move(inner)), layers_(std::move(layers)) {
    metadata_ranges_ = inner_->metadata_ranges();
  }

  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override {
    return inner_->Load(std::move(metadata));
  }

  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto inner, inner_->Plan(ranges, pool));
    return std::make_unique<BlobRead>(std::move(inner), layers_, pool);
  }

  uint64_t metadata_bytes() const override { return inner_->metadata_bytes(); }

 private:
  std::unique_ptr<StructuralPage> inner_;
  RepDefLayers layers_;
};

}  // namespace

const std::shared_ptr<arrow::DataType>& BlobDescriptionType() {
  static const std::shared_ptr<arrow::DataType> type =
      arrow::struct_({arrow::field("position", arrow::uint64(), true),
                      arrow::field("size", arrow::uint64(), true)});
  return type;
}

bool IsBlobDescription(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRUCT && type.num_fields() == 2 &&
         type.field(0)->type()->id() == arrow::Type::UINT64 &&
         type.field(1)->type()->id() == arrow::Type::UINT64;
}

std::unique_ptr<StructuralPage> MakeBlobPage(std::unique_ptr<StructuralPage> inner,
                                             RepDefLayers layers) {
  return std::make_unique<BlobPage>(std::move(inner), std::move(layers));
}

}  // namespace lancea
