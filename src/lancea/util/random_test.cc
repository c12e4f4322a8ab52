#include "lancea/util/random.h"

#include <gtest/gtest.h>

#include <array>

namespace lancea {
namespace {

TEST(RandomU64, UsesEveryBit) {
  uint64_t ever_set = 0, ever_clear = 0;
  for (int i = 0; i < 200; ++i) {
    const uint64_t value = RandomU64();
    ever_set |= value;
    ever_clear |= ~value;
  }
  EXPECT_EQ(ever_set, ~uint64_t{0});
  EXPECT_EQ(ever_clear, ~uint64_t{0});
}

TEST(RandomBytes, FillsEverySizeOfSpan) {
  RandomBytes({});
  for (size_t size : {1, 16, 257, 5000}) {
    std::array<uint8_t, 5000> bytes{};
    RandomBytes(std::span(bytes).first(size));
    int last_nonzero = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != 0) last_nonzero = static_cast<int>(i) + 1;
    }
    EXPECT_LE(last_nonzero, static_cast<int>(size));
    // Sixteen zero bytes in a row at the end do not come about by chance.
    EXPECT_GT(last_nonzero, static_cast<int>(size) - 17);
  }
}

}  // namespace
}  // namespace lancea
