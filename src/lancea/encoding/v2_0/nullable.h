// nullable: which values are null.
//
//   no_nulls{values}              the values alone
//   some_nulls{validity, values}  validity is an array of booleans, true = valid
//   all_nulls{}                   nothing is stored
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeNullable(const pb::Nullable& nullable,
                                                          const std::shared_ptr<arrow::DataType>& type,
                                                          uint64_t num_rows,
                                                          const PageContext& context);

/// Put `validity` (offset 0, data->length bits) on top of what `data` has.
arrow::Status AddValidity(std::shared_ptr<arrow::Buffer> validity, arrow::MemoryPool* pool,
                          arrow::ArrayData* data);

}  // namespace lancea::v2_0
