#include "lancea/encoding/v2_0/field_writer.h"

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/type.h"
#include "lancea/encoding/field_options.h"
#include "lancea/encoding/v2_0/leaf_write.h"
#include "lancea/encoding/v2_0/nested_write.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

// The writers of a field, made in the order of its columns.
class Columns {
 public:
  Columns(const PageLimits& limits, OutOfLineWriter* out_of_line, arrow::MemoryPool* pool)
      : limits_(limits), out_of_line_(out_of_line), pool_(pool) {}

  arrow::Result<std::unique_ptr<NodeWriter>> Make(const Field& field,
                                                  const std::shared_ptr<arrow::DataType>& type,
                                                  const EncodingOptions& inherited) {
    ARROW_ASSIGN_OR_RAISE(EncodingOptions options, OptionsOf(field, inherited));
    const int column = static_cast<int>(field_ids.size());
    field_ids.push_back(field.id);
    lance::encodings::ColumnEncoding encoding;
    encoding.mutable_values();
    if (IsBlob(field)) {
      ARROW_RETURN_NOT_OK(CheckBlob(field, *type));
      encoding.Clear();
      encoding.mutable_blob()->mutable_inner()->mutable_values();
      encodings.push_back(ToBlob(encoding));
      return MakeBlobWriter(field.name, column, limits_, out_of_line_, pool_);
    }
    encodings.push_back(ToBlob(encoding));
    const bool is_struct = type->id() == arrow::Type::STRUCT && !IsPackedStruct(field);
    const bool is_list = type->id() == arrow::Type::LIST || type->id() == arrow::Type::LARGE_LIST;
    if (!is_struct && !is_list) {
      LeafColumn leaf{.name = field.name, .type = type, .options = options};
      ARROW_RETURN_NOT_OK(CheckLeafType(leaf));
      return MakeLeafWriter(std::move(leaf), column, limits_, pool_);
    }
    if (static_cast<int>(field.children.size()) != type->num_fields()) {
      return InvalidInput("column \"", field.name, "\" has ", field.children.size(),
                          " children, its Arrow type ", type->ToString());
    }
    std::vector<std::unique_ptr<NodeWriter>> children;
    for (int i = 0; i < type->num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(children.emplace_back(), Make(field.children[static_cast<size_t>(i)],
                                                          type->field(i)->type(), options));
    }
    if (is_struct) return MakeStructWriter(field.name, column, std::move(children));
    return MakeListWriter(*type, column, std::move(children[0]), limits_, pool_);
  }

  std::vector<int32_t> field_ids;
  std::vector<EncodingBlob> encodings;

 private:
  static EncodingBlob ToBlob(const lance::encodings::ColumnEncoding& encoding) {
    return {kColumnEncodingUrl, encoding.SerializeAsString()};
  }

  arrow::Status CheckBlob(const Field& field, const arrow::DataType& type) const {
    if (IsBlobV2(field)) {
      return InvalidInput("column \"", field.name,
                          "\": a blob v2 needs data_storage_version 2.2 or newer");
    }
    if (type.id() != arrow::Type::BINARY && type.id() != arrow::Type::LARGE_BINARY) {
      return InvalidInput("column \"", field.name, "\": blobs are large_binary, not ",
                          type.ToString());
    }
    if (out_of_line_ == nullptr) {
      return InvalidInput("column \"", field.name, "\": no place for the bytes of blobs");
    }
    return arrow::Status::OK();
  }

  const PageLimits limits_;
  OutOfLineWriter* out_of_line_;
  arrow::MemoryPool* pool_;
};

// True when arrays of both types have the same buffers; names and nullability of fields do not matter.
bool SameLayout(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.id() != b.id() || a.num_fields() != b.num_fields()) return false;
  if (a.num_fields() == 0) return a.Equals(b);
  if (a.id() == arrow::Type::FIXED_SIZE_LIST &&
      static_cast<const arrow::FixedSizeListType&>(a).list_size() !=
          static_cast<const arrow::FixedSizeListType&>(b).list_size()) {
    return false;
  }
  for (int i = 0; i < a.num_fields(); ++i) {
    if (!SameLayout(*a.field(i)->type(), *b.field(i)->type())) return false;
  }
  return true;
}

class Writer : public FieldWriter {
 public:
  Writer(std::shared_ptr<arrow::Field> field, std::unique_ptr<NodeWriter> root, Columns columns)
      : field_(std::move(field)), root_(std::move(root)), columns_(std::move(columns)) {}

  const std::vector<int32_t>& column_field_ids() const override { return columns_.field_ids; }

  arrow::Result<std::vector<PendingPage>> Append(
      const std::shared_ptr<arrow::Array>& rows) override {
    if (!SameLayout(*rows->type(), *field_->type())) {
      return InvalidInput("column \"", field_->name(), "\" is ", field_->type()->ToString(),
                          ", got ", rows->type()->ToString());
    }
    std::vector<PendingPage> pages;
    ARROW_RETURN_NOT_OK(root_->Append(rows->data(), num_rows_, &pages));
    num_rows_ += static_cast<uint64_t>(rows->length());
    return pages;
  }

  arrow::Result<std::vector<PendingPage>> Finish() override {
    std::vector<PendingPage> pages;
    root_->Finish(&pages);
    return pages;
  }

  std::vector<EncodingBlob> column_encodings() const override { return columns_.encodings; }
  uint64_t buffered_bytes() const override { return root_->buffered_bytes(); }

 private:
  const std::shared_ptr<arrow::Field> field_;
  const std::unique_ptr<NodeWriter> root_;
  const Columns columns_;
  uint64_t num_rows_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<FieldWriter>> MakeFieldWriter(
    const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
    const EncodingOptions& defaults, const PageLimits& limits, OutOfLineWriter* out_of_line,
    arrow::MemoryPool* pool) {
  Columns columns(limits, out_of_line, pool);
  ARROW_ASSIGN_OR_RAISE(auto root, columns.Make(field, arrow_field->type(), defaults));
  return std::make_unique<Writer>(arrow_field, std::move(root), std::move(columns));
}

}  // namespace lancea::v2_0
