#include "lancea/scan/row_order.h"

#include <gtest/gtest.h>

#include <random>

#include "arrow/array/array_binary.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/compute/api_vector.h"
#include "arrow/memory_pool.h"

namespace lancea {
namespace {

TEST(RowOrder, RowsAscendOnceAndPositionsBringBackWhatWasAsked) {
  std::mt19937_64 random(1);
  for (const size_t count : {0, 1, 2, 511, 512, 5000}) {
    for (const uint64_t range : {uint64_t{1}, uint64_t{40}, uint64_t{1} << 20, uint64_t{1} << 50}) {
      std::vector<uint64_t> asked(count);
      for (uint64_t& row : asked) row = random() % range;
      const RowOrder order = SortRows(asked).ValueOrDie();
      for (size_t i = 1; i < order.rows.size(); ++i) ASSERT_LT(order.rows[i - 1], order.rows[i]);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(order.rows[order.positions.empty() ? i : order.positions[i]], asked[i]);
      }
    }
  }
}

TEST(RowOrder, NeedsNoPositionsForRowsInOrder) {
  EXPECT_TRUE(SortRows({3, 7, 9}).ValueOrDie().positions.empty());
  EXPECT_FALSE(SortRows({3, 3}).ValueOrDie().positions.empty());
}

template <typename Builder>
std::shared_ptr<arrow::Array> Texts(int64_t count, bool nulls, std::mt19937* random) {
  Builder builder;
  for (int64_t i = 0; i < count; ++i) {
    if (nulls && (*random)() % 4 == 0) {
      EXPECT_TRUE(builder.AppendNull().ok());
    } else {
      EXPECT_TRUE(
          builder.Append(std::string((*random)() % 40, static_cast<char>('a' + i % 26))).ok());
    }
  }
  return builder.Finish().ValueOrDie();
}

template <typename Builder>
class RestoreOrderOf : public ::testing::Test {};
using Builders = ::testing::Types<arrow::StringBuilder, arrow::BinaryBuilder,
                                  arrow::LargeStringBuilder, arrow::LargeBinaryBuilder>;
TYPED_TEST_SUITE(RestoreOrderOf, Builders);

TYPED_TEST(RestoreOrderOf, PicksFromAnyNumberOfChunks) {
  std::mt19937 random(2);
  for (int round = 0; round < 40; ++round) {
    arrow::ArrayVector chunks;
    int64_t total = 0;
    for (uint32_t c = 0; c < 1 + random() % 5; ++c) {
      // Also chunks of nothing, and slices that begin in the middle of their buffers.
      auto chunk = Texts<TypeParam>(random() % 30 + 3, random() % 2 == 0, &random);
      chunks.push_back(chunk->Slice(random() % 3, random() % 5 == 0 ? 0 : chunk->length()));
      total += chunks.back()->length();
    }
    if (total == 0) continue;
    arrow::UInt32Builder indices;
    std::vector<uint32_t> positions(random() % 60);
    for (uint32_t& position : positions) position = static_cast<uint32_t>(random() % total);
    ASSERT_TRUE(indices.AppendValues(positions).ok());
    const auto whole = arrow::Concatenate(chunks).ValueOrDie();
    const auto expected = arrow::compute::Take(*whole, *indices.Finish().ValueOrDie()).ValueOrDie();
    const auto restored =
        RestoreOrder(chunks, positions, arrow::default_memory_pool()).ValueOrDie();
    ASSERT_TRUE(restored->ValidateFull().ok()) << restored->ValidateFull();
    ASSERT_TRUE(restored->Equals(*expected)) << restored->ToString() << expected->ToString();
  }
}

}  // namespace
}  // namespace lancea
