// Columns of one fragment with new values in the rows that match.
#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/change/column_change.h"
#include "lancea/change/hash_join.h"
#include "lancea/change/join_columns.h"
#include "lancea/change/row_changes_rows.h"
#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/util/errors.h"
#include "lancea/write/overlay_columns.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

constexpr JoinSides kSides = {"the left side fragment", "the right side fragment", ""};

const Field* FindByName(const std::vector<Field>& fields, const std::string& name) {
  auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

// A column is replaced as a whole, so what is given for it has all its fields.
arrow::Status CheckSameType(const Field& given, const Field& table) {
  if (given.logical_type != table.logical_type && !(IsJson(given) && IsJson(table))) {
    return InvalidInput("column \"", table.name,
                        "\": Attempt to project field by different types: ", table.logical_type,
                        " and ", given.logical_type);
  }
  if (given.children.size() != table.children.size()) {
    return InvalidInput("column \"", table.name, "\" has ", table.children.size(),
                        " fields inside, the new values have ", given.children.size());
  }
  for (const Field& child : table.children) {
    const Field* other = FindByName(given.children, child.name);
    if (other == nullptr) {
      return InvalidInput("column \"", table.name, "\": the new values have no field \"",
                          child.name, "\"");
    }
    ARROW_RETURN_NOT_OK(CheckSameType(*other, child));
  }
  return arrow::Status::OK();
}

// Blobs below anything but structs.
bool HoldsListedBlobs(const Field& field) {
  if (IsBlobV2(field)) return false;
  if (field.logical_type == "struct") return std::ranges::any_of(field.children, HoldsListedBlobs);
  bool holds = false;
  VisitFields(field.children, [&](const Field& inside) { holds |= IsBlobV2(inside); });
  return holds;
}

// The table's fields that `right` has new values for.
arrow::Result<Schema> UpdatedFields(const Dataset& dataset, const arrow::Schema& right,
                                    const std::string& right_on) {
  arrow::FieldVector columns;
  for (const auto& field : right.fields()) {
    if (field->name() == right_on) continue;
    if (IsRowNumber(field->name())) {
      return InvalidInput("Column ", field->name(),
                          " is a reserved metadata column and cannot be updated");
    }
    columns.push_back(field);
  }
  ARROW_ASSIGN_OR_RAISE(const Schema given, SchemaOfNewTable(*arrow::schema(columns)));
  for (const Field& field : given.fields) {
    const Field* table = FindByName(dataset.lance_schema().fields, field.name);
    if (table == nullptr) {
      return InvalidInput("Column ", field.name,
                          " in right side fragment does not exist in left side fragment");
    }
    ARROW_RETURN_NOT_OK(CheckSameType(field, *table));
  }
  Schema out;
  for (const Field& field : dataset.lance_schema().fields) {
    if (FindByName(given.fields, field.name) == nullptr) continue;
    if (HoldsListedBlobs(field)) {
      return Unsupported("column \"", field.name,
                         "\" with lists of blobs (version 2) inside is updated by writing its rows "
                         "again, not by update_columns");
    }
    out.fields.push_back(field);
  }
  if (out.fields.empty()) return InvalidInput("there is no column to update");
  return out;
}

}  // namespace

arrow::Result<UpdatedFragment> UpdateFragmentColumns(
    const std::shared_ptr<const Dataset>& dataset, uint64_t fragment_id,
    const std::shared_ptr<arrow::RecordBatchReader>& right, const std::string& left_on,
    const std::string& right_on, const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, fragment_id, options));
  ARROW_RETURN_NOT_OK(CheckColumnsWritable(*dataset));
  ARROW_RETURN_NOT_OK(CheckJoinColumns(*dataset, *right->schema(), left_on, right_on, kSides));
  ARROW_ASSIGN_OR_RAISE(Schema updated, UpdatedFields(*dataset, *right->schema(), right_on));
  ARROW_ASSIGN_OR_RAISE(const OverlayColumns overlay,
                        OverlayColumns::Make(std::move(updated), change.pool()));
  ARROW_ASSIGN_OR_RAISE(auto join,
                        HashJoin::Make(right.get(), right_on, change.JoinMemoryOf(), options.stop));
  std::vector<int> columns_of_right;
  ScanOptions scan = change.ScanOf(change.fragments()[0], join->row_bytes());
  scan.columns.emplace();
  for (const Field& field : overlay.columns().fields) {
    columns_of_right.push_back(join->schema()->GetFieldIndex(field.name));
    scan.columns->push_back(FormatFieldPath({&field.name, 1}));
  }
  // The column joined on may be one of them.
  if (std::ranges::find(*scan.columns, left_on) == scan.columns->end()) {
    scan.columns->push_back(left_on);
  }
  const bool key_is_address = left_on == "_rowaddr";
  if (!key_is_address) scan.columns->push_back("_rowaddr");
  const int key_column =
      static_cast<int>(std::ranges::find(*scan.columns, left_on) - scan.columns->begin());
  const int address_column =
      static_cast<int>(std::ranges::find(*scan.columns, "_rowaddr") - scan.columns->begin());
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(std::move(scan)));
  ARROW_ASSIGN_OR_RAISE(auto rows, scanner->ToReader());

  std::vector<uint32_t> matched;
  auto update = [&](const std::shared_ptr<arrow::RecordBatch>& batch)
      -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    ARROW_ASSIGN_OR_RAISE(const auto found, join->Find(batch->column(key_column)));
    const auto& addresses = static_cast<const arrow::UInt64Array&>(*batch->column(address_column));
    std::vector<int64_t> hits;
    std::vector<bool> is_given(found.size());
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i] < 0) continue;
      is_given[i] = true;
      hits.push_back(found[i]);
      matched.push_back(static_cast<uint32_t>(addresses.Value(static_cast<int64_t>(i))));
    }
    ARROW_ASSIGN_OR_RAISE(auto taken, join->Take(hits));
    arrow::ArrayVector given;
    for (const int column : columns_of_right) given.push_back(taken->column(column));
    arrow::ArrayVector present = batch->columns();
    for (size_t i = 0; i < overlay.columns().fields.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          present[i], AsWritten(*dataset, overlay.columns().fields[i], present[i],
                                {addresses.raw_values(), static_cast<size_t>(addresses.length())},
                                options.stop));
    }
    return overlay.Apply(present, is_given, given);
  };
  auto values = MapBatches(std::move(rows), overlay.stored(), update);
  UpdatedFragment out;
  std::unique_ptr<ColumnFileWriter> writer;
  ARROW_RETURN_NOT_OK(change.WriteOne(change.fragments()[0], overlay.columns(), values.get(),
                                      &out.fragment, &writer));
  writer->Release();
  for (const int32_t id : out.fragment.files.back().fields) {
    if (id >= 0) out.fields_modified.push_back(static_cast<uint32_t>(id));
  }
  out.updated_offsets = SerializeRoaringBitmap(RangesOfValues(matched));
  return out;
}

}  // namespace lancea
