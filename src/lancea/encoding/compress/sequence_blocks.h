// Block encodings that store little or nothing: constant, range and delta.
//
//   constant{value}                                  every value is `value`
//   range{uncompressed_bits_per_value, start, step}  value i is start + step * i (2.3)
//   delta{uncompressed_bits_per_value, base, deltas} base, then one non-negative difference per further
//                                                    value, in a block encoding of its own (2.3)
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<BlockDecoder>> MakeConstantBlock(const EncodingMessage& message);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeRangeBlock(const EncodingMessage& message);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeDeltaBlock(const EncodingMessage& message,
                                                            int depth);

}  // namespace lancea
