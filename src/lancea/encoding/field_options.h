// Field metadata -> encoding options.
//
//   lance-encoding:compression                    none | fsst | lz4 | zstd
//   lance-encoding:compression-level              an integer
//   lance-encoding:structural-encoding            miniblock | fullzip; in 2.3 also sparse
//   lance-encoding:rle-threshold                  runs per value, 0 to 1
//   lance-encoding:bss                            auto | on | off
//   lance-encoding:minichunk-size                 bytes
//   lance-encoding:dict-divisor, dict-size-ratio, dict-max-size
//   lance-encoding:dict-values-compression, dict-values-compression-level
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/encoding_options.h"

namespace lancea {

struct Field;

/// What `field` asks for; keys it does not have are those of `inherited`.
/// \return InvalidInput that names field, key and value for what makes no sense
arrow::Result<EncodingOptions> OptionsOf(const Field& field, const EncodingOptions& inherited);

}  // namespace lancea
