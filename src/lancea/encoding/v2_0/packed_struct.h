// packed_struct: all fixed-width children of a struct row by row, without padding.
//
//   packed_struct{inner[], buffer}   inner: one encoding per child, for its width alone
//   row = child 0 | child 1 | ...    fixed-size lists are their items back to back; nothing is nullable
//
// Also what a blob column stores: struct<position: u64, size: u64>.
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

/// \param type  a struct of all children, or of those that context.packed_children names
arrow::Result<std::unique_ptr<ArrayDecoder>> MakePackedStruct(
    const pb::PackedStruct& packed, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context);

}  // namespace lancea::v2_0
