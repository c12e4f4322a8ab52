// fixed_size_list: items back to back, `dimension` for each row, null rows included.
//
//   fixed_size_list{dimension, items}   items is the encoding of rows * dimension items, with its own
//                                       nullable when items can be null
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFixedSizeList(
    const pb::FixedSizeList& list, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context);

}  // namespace lancea::v2_0
