#include "lancea/encoding/v0_1/page_read.h"

#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "lancea/encoding/dictionary_nulls.h"
#include "lancea/encoding/v0_1/list.h"
#include "lancea/encoding/v0_1/plain.h"
#include "lancea/encoding/v0_1/var_binary.h"
#include "lancea/util/errors.h"

namespace lancea::v0_1 {
namespace {

using arrow::internal::checked_cast;

class NullRead : public PageRead {
 public:
  explicit NullRead(int64_t length) : length_(length) {}
  void Collect(std::vector<ByteRange>*) const override {}
  arrow::Status Supply(Buffers&, size_t*) override { return arrow::Status::OK(); }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    return std::make_shared<arrow::NullArray>(length_);
  }

 private:
  const int64_t length_;
};

class StructRead : public PageRead {
 public:
  StructRead(std::shared_ptr<arrow::DataType> type, int64_t length,
             std::vector<std::unique_ptr<PageRead>> children)
      : type_(std::move(type)), length_(length), children_(std::move(children)) {}
  void Collect(std::vector<ByteRange>* needs) const override {
    for (const auto& child : children_) child->Collect(needs);
  }
  arrow::Status Supply(Buffers& buffers, size_t* next) override {
    for (const auto& child : children_) ARROW_RETURN_NOT_OK(child->Supply(buffers, next));
    return arrow::Status::OK();
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    arrow::ArrayVector arrays;
    for (const auto& child : children_) {
      ARROW_ASSIGN_OR_RAISE(auto array, child->Finish());
      arrays.push_back(std::move(array));
    }
    return std::make_shared<arrow::StructArray>(type_, length_, std::move(arrays));
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  const int64_t length_;
  std::vector<std::unique_ptr<PageRead>> children_;
};

class DictionaryRead : public PageRead {
 public:
  DictionaryRead(std::shared_ptr<arrow::DataType> type, std::unique_ptr<PageRead> indices,
                 std::shared_ptr<arrow::Array> values, arrow::MemoryPool* pool)
      : type_(std::move(type)),
        indices_(std::move(indices)),
        values_(std::move(values)),
        pool_(pool) {}
  void Collect(std::vector<ByteRange>* needs) const override { indices_->Collect(needs); }
  arrow::Status Supply(Buffers& buffers, size_t* next) override {
    return indices_->Supply(buffers, next);
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto indices, indices_->Finish());
    auto array = arrow::DictionaryArray::FromArrays(type_, std::move(indices), values_);
    if (!array.ok()) return Corrupt("dictionary indices: ", array.status().message());
    auto data = (*array)->data()->Copy();
    ARROW_RETURN_NOT_OK(MoveNullsToRows(data.get(), pool_));
    return arrow::MakeArray(std::move(data));
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<PageRead> indices_;
  const std::shared_ptr<arrow::Array> values_;
  arrow::MemoryPool* const pool_;
};

arrow::Result<std::unique_ptr<PageRead>> MakeStructRead(
    const PageContext& context, const Field& field, const std::shared_ptr<arrow::DataType>& type,
    const std::vector<RowRange>& ranges) {
  if (field.children.size() != static_cast<size_t>(type->num_fields())) {
    return Corrupt("field ", field.name, " has ", field.children.size(), " children, its type ",
                   type->num_fields());
  }
  int64_t length = 0;
  for (const RowRange& range : ranges) length += static_cast<int64_t>(range.size());
  std::vector<std::unique_ptr<PageRead>> children;
  for (size_t i = 0; i < field.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        auto child,
        MakePageRead(context, field.children[i], type->field(static_cast<int>(i))->type(), ranges));
    children.push_back(std::move(child));
  }
  return std::make_unique<StructRead>(type, length, std::move(children));
}

}  // namespace

arrow::Result<std::unique_ptr<PageRead>> MakePageRead(const PageContext& context,
                                                      const Field& field,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      std::vector<RowRange> ranges) {
  if (type->id() == arrow::Type::STRUCT) return MakeStructRead(context, field, type, ranges);
  ARROW_ASSIGN_OR_RAISE(Page page, context.file->PageOf(field.id, context.batch));
  switch (type->id()) {
    case arrow::Type::NA: {
      if (ranges.back().end > page.length)
        return Corrupt("null ", ranges.back().end - 1, " of ", page.length);
      int64_t length = 0;
      for (const RowRange& range : ranges) length += static_cast<int64_t>(range.size());
      return std::make_unique<NullRead>(length);
    }
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
      return MakeVarBinaryRead(context, page, type, field.nullable, std::move(ranges));
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
      return MakeListRead(context, page, field, type, std::move(ranges));
    case arrow::Type::DICTIONARY: {
      auto values = context.dictionaries->find(field.id);
      if (values == context.dictionaries->end())
        return Corrupt("no dictionary of field ", field.name);
      const auto& dictionary = checked_cast<const arrow::DictionaryType&>(*type);
      ARROW_ASSIGN_OR_RAISE(
          auto indices, MakePlainRead(context, page, dictionary.index_type(), std::move(ranges)));
      return std::make_unique<DictionaryRead>(type, std::move(indices), values->second,
                                              context.pool);
    }
    default:
      if (PlainBits(*type) <= 0) {
        return Unsupported("field ", field.name, ": ", type->ToString(),
                           " in a file of version 0.1");
      }
      return MakePlainRead(context, page, type, std::move(ranges));
  }
}

}  // namespace lancea::v0_1
