// Strings and binary values -> binary, optionally compressed or as fsst.
//
//   binary { indices: no_nulls flat 64, bytes: flat 8, null_adjustment }
//     indices          where each value ends among the bytes, without the leading 0; a null value ends
//                      where the one before it does, plus null_adjustment
//     null_adjustment  all bytes + 1
//   fsst { binary of the codes, symbol_table }
#pragma once

#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/v2_0/array_write.h"

namespace lancea::v2_0 {

/// \param parts    utf8, binary, large_utf8 or large_binary
/// \param options  zstd and lz4 compress the bytes of the page where that makes them fewer; fsst compresses
///   every value of utf8 and binary, large types stay plain because readers take 32-bit offsets
arrow::Result<ArrayEncoding> EncodeBinary(const ArrayParts& parts, const EncodingOptions& options,
                                          PageBuffers* out, arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
