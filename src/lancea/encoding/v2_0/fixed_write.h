// Fixed-width values, booleans and fixed-size lists of them -> nullable flat.
//
//   no_nulls { flat }                 no row is null
//   some_nulls { flat 1, flat }       one validity bit per row, LSB first
//   all_nulls                         no buffers
//   flat -> fixed_size_list { dimension, items: one of the first two over rows x dimension items }
#pragma once

#include "lancea/encoding/v2_0/array_write.h"

namespace lancea::v2_0 {

/// What a column whose rows are all null may be written as.
enum class AllNullForm { kNoBuffers, kValues };

/// \param type  has a fixed width (see FixedBitWidth), or is null
arrow::Result<ArrayEncoding> EncodeFixed(const arrow::DataType& type, const ArrayParts& parts,
                                         AllNullForm form, PageBuffers* out,
                                         arrow::MemoryPool* pool);

/// Rows of a packed struct: the children's values of each row back to back.
/// \param parts  of a struct type for which CheckPackable succeeded
arrow::Result<ArrayEncoding> EncodePackedStruct(const arrow::StructType& type,
                                                const ArrayParts& parts, PageBuffers* out,
                                                arrow::MemoryPool* pool);

/// \return InvalidInput for nulls in the struct, its children or their items
arrow::Status CheckPackable(const arrow::ArrayData& rows);

}  // namespace lancea::v2_0
