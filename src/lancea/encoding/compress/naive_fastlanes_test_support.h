// FastLanes packing one bit at a time, straight from the layout's definition.
#pragma once

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea::test {

/// Pack 1024 values (fewer are padded with zeros) to `width` bits.
template <typename T>
Buffer NaivePack(std::vector<T> values, int width) {
  const int kBits = 8 * sizeof(T);
  const int num_lanes = 1024 / kBits;
  const int order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
  values.resize(1024);
  Buffer out(static_cast<size_t>(128 * width));
  for (int lane = 0; lane < num_lanes; ++lane) {
    for (int row = 0; row < kBits; ++row) {
      const T value = values[static_cast<size_t>(order[row / 8] * 16 + (row % 8) * 128 + lane)];
      for (int bit = 0; bit < width; ++bit) {
        if ((value >> bit & 1) == 0) continue;
        const int position = row * width + bit;  // in the lane's stream
        const int word = num_lanes * (position / kBits) + lane;
        const int bit_of_buffer = word * kBits + position % kBits;
        out[static_cast<size_t>(bit_of_buffer / 8)] |=
            static_cast<uint8_t>(1 << (bit_of_buffer % 8));
      }
    }
  }
  return out;
}

}  // namespace lancea::test
