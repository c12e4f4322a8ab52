#include "lancea/write/overlay_columns.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/extension_type.h"
#include "arrow/record_batch.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/scan/partial_structs.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/write/stored_arrays.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

arrow::Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& rows,
                                                      const std::vector<int64_t>& numbers,
                                                      arrow::MemoryPool* pool) {
  const arrow::Int64Array index(static_cast<int64_t>(numbers.size()), arrow::Buffer::Wrap(numbers));
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Take(*rows, index, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
}

const std::shared_ptr<arrow::DataType>& GivenBlobType() {
  static const auto type = arrow::struct_(
      {arrow::field("data", arrow::large_binary()), arrow::field("uri", arrow::utf8()),
       arrow::field("position", arrow::uint64()), arrow::field("size", arrow::uint64())});
  return type;
}

bool HoldsBlobsV2(const Field& field) {
  bool holds = false;
  VisitFields({field}, [&](const Field& inside) { holds |= IsBlobV2(inside); });
  return holds;
}

// Rows of a struct that lack some of its fields, which keep their values then.
bool LacksFields(const Field& field, const arrow::DataType& rows) {
  if (field.logical_type != "struct" || IsBlobV2(field)) return false;
  if (rows.id() == arrow::Type::EXTENSION) {
    return LacksFields(field, *static_cast<const arrow::ExtensionType&>(rows).storage_type());
  }
  if (rows.id() != arrow::Type::STRUCT) return false;
  return std::ranges::any_of(field.children, [&](const Field& child) {
    const auto given = static_cast<const arrow::StructType&>(rows).GetFieldByName(child.name);
    return given == nullptr || LacksFields(child, *given->type());
  });
}

// What data files store of a field, but blobs as writers take them.
std::shared_ptr<arrow::Field> AsGiven(const Field& field,
                                      const std::shared_ptr<arrow::Field>& stored) {
  if (IsBlobV2(field)) return stored->WithType(GivenBlobType());
  if (!HoldsBlobsV2(field)) return stored;
  arrow::FieldVector children;
  for (size_t i = 0; i < field.children.size(); ++i) {
    children.push_back(AsGiven(field.children[i], stored->type()->field(static_cast<int>(i))));
  }
  return stored->WithType(arrow::struct_(std::move(children)));
}

// The validity of rows from their first on.
arrow::Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const arrow::Array& rows,
                                                         arrow::MemoryPool* pool) {
  if (rows.null_bitmap() == nullptr) return std::shared_ptr<arrow::Buffer>();
  return arrow::internal::CopyBitmap(pool, rows.null_bitmap_data(), rows.offset(), rows.length());
}

// Blobs with all the fields that some bring.
arrow::Result<std::shared_ptr<arrow::Array>> ToGivenBlobs(std::shared_ptr<arrow::Array> rows,
                                                          const Field& field,
                                                          arrow::MemoryPool* pool) {
  while (rows->type_id() == arrow::Type::EXTENSION) {
    rows = static_cast<const arrow::ExtensionArray&>(*rows).storage();
  }
  if (rows->type_id() != arrow::Type::STRUCT) {
    return InvalidInput("column \"", field.name, "\": blobs are structs of data and uri, found ",
                        rows->type()->ToString());
  }
  const auto& blobs = static_cast<const arrow::StructArray&>(*rows);
  arrow::compute::ExecContext context(pool);
  arrow::ArrayVector children;
  for (const auto& wanted : GivenBlobType()->fields()) {
    auto child = blobs.GetFieldByName(wanted->name());
    if (child == nullptr) {
      ARROW_ASSIGN_OR_RAISE(child, arrow::MakeArrayOfNull(wanted->type(), rows->length(), pool));
    } else if (!child->type()->Equals(*wanted->type())) {
      ARROW_ASSIGN_OR_RAISE(
          child, arrow::compute::Cast(*child, wanted->type(), arrow::compute::CastOptions::Safe(),
                                      &context));
    }
    children.push_back(std::move(child));
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, ValidityOf(*rows, pool));
  return std::make_shared<arrow::StructArray>(GivenBlobType(), rows->length(), std::move(children),
                                              std::move(valid));
}

// Rows as the type of AsGiven has them.
arrow::Result<std::shared_ptr<arrow::Array>> ToGiven(std::shared_ptr<arrow::Array> rows,
                                                     const Field& field,
                                                     const std::shared_ptr<arrow::Field>& given,
                                                     arrow::MemoryPool* pool) {
  if (IsBlobV2(field)) return ToGivenBlobs(std::move(rows), field, pool);
  if (!HoldsBlobsV2(field)) return ToStored(std::move(rows), field, given, nullptr, pool);
  while (rows->type_id() == arrow::Type::EXTENSION) {
    rows = static_cast<const arrow::ExtensionArray&>(*rows).storage();
  }
  const auto& parent = static_cast<const arrow::StructArray&>(*rows);
  arrow::ArrayVector children;
  for (size_t i = 0; i < field.children.size(); ++i) {
    const Field& child = field.children[i];
    auto values = parent.GetFieldByName(child.name);
    if (values == nullptr) {
      return InvalidInput("struct \"", field.name, "\" has no field \"", child.name, "\"");
    }
    ARROW_ASSIGN_OR_RAISE(
        values, ToGiven(std::move(values), child, given->type()->field(static_cast<int>(i)), pool));
    children.push_back(std::move(values));
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, ValidityOf(*rows, pool));
  return std::make_shared<arrow::StructArray>(given->type(), rows->length(), std::move(children),
                                              std::move(valid));
}

}  // namespace

arrow::Result<OverlayColumns> OverlayColumns::Make(Schema columns, arrow::MemoryPool* pool) {
  OverlayColumns out;
  ARROW_ASSIGN_OR_RAISE(out.stored_, ToArrow(SchemaInDataFiles(columns)));
  for (size_t i = 0; i < columns.fields.size(); ++i) {
    const auto column = static_cast<int>(i);
    const auto field = AsGiven(columns.fields[i], out.stored_->field(column));
    ARROW_ASSIGN_OR_RAISE(out.stored_, out.stored_->SetField(column, field));
  }
  ARROW_ASSIGN_OR_RAISE(auto declared, ToArrow(AsDeclared(columns)));
  for (const auto& field : declared->fields()) out.written_.push_back(field->type());
  out.columns_ = std::move(columns);
  out.pool_ = pool;
  return out;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> OverlayColumns::Apply(
    const arrow::ArrayVector& present, const std::vector<bool>& is_given,
    const arrow::ArrayVector& given) const {
  std::vector<int64_t> hits, source(is_given.size());
  for (size_t i = 0; i < is_given.size(); ++i) {
    // Of both sides one behind the other.
    source[i] = static_cast<int64_t>(is_given[i] ? is_given.size() + hits.size() : i);
    if (is_given[i]) hits.push_back(static_cast<int64_t>(i));
  }
  arrow::ArrayVector columns;
  for (size_t i = 0; i < columns_.fields.size(); ++i) {
    const Field& field = columns_.fields[i];
    const auto& stored = stored_->field(static_cast<int>(i));
    const auto& rows = present[i];
    std::shared_ptr<arrow::Array> values = given[i];
    if (LacksFields(field, *values->type())) {
      ARROW_ASSIGN_OR_RAISE(auto below, TakeRows(rows, hits, pool_));
      ARROW_ASSIGN_OR_RAISE(values, FillStructs(field, values, below, written_[i], pool_));
    }
    ARROW_ASSIGN_OR_RAISE(auto left, ToGiven(rows, field, stored, pool_));
    ARROW_ASSIGN_OR_RAISE(auto right, ToGiven(std::move(values), field, stored, pool_));
    if (hits.empty()) {
      columns.push_back(std::move(left));
    } else if (hits.size() == is_given.size()) {
      columns.push_back(std::move(right));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto both, arrow::Concatenate({left, right}, pool_));
      ARROW_ASSIGN_OR_RAISE(auto combined, TakeRows(both, source, pool_));
      columns.push_back(std::move(combined));
    }
  }
  return arrow::RecordBatch::Make(stored_, static_cast<int64_t>(is_given.size()),
                                  std::move(columns));
}

}  // namespace lancea
