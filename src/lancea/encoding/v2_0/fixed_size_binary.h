// fixed_size_binary: strings that all have the same length.
//
//   fixed_size_binary{bytes, byte_width}   bytes is flat; early writers gave it 8 bits per value, later
//                                          ones byte_width * 8: the same bytes either way
// Null strings, told by a nullable around it, take byte_width bytes too. Writers until about 1.0.
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

/// \param type  string, binary, large_string or large_binary
arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFixedSizeBinary(
    const pb::FixedSizeBinary& binary, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context);

}  // namespace lancea::v2_0
