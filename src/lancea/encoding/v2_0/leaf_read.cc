#include "lancea/encoding/v2_0/leaf_read.h"

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/dictionary_nulls.h"
#include "lancea/encoding/structural/dictionary_gather.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/v2_0/dictionary_read.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

ValueBuilder MakeBuilder(const arrow::DataType& type, arrow::MemoryPool* pool) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return ValueBuilder::Variable(32, pool);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return ValueBuilder::Variable(64, pool);
    default: {
      const arrow::DataType* item = &type;
      size_t levels = 0;
      while (item->id() == arrow::Type::FIXED_SIZE_LIST) {
        item = static_cast<const arrow::FixedSizeListType*>(item)->value_type().get();
        ++levels;
      }
      ValueBuilder builder = ValueBuilder::Fixed(FixedBitWidth(*item), pool);
      builder.item_validity().assign(levels, BitmapBuilder(pool));
      return builder;
    }
  }
}

// Give `data` the validity collected in `bits`, if any bit is 0.
arrow::Status SetValidity(BitmapBuilder* bits, arrow::ArrayData* data) {
  if (bits->size() == 0 || data->type->id() == arrow::Type::NA) return arrow::Status::OK();
  if (bits->size() != data->length) {
    return Corrupt(bits->size(), " validity bits for ", data->length, " values");
  }
  const int64_t valid = arrow::internal::CountSetBits(bits->data(), 0, bits->size());
  data->null_count = data->length - valid;
  return data->null_count > 0 ? bits->Finish().Value(&data->buffers[0]) : arrow::Status::OK();
}

// Items of fixed-size lists that a page stores without validity are valid.
arrow::Status FillItemValidity(const arrow::DataType& type, int64_t num_values,
                               ValueBuilder* values) {
  const arrow::DataType* item = &type;
  bool any = false;
  for (BitmapBuilder& bits : values->item_validity()) any |= bits.size() > 0;
  if (!any) {
    values->item_validity().clear();
    return arrow::Status::OK();
  }
  for (BitmapBuilder& bits : values->item_validity()) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(*item);
    num_values *= list.list_size();
    item = list.value_type().get();
    if (bits.size() == 0) ARROW_RETURN_NOT_OK(bits.AppendRun(true, num_values));
  }
  return arrow::Status::OK();
}

const lance::encodings::Dictionary* FindDictionary(const ArrayEncoding& encoding, int depth = 0) {
  if (encoding.has_dictionary()) return &encoding.dictionary();
  if (depth < 4 && encoding.nullable().has_no_nulls()) {
    return FindDictionary(encoding.nullable().no_nulls().values(), depth + 1);
  }
  return nullptr;
}

// The wanted rows of one page.
struct PagePart {
  size_t page = 0;
  int64_t num_rows = 0;
  std::unique_ptr<ArrayRead> values;  // the values, or the indices of a dictionary column
  std::unique_ptr<ArrayRead> items;   // dictionary columns: the dictionary
  uint64_t index_bits = 0, num_items = 0;
};

class LeafRead : public NodeRead {
 public:
  LeafRead(const ColumnPages& column, std::shared_ptr<arrow::DataType> type,
           arrow::MemoryPool* pool)
      : column_(column), type_(std::move(type)), pool_(pool) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    return column_.ForEachPage(ranges, [&](size_t page, const std::vector<RowRange>& wanted) {
      return Prefix(AddPage(page, wanted), "page " + std::to_string(page));
    });
  }

  void Collect(std::vector<ByteRange>* needs) const override {
    for (const PagePart& part : parts_) {
      part.values->Collect(needs);
      if (part.items != nullptr) part.items->Collect(needs);
    }
  }

  arrow::Status Supply(SuppliedBuffers* buffers) override {
    for (PagePart& part : parts_) {
      for (ArrayRead* read : {part.values.get(), part.items.get()}) {
        if (read == nullptr) continue;
        std::vector<ByteRange> wanted;
        read->Collect(&wanted);
        if (!wanted.empty()) {
          ARROW_RETURN_NOT_OK(Prefix(read->Supply(buffers), "page " + std::to_string(part.page)));
        }
      }
    }
    return arrow::Status::OK();
  }

  arrow::Result<arrow::ArrayVector> Finish() override {
    arrow::ArrayVector out;
    for (PagePart& part : parts_) {
      auto data = part.items != nullptr ? FinishDictionary(&part) : FinishValues(&part);
      if (!data.ok()) return Prefix(data.status(), "page " + std::to_string(part.page));
      out.push_back(arrow::MakeArray(*data));
    }
    return out;
  }

 private:
  arrow::Status AddPage(size_t page, const std::vector<RowRange>& wanted) {
    PagePart part{.page = page,
                  .num_rows = static_cast<int64_t>(CountRows(wanted)),
                  .values = nullptr,
                  .items = nullptr};
    const ArrayContext context{.page = &column_.info().pages[page], .pool = pool_};
    const ArrayEncoding& encoding = column_.encoding(page);
    const lance::encodings::Dictionary* dictionary =
        type_->id() == arrow::Type::DICTIONARY ? FindDictionary(encoding) : nullptr;
    if (dictionary != nullptr) {
      ARROW_ASSIGN_OR_RAISE(part.index_bits, IndexBits(dictionary->indices()));
      part.num_items = dictionary->num_dictionary_items();
      ARROW_ASSIGN_OR_RAISE(part.values, MakeArrayRead(dictionary->indices(), wanted, context));
      ARROW_ASSIGN_OR_RAISE(part.items, MakeItemsRead(*dictionary, context));
    } else {
      ARROW_ASSIGN_OR_RAISE(part.values, MakeArrayRead(encoding, wanted, context));
    }
    parts_.push_back(std::move(part));
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> FinishValues(PagePart* part) {
    const bool all_null = column_.encoding(part->page).nullable().has_all_nulls();
    // A dictionary column without a dictionary is a page of nulls.
    if (all_null || type_->id() == arrow::Type::NA || type_->id() == arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type_, part->num_rows, pool_));
      return nulls->data();
    }
    const auto plain = part->values->PlainBytes();
    const uint64_t bits = FixedBitWidth(*type_);
    if (plain != nullptr && bits % 8 == 0 && bits > 0 && type_->id() != arrow::Type::STRUCT &&
        type_->id() != arrow::Type::FIXED_SIZE_LIST && plain->address() % 8 == 0 &&
        static_cast<uint64_t>(plain->size()) ==
            static_cast<uint64_t>(part->num_rows) * (bits / 8)) {
      return WrapPlainFixed(type_, part->num_rows, plain);
    }
    ArrayOutput out(MakeBuilder(*type_, pool_));
    if (type_->id() == arrow::Type::STRUCT) out.values = ValueBuilder::Fixed(bits, pool_);
    ARROW_RETURN_NOT_OK(part->values->Append(&out));
    ARROW_RETURN_NOT_OK(FillItemValidity(*type_, part->num_rows, &out.values));
    ARROW_ASSIGN_OR_RAISE(auto data, MakeLeafData(type_, part->num_rows, &out.values));
    ARROW_RETURN_NOT_OK(SetValidity(&out.validity, data.get()));
    return data;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> FinishDictionary(PagePart* part) {
    const auto& value_type = static_cast<const arrow::DictionaryType&>(*type_).value_type();
    ArrayOutput items(MakeBuilder(*value_type, pool_));
    ARROW_RETURN_NOT_OK(part->items->Append(&items));
    ARROW_ASSIGN_OR_RAISE(
        auto dictionary,
        MakeLeafData(value_type, static_cast<int64_t>(part->num_items), &items.values));
    ARROW_RETURN_NOT_OK(SetValidity(&items.validity, dictionary.get()));
    ArrayOutput indices(ValueBuilder::Fixed(part->index_bits, pool_));
    ARROW_RETURN_NOT_OK(part->values->Append(&indices));
    if (indices.values.num_values() != part->num_rows) {
      return Corrupt(indices.values.num_values(), " dictionary indices for ", part->num_rows,
                     " rows");
    }
    ARROW_ASSIGN_OR_RAISE(auto data, GatherDictionary(type_, dictionary, &indices.values, pool_));
    ARROW_RETURN_NOT_OK(SetValidity(&indices.validity, data.get()));
    ARROW_RETURN_NOT_OK(MoveNullsToRows(data.get(), pool_));
    return data;
  }

  const ColumnPages& column_;
  const std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  std::vector<PagePart> parts_;
};

}  // namespace

arrow::Result<std::unique_ptr<NodeRead>> MakeLeafRead(const ColumnPages& column,
                                                      std::shared_ptr<arrow::DataType> type,
                                                      std::span<const RowRange> ranges,
                                                      arrow::MemoryPool* pool) {
  auto read = std::make_unique<LeafRead>(column, std::move(type), pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

}  // namespace lancea::v2_0
