#include "lancea/sql/exchange.h"

#include <bit>

#include "arrow/array/array_binary.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/c/bridge.h"
#include "arrow/compute/cast.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea::duckdb {
namespace {

constexpr int32_t kMaxDecimalDigits = 38;  // of DuckDB

bool IsBrainFloat(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == "lance.bfloat16";
}

// Two bytes each, the upper half of a float.
arrow::Result<std::shared_ptr<arrow::Array>> FloatsOf(const arrow::FixedSizeBinaryArray& halves) {
  arrow::FloatBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(halves.length()));
  for (int64_t i = 0; i < halves.length(); ++i) {
    if (halves.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const uint8_t* bytes = halves.GetValue(i);
    const uint32_t bits = uint32_t{bytes[0]} << 16 | uint32_t{bytes[1]} << 24;
    builder.UnsafeAppend(std::bit_cast<float>(bits));
  }
  return builder.Finish();
}

// The same values without extension types, at any depth.
std::shared_ptr<arrow::ArrayData> Storage(const std::shared_ptr<arrow::ArrayData>& data) {
  auto out = data->Copy();
  while (out->type->id() == arrow::Type::EXTENSION) {
    out->type = static_cast<const arrow::ExtensionType&>(*out->type).storage_type();
  }
  arrow::FieldVector fields = out->type->fields();
  bool changed = false;
  for (size_t i = 0; i < out->child_data.size() && i < fields.size(); ++i) {
    out->child_data[i] = Storage(out->child_data[i]);
    changed |= !fields[i]->type()->Equals(*out->child_data[i]->type);
    fields[i] = fields[i]->WithType(out->child_data[i]->type);
  }
  if (!changed) return out;
  switch (out->type->id()) {
    case arrow::Type::STRUCT:
      out->type = arrow::struct_(fields);
      break;
    case arrow::Type::LIST:
      out->type = arrow::list(fields[0]);
      break;
    case arrow::Type::LARGE_LIST:
      out->type = arrow::large_list(fields[0]);
      break;
    case arrow::Type::FIXED_SIZE_LIST:
      out->type = arrow::fixed_size_list(
          fields[0], static_cast<const arrow::FixedSizeListType&>(*out->type).list_size());
      break;
    case arrow::Type::MAP:
      out->type = std::make_shared<arrow::MapType>(fields[0]);
      break;
    default:
      break;
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Array>> Exchanged(std::shared_ptr<arrow::Array> values) {
  if (IsBrainFloat(*values->type())) {
    const auto storage = static_cast<const arrow::ExtensionArray&>(*values).storage();
    return FloatsOf(static_cast<const arrow::FixedSizeBinaryArray&>(*storage));
  }
  const auto type = ExchangedType(values->type());
  if (type->Equals(*values->type())) return values;
  values = arrow::MakeArray(Storage(values->data()));
  if (type->Equals(*values->type())) return values;
  return arrow::compute::Cast(*values, type);
}

}  // namespace

std::shared_ptr<arrow::DataType> ExchangedType(const std::shared_ptr<arrow::DataType>& type) {
  auto child = [&](int i) {
    const auto& field = type->field(i);
    return field->WithType(ExchangedType(field->type()))->RemoveMetadata();
  };
  switch (type->id()) {
    case arrow::Type::EXTENSION:
      if (IsBrainFloat(*type)) return arrow::float32();
      return ExchangedType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    case arrow::Type::HALF_FLOAT:
      return arrow::float32();
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      if (decimal.precision() > kMaxDecimalDigits) return arrow::utf8();
      return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    case arrow::Type::DICTIONARY:
      return ExchangedType(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (int i = 0; i < type->num_fields(); ++i) fields.push_back(child(i));
      return arrow::struct_(fields);
    }
    case arrow::Type::LIST:
      return arrow::list(child(0));
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(child(0));
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(
          child(0), static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    default:
      return type;
  }
}

arrow::Result<std::shared_ptr<const ColumnExchange>> ColumnExchange::Make(
    Connection connection, const arrow::Schema& schema) {
  std::shared_ptr<ColumnExchange> out(new ColumnExchange(connection));
  for (const auto& field : schema.fields()) {
    out->schemas_.push_back(
        arrow::schema({arrow::field(field->name(), ExchangedType(field->type()))}));
    ArrowSchema exported = {};
    ARROW_RETURN_NOT_OK(arrow::ExportSchema(*out->schemas_.back(), &exported));
    ConvertedSchemaHandle converted;
    ErrorData error = Api::Get().schema_from_arrow(connection, &exported, converted.out());
    if (exported.release != nullptr) exported.release(&exported);
    ARROW_RETURN_NOT_OK(ToStatus(error, "column \"" + field->name() + "\""));
    out->converted_.push_back(std::move(converted));
  }
  return out;
}

arrow::Result<DataChunkHandle> ColumnExchange::Convert(size_t column,
                                                       std::shared_ptr<arrow::Array> values) const {
  ARROW_ASSIGN_OR_RAISE(values, Exchanged(std::move(values)));
  const int64_t num_rows = values->length();
  const auto batch = arrow::RecordBatch::Make(schemas_[column], num_rows, {std::move(values)});
  ArrowArray exported = {};
  ARROW_RETURN_NOT_OK(arrow::ExportRecordBatch(*batch, &exported));
  DataChunkHandle chunk;
  ErrorData error = Api::Get().data_chunk_from_arrow(connection_, &exported,
                                                     converted_[column].get(), chunk.out());
  if (exported.release != nullptr) exported.release(&exported);
  const std::string where = "column \"" + schemas_[column]->field(0)->name() + "\"";
  ARROW_RETURN_NOT_OK(ToStatus(error, where));
  if (chunk.get() == nullptr) return InvalidInput(where, " does not fit into DuckDB");
  return chunk;
}

arrow::Result<LogicalTypeHandle> ColumnExchange::Type(size_t column) const {
  ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(schemas_[column]->field(0)->type()));
  ARROW_ASSIGN_OR_RAISE(const DataChunkHandle chunk, Convert(column, std::move(empty)));
  return LogicalTypeHandle(
      Api::Get().vector_get_column_type(Api::Get().data_chunk_get_vector(chunk.get(), 0)));
}

arrow::Status ColumnExchange::Fill(size_t column, std::shared_ptr<arrow::Array> values,
                                   DataChunk out, Index position) const {
  ARROW_ASSIGN_OR_RAISE(const DataChunkHandle chunk, Convert(column, std::move(values)));
  Api::Get().vector_reference_vector(Api::Get().data_chunk_get_vector(out, position),
                                     Api::Get().data_chunk_get_vector(chunk.get(), 0));
  return arrow::Status::OK();
}

}  // namespace lancea::duckdb
