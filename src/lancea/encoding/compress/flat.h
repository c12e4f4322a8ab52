// flat: fixed-width values as they are; and fixed-size lists of them.
//
//   flat{bits_per_value}                 values back to back; 1-bit values LSB first
//   fixed_size_list{items_per_value, has_validity, values}
//       mini-block  with validity one more buffer before the data: items_per_value bits for each value,
//                   back to back over the chunk, LSB first, 1 = valid
//       per value   ceil(items_per_value / 8) validity bytes before the items
//       block       value after value as in per value; without validity the items back to back
//   Items that are all null have validity but no bytes (a constant without value): the shape then has
//   bits_per_value 0 and the builder only counts items.
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// flat, or fixed_size_list nested to any depth over flat.
arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeFlatMiniBlock(const EncodingMessage& message);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeFlatBlock(const EncodingMessage& message);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakeFlatPerValue(const EncodingMessage& message);

}  // namespace lancea
