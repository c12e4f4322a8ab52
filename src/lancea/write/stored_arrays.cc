#include "lancea/write/stored_arrays.h"

#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/jsonb_encode.h"
#include "lancea/write/blob_v2_writer.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Array> WithChild(const arrow::Array& list,
                                        const std::shared_ptr<arrow::Array>& child,
                                        const std::shared_ptr<arrow::DataType>& type) {
  auto data = list.data()->Copy();
  data->type = type;
  data->child_data = {child->data()};
  return arrow::MakeArray(data);
}

// Fixed-size lists that are one column, whose items may be of an extension type at any depth.
std::shared_ptr<arrow::Array> StorageOfItems(std::shared_ptr<arrow::Array> rows,
                                             const std::shared_ptr<arrow::DataType>& type) {
  while (rows->type_id() == arrow::Type::EXTENSION) {
    rows = static_cast<const arrow::ExtensionArray&>(*rows).storage();
  }
  if (rows->type_id() != arrow::Type::FIXED_SIZE_LIST) return rows;
  auto items =
      StorageOfItems(arrow::MakeArray(rows->data()->child_data[0]), type->field(0)->type());
  return WithChild(*rows, items, type);
}

arrow::Result<std::shared_ptr<arrow::Array>> StructToStored(const arrow::StructArray& rows,
                                                            const Field& field,
                                                            const arrow::DataType& stored,
                                                            BlobV2Writer* blobs,
                                                            arrow::MemoryPool* pool) {
  arrow::ArrayVector children;
  const auto& given = static_cast<const arrow::StructType&>(*rows.type());
  for (size_t i = 0; i < field.children.size(); ++i) {
    const int index = given.GetFieldIndex(field.children[i].name);
    if (index < 0) {
      return InvalidInput("struct \"", field.name, "\" has no field \"", field.children[i].name,
                          "\", or has it twice");
    }
    ARROW_ASSIGN_OR_RAISE(auto child, ToStored(rows.field(index), field.children[i],
                                               stored.field(static_cast<int>(i)), blobs, pool));
    children.push_back(std::move(child));
  }
  std::shared_ptr<arrow::Buffer> validity = rows.null_bitmap();
  // The children are those of the window; the bitmap must begin there too.
  if (validity != nullptr && rows.offset() != 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, validity->data(),
                                                                rows.offset(), rows.length()));
  }
  return std::make_shared<arrow::StructArray>(arrow::struct_(stored.fields()), rows.length(),
                                              std::move(children), std::move(validity),
                                              rows.null_count());
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> ToStored(std::shared_ptr<arrow::Array> rows,
                                                      const Field& field,
                                                      const std::shared_ptr<arrow::Field>& stored,
                                                      BlobV2Writer* blobs,
                                                      arrow::MemoryPool* pool) {
  if (IsBlobV2(field)) {
    if (blobs == nullptr)
      return InvalidInput("column \"", field.name, "\" of blobs cannot be written here");
    return blobs->Write(rows, field, pool);
  }
  while (rows->type_id() == arrow::Type::EXTENSION) {
    rows = static_cast<const arrow::ExtensionArray&>(*rows).storage();
  }
  const arrow::DataType& type = *stored->type();
  if (field.children.empty() && rows->type()->Equals(type)) return rows;
  if (IsJson(field) && rows->type_id() != arrow::Type::LARGE_BINARY) {
    auto jsonb = TextToJsonb(*rows, pool);
    if (!jsonb.ok()) return Prefix(jsonb.status(), "column \"" + field.name + "\"");
    return jsonb;
  }
  switch (rows->type_id()) {
    case arrow::Type::STRUCT:
      return StructToStored(static_cast<const arrow::StructArray&>(*rows), field, type, blobs,
                            pool);
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP: {
      if (field.children.empty()) return StorageOfItems(rows, stored->type());
      auto child = arrow::MakeArray(rows->data()->child_data[0]);
      ARROW_ASSIGN_OR_RAISE(auto converted,
                            ToStored(child, field.children[0], type.field(0), blobs, pool));
      if (converted == child && rows->type()->Equals(type)) return rows;
      return WithChild(*rows, converted, stored->type());
    }
    default:
      break;
  }
  if (rows->type()->Equals(type)) return rows;
  arrow::compute::ExecContext context(pool);
  auto cast =
      arrow::compute::Cast(*rows, stored->type(), arrow::compute::CastOptions::Safe(), &context);
  if (!cast.ok()) return Prefix(cast.status(), "column \"" + field.name + "\"");
  return cast;
}

}  // namespace lancea
