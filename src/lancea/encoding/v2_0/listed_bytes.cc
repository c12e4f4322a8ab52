#include "lancea/encoding/v2_0/listed_bytes.h"

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class ListedBytesRead : public NodeRead {
 public:
  ListedBytesRead(std::unique_ptr<NodeRead> lists, std::shared_ptr<arrow::DataType> type)
      : lists_(std::move(lists)), type_(std::move(type)) {}
  void Collect(std::vector<ByteRange>* needs) const override { lists_->Collect(needs); }
  arrow::Status Supply(SuppliedBuffers* buffers) override { return lists_->Supply(buffers); }
  arrow::Result<arrow::ArrayVector> Finish() override {
    ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector arrays, lists_->Finish());
    for (auto& array : arrays) {
      const arrow::ArrayData& list = *array->data();
      const arrow::ArrayData& bytes = *list.child_data[0];
      if (bytes.GetNullCount() != 0) return Corrupt("a byte of a string is null");
      auto values = bytes.length == 0
                        ? std::make_shared<arrow::Buffer>(nullptr, 0)
                        : arrow::SliceBuffer(bytes.buffers[1], bytes.offset, bytes.length);
      array = arrow::MakeArray(arrow::ArrayData::Make(type_, list.length,
                                                      {list.buffers[0], list.buffers[1], values},
                                                      list.null_count, list.offset));
    }
    return arrays;
  }

 private:
  const std::unique_ptr<NodeRead> lists_;
  const std::shared_ptr<arrow::DataType> type_;
};

}  // namespace

bool HoldsListedBytes(const ColumnPages& column, const arrow::DataType& type) {
  return arrow::is_base_binary_like(type.id()) && column.num_pages() > 0 &&
         column.encoding(0).has_list();
}

std::shared_ptr<arrow::Field> AsListOfBytes(const arrow::Field& field) {
  const auto bytes = arrow::field("item", arrow::uint8(), /*nullable=*/false);
  return field.WithType(arrow::is_large_binary_like(field.type()->id()) ? arrow::large_list(bytes)
                                                                        : arrow::list(bytes));
}

std::unique_ptr<NodeRead> MakeListedBytesRead(std::unique_ptr<NodeRead> lists,
                                              std::shared_ptr<arrow::DataType> type) {
  return std::make_unique<ListedBytesRead>(std::move(lists), std::move(type));
}

}  // namespace lancea::v2_0
