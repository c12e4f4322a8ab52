#include "lancea/util/uuid.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>
#include <set>

#include "lancea/error.h"

namespace lancea {
namespace {

constexpr Uuid kExample{{0x6E, 0x0F, 0x2C, 0x1A, 0x93, 0xB4, 0x4F, 0x57, 0x8D, 0x2E, 0x0A, 0x1B,
                         0x2C, 0x3D, 0x4E, 0x5F}};

TEST(Uuid, IsWrittenInFiveGroups) {
  EXPECT_EQ(kExample.ToString(), "6e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5f");
}

TEST(Uuid, IsReadBackFromTextOfEitherCase) {
  EXPECT_EQ(Uuid::Parse("6e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5f").ValueOrDie(), kExample);
  EXPECT_EQ(Uuid::Parse("6E0F2C1A-93B4-4F57-8D2E-0A1B2C3D4E5F").ValueOrDie(), kExample);
}

TEST(Uuid, RejectsOtherText) {
  for (const char* bad :
       {"", "6e0f2c1a93b44f578d2e0a1b2c3d4e5f", "6e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5",
        "6e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5g", "6e0f2c1a+93b4-4f57-8d2e-0a1b2c3d4e5f",
        "6e0f2c1-a93b4-4f57-8d2e-0a1b2c3d4e5f"}) {
    EXPECT_EQ(CategoryOf(Uuid::Parse(bad).status()), ErrorCategory::kInvalidInput) << bad;
  }
}

TEST(Uuid, IsMadeOfSixteenBytesOnly) {
  EXPECT_EQ(Uuid::FromBytes(kExample.bytes).ValueOrDie(), kExample);
  const std::array<uint8_t, 17> more{};
  EXPECT_FALSE(Uuid::FromBytes(more).ok());
  EXPECT_FALSE(Uuid::FromBytes(std::span(more).first(15)).ok());
}

TEST(Uuid, RandomOnesAreOfVersion4AndDiffer) {
  const std::regex version4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = Uuid::Random().ToString();
    EXPECT_TRUE(std::regex_match(text, version4)) << text;
    seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(Uuid, AForkedChildDoesNotRepeatItsParent) {
  Uuid::Random();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Uuid mine = Uuid::Random();
    _exit(write(ends[1], mine.bytes.data(), 16) == 16 ? 0 : 1);
  }
  const Uuid mine = Uuid::Random();
  Uuid other;
  ASSERT_EQ(read(ends[0], other.bytes.data(), 16), 16);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  EXPECT_NE(mine, other);
}

TEST(DataFileName, Is24BinaryDigitsAnd26HexDigits) {
  // 0x6E 0x0F 0x2C, then bytes 3 to 15.
  EXPECT_EQ(DataFileName(kExample),
            "011011100000111100101100"
            "1a93b44f578d2e0a1b2c3d4e5f");
  EXPECT_TRUE(std::regex_match(DataFileName(), std::regex("[01]{24}[0-9a-f]{26}")));
  EXPECT_NE(DataFileName(), DataFileName());
}

}  // namespace
}  // namespace lancea
