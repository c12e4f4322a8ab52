// flat: fixed-width values back to back.
//
//   flat{bits_per_value, buffer, compression?}
//   1 bit per value: LSB first; otherwise whole bytes, little-endian.
//   compression "zstd" or "lz4" around the whole buffer (framing as in compress/general.h); "none" is none
// Byte-wide values that lie aligned are not copied.
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFlat(const pb::Flat& flat,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      uint64_t num_rows, const PageContext& context);

}  // namespace lancea::v2_0
