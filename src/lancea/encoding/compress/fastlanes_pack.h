// The writing side of fastlanes.h: the bytes of a block are described there.
#pragma once

#include <cstdint>

#include "lancea/encoding/compress/fastlanes.h"

namespace lancea::compress {

/// Pack a block of kFastLanesValues values, each below 2^width. T is uint8_t, uint16_t, uint32_t or
/// uint64_t, 0 <= width <= 8 * sizeof(T).
/// \param packed  FastLanesBytes(width) bytes, at any address
template <typename T>
void FastLanesPack(const T* values, int width, uint8_t* packed);

}  // namespace lancea::compress
