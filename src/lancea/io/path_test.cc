#include "lancea/io/path.h"

#include <gtest/gtest.h>

#include "lancea/io/percent_encoding.h"

namespace lancea {
namespace {

TEST(JoinPath, PutsExactlyOneSlashBetween) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("a", "/b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "/b"), "a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
}

TEST(JoinPath, OfNothingIsTheName) {
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("", "/b"), "/b");
}

TEST(PercentEncoding, DecodesWhatItEncoded) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(PercentDecode(PercentEncode(all)), all);
  EXPECT_EQ(PercentEncode("a b/ü"), "a%20b%2F%C3%BC");
}

TEST(PercentEncoding, LeavesAStrayPercentAlone) {
  for (const char* text : {"%", "100%", "%4", "%zz", "a%%b"}) EXPECT_EQ(PercentDecode(text), text);
  EXPECT_EQ(PercentDecode("%2541"), "%41");
}

}  // namespace
}  // namespace lancea
