#include "lancea/scan/partial_structs.h"

#include <algorithm>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/extension_type.h"
#include "arrow/util/bit_util.h"
#include "lancea/schema/field.h"

namespace lancea {
namespace {

bool IsPlainStruct(const Field& field) {
  return field.logical_type == "struct" && !IsBlobV2(field);
}

std::shared_ptr<arrow::Array> StorageOf(std::shared_ptr<arrow::Array> rows) {
  while (rows != nullptr && rows->type_id() == arrow::Type::EXTENSION) {
    rows = static_cast<const arrow::ExtensionArray&>(*rows).storage();
  }
  return rows;
}

// A field of a struct array, null where the struct is; nullptr if it has none of the name.
arrow::Result<std::shared_ptr<arrow::Array>> FieldOf(const std::shared_ptr<arrow::Array>& rows,
                                                     const std::string& name,
                                                     arrow::MemoryPool* pool) {
  if (rows == nullptr || rows->type_id() != arrow::Type::STRUCT) {
    return std::shared_ptr<arrow::Array>();
  }
  const auto& parent = static_cast<const arrow::StructArray&>(*rows);
  const int index = static_cast<const arrow::StructType&>(*rows->type()).GetFieldIndex(name);
  if (index < 0) return std::shared_ptr<arrow::Array>();
  return parent.GetFlattenedField(index, pool);
}

}  // namespace

FieldCoverage CoverageOf(const Field& table, const Field& given) {
  if (IsBlobV2(table)) return FieldCoverage::kWhole;
  bool is_part = false;
  for (const Field& child : table.children) {
    const auto found = std::ranges::find(given.children, child.name, &Field::name);
    const FieldCoverage inside =
        found == given.children.end() ? FieldCoverage::kPart : CoverageOf(child, *found);
    if (inside == FieldCoverage::kBroken) return inside;
    is_part = is_part || inside == FieldCoverage::kPart;
  }
  if (!is_part) return FieldCoverage::kWhole;
  return IsPlainStruct(table) ? FieldCoverage::kPart : FieldCoverage::kBroken;
}

arrow::Result<std::shared_ptr<arrow::Array>> FillStructs(
    const Field& field, const std::shared_ptr<arrow::Array>& given_rows,
    const std::shared_ptr<arrow::Array>& present_rows, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool) {
  if (!IsPlainStruct(field)) return given_rows;
  const auto given = StorageOf(given_rows), present = StorageOf(present_rows);
  const int64_t num_rows = given->length();
  arrow::ArrayVector children;
  arrow::FieldVector fields;
  for (size_t i = 0; i < field.children.size(); ++i) {
    const Field& child = field.children[i];
    const auto& child_type = type->field(static_cast<int>(i))->type();
    ARROW_ASSIGN_OR_RAISE(auto values, FieldOf(given, child.name, pool));
    ARROW_ASSIGN_OR_RAISE(auto below, FieldOf(present, child.name, pool));
    if (values != nullptr) {
      ARROW_ASSIGN_OR_RAISE(values, FillStructs(child, values, below, child_type, pool));
    } else if (below != nullptr) {
      values = std::move(below);
    } else {
      ARROW_ASSIGN_OR_RAISE(values, arrow::MakeArrayOfNull(child_type, num_rows, pool));
    }
    fields.push_back(arrow::field(child.name, values->type()));
    children.push_back(std::move(values));
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, arrow::AllocateEmptyBitmap(num_rows, pool));
  int64_t num_null = 0;
  for (int64_t row = 0; row < num_rows; ++row) {
    if (given->IsValid(row) || (present != nullptr && present->IsValid(row))) {
      arrow::bit_util::SetBit(valid->mutable_data(), row);
    } else {
      ++num_null;
    }
  }
  return std::make_shared<arrow::StructArray>(arrow::struct_(std::move(fields)), num_rows,
                                              std::move(children), std::move(valid), num_null);
}

}  // namespace lancea
