#include "lancea/encoding/structural/level_spread.h"

#include <array>

#include "arrow/util/bit_util.h"

namespace lancea {
namespace {

// For each byte of validity 8 masks: all ones where the bit is 0.
struct NullMasks {
  alignas(16) uint16_t of[256][8];
};
constexpr NullMasks MakeNullMasks() {
  NullMasks out{};
  for (int byte = 0; byte < 256; ++byte) {
    for (int bit = 0; bit < 8; ++bit) out.of[byte][bit] = (byte >> bit) & 1 ? 0 : 0xFFFF;
  }
  return out;
}
constexpr NullMasks kNullMasks = MakeNullMasks();

// Call store(masks, at) for whole bytes and store_one(is_null, at) at the edges.
template <typename Store, typename StoreOne>
void Spread(const uint8_t* validity, int64_t first, int64_t count, Store store,
            StoreOne store_one) {
  const int shift = static_cast<int>(first % 8);
  const uint8_t* bytes = validity + first / 8;
  int64_t i = 0;
  // A shifted byte looks at the one behind it, which is there while bits of it are wanted.
  const int64_t whole = shift == 0 ? count / 8 * 8 : (count - (8 - shift)) / 8 * 8;
  for (; i < whole; i += 8, ++bytes) {
    const unsigned pair = shift == 0 ? bytes[0] : bytes[0] | (unsigned{bytes[1]} << 8);
    store(kNullMasks.of[(pair >> shift) & 0xFF], i);
  }
  for (; i < count; ++i) store_one(!arrow::bit_util::GetBit(validity, first + i), i);
}

}  // namespace

void SpreadNulls(const uint8_t* validity, int64_t first, int64_t count, uint16_t null_level,
                 uint16_t* out) {
  Spread(
      validity, first, count,
      [&](const uint16_t* masks, int64_t at) {
        for (int i = 0; i < 8; ++i) out[at + i] = masks[i] & null_level;
      },
      [&](bool is_null, int64_t at) { out[at] = is_null ? null_level : 0; });
}

void MergeNulls(const uint8_t* validity, int64_t first, int64_t count, uint16_t null_level,
                uint16_t* out) {
  Spread(
      validity, first, count,
      [&](const uint16_t* masks, int64_t at) {
        for (int i = 0; i < 8; ++i) {
          const uint16_t old = out[at + i];
          out[at + i] = old == 0 ? masks[i] & null_level : old;
        }
      },
      [&](bool is_null, int64_t at) {
        if (out[at] == 0 && is_null) out[at] = null_level;
      });
}

}  // namespace lancea
