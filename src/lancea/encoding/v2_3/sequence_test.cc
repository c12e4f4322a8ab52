#include "lancea/encoding/v2_3/sequence.h"

#include <gtest/gtest.h>

#include "lancea/proto/encodings_v2_3.pb.h"

namespace lancea::v2_3 {
namespace {

namespace pb = lance::encodings23;

pb::CompressiveEncoding Constant(const std::string& value) {
  pb::CompressiveEncoding out;
  out.mutable_constant()->set_value(value);
  return out;
}

TEST(AsProgression, ReadsAConstant) {
  const auto found =
      AsProgression(Constant(std::string("\x05\x01\0\0\0\0\0\0", 8)), 9).ValueOrDie();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->start, 261);
  EXPECT_EQ(found->step, 0);
}

TEST(AsProgression, ReadsARange) {
  pb::CompressiveEncoding range;
  range.mutable_range()->set_start(3);
  range.mutable_range()->set_step(7);
  const auto found = AsProgression(range, 4).ValueOrDie();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->start, 3);
  EXPECT_EQ(found->step, 7);
}

TEST(AsProgression, ReadsADeltaOfConstantDifferences) {
  pb::CompressiveEncoding delta;
  delta.mutable_delta()->set_base(10);
  *delta.mutable_delta()->mutable_deltas() = Constant("\x04");
  const auto found = AsProgression(delta, 5).ValueOrDie();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->start, 10);
  EXPECT_EQ(found->step, 4);
}

TEST(AsProgression, LeavesStoredDifferencesToTheDecoder) {
  pb::CompressiveEncoding delta;
  delta.mutable_delta()->mutable_deltas()->mutable_flat()->set_bits_per_value(64);
  EXPECT_FALSE(AsProgression(delta, 5).ValueOrDie().has_value());
}

TEST(AsProgression, RejectsACountThatDoesNotFit) {
  pb::CompressiveEncoding nothing;
  nothing.mutable_constant();
  EXPECT_TRUE(AsProgression(nothing, 0).ok());
  EXPECT_FALSE(AsProgression(nothing, 1).ok());
  EXPECT_FALSE(AsProgression(Constant("\x04"), 0).ok());
  EXPECT_FALSE(AsProgression(Constant("123456789"), 1).ok());
  pb::CompressiveEncoding delta;
  *delta.mutable_delta()->mutable_deltas() = Constant("\x04");
  EXPECT_FALSE(AsProgression(delta, 1).ok());
}

}  // namespace
}  // namespace lancea::v2_3
