// A table's schema with other columns: added, without some, or altered.
//
// New fields get ids behind all that were ever given, in depth-first order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset.h"
#include "lancea/schema.h"

namespace lancea {

struct ExtendedSchema {
  Schema schema;   ///< of the table, with the new fields
  Schema written;  ///< the new fields inside their ancestors
  /// No field was added that rows written meanwhile could not leave out.
  bool preserves_nullability = true;
};

/// \return InvalidInput for names that are taken or cannot be names of columns
arrow::Result<ExtendedSchema> Extend(const Dataset& dataset, const arrow::Schema& columns);

/// \return InvalidInput for columns that are not there or cannot be dropped, and for all of them
arrow::Result<Schema> WithoutColumns(const Dataset& dataset,
                                     const std::vector<std::string>& columns);

/// InvalidInput when two fields beside each other have one name, or a name at the top holds a dot.
arrow::Status CheckNames(const Schema& schema);

/// The id that the next new field gets.
int32_t NextFieldId(const Dataset& dataset);

/// Number a field and all below it.
void GiveIds(Field* field, int32_t parent_id, int32_t* next_id);

/// The type as messages name it: Int32, Utf8, List(Int64).
std::string LogicalTypeName(const arrow::DataType& type);

}  // namespace lancea
