// Validity bitmaps spread to definition levels, 8 at a time.
#pragma once

#include <cstdint>

namespace lancea {

/// out[i] = bit (first + i) of `validity` is set ? 0 : null_level.
void SpreadNulls(const uint8_t* validity, int64_t first, int64_t count, uint16_t null_level,
                 uint16_t* out);

/// The same where out[i] is 0; other levels stay, for those belong to a null further out.
void MergeNulls(const uint8_t* validity, int64_t first, int64_t count, uint16_t null_level,
                uint16_t* out);

}  // namespace lancea
