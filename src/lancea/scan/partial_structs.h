// Structs of which rows bring some fields only: the others come from the rows there are, or are null.
//
//   given {x: 5}     present {x: 1, y: 2}     ->  {x: 5, y: 2}
//   given {x: 5}     present null or none     ->  {x: 5, y: null}
//   given null       present {x: 1, y: 2}     ->  {x: null, y: 2}
//   given null       present null or none     ->  null
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/schema.h"

namespace lancea {

enum class FieldCoverage {
  kWhole,
  kPart,    ///< structs lack fields
  kBroken,  ///< what list or map items are lacks fields: no row says which item would fill them
};

/// How much of a table's field one of the same name brings.
FieldCoverage CoverageOf(const Field& table, const Field& given);

/// \param field    of the table; `given` brings a part of it
/// \param present  rows of the whole field, as many; nullptr: there are none
/// \param type     that a writer takes of the field
arrow::Result<std::shared_ptr<arrow::Array>> FillStructs(
    const Field& field, const std::shared_ptr<arrow::Array>& given,
    const std::shared_ptr<arrow::Array>& present, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool);

}  // namespace lancea
