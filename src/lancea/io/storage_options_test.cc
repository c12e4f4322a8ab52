#include "lancea/io/storage_options.h"

#include <gtest/gtest.h>

#include "lancea/error.h"

namespace lancea {
namespace {

using Options = std::map<std::string, std::string>;

StorageOptions Aws(const Options& options, const Options& environment = {}) {
  return StorageOptions(options, "aws_", [environment](const char* name) -> const char* {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(StorageOptions, AreFoundByAnyAliasInAnyCase) {
  EXPECT_EQ(Aws({{"region", "r"}}).Get({"aws_region", "region"}), "r");
  EXPECT_EQ(Aws({{"AWS_Region", "r"}}).Get({"aws_region", "region"}), "r");
  EXPECT_EQ(Aws({{"other", "r"}}).Get({"aws_region", "region"}), std::nullopt);
}

TEST(StorageOptions, TheCanonicalNameWinsThenTheFirstInTheAlphabet) {
  EXPECT_EQ(Aws({{"region", "alias"}, {"aws_region", "canonical"}}).Get({"aws_region", "region"}),
            "canonical");
  EXPECT_EQ(Aws({{"endpoint", "alias"}, {"url", "canonical"}}).Get({"url", "endpoint"}),
            "canonical");
  EXPECT_EQ(Aws({{"token", "t"}, {"session_token", "s"}})
                .Get({"aws_session_token", "token", "session_token"}),
            "s");
  EXPECT_EQ(Aws({{"AWS_REGION", "capitals"}, {"aws_region", "exact"}}).Get({"aws_region"}),
            "exact");
}

TEST(StorageOptions, ComeFromTheEnvironmentOnlyWhenNotGivenAndOnlyWithThePrefix) {
  const Options environment = {{"AWS_REGION", "env"}, {"REGION", "wrong"}};
  EXPECT_EQ(Aws({}, environment).Get({"aws_region", "region"}), "env");
  EXPECT_EQ(Aws({{"region", "given"}}, environment).Get({"aws_region", "region"}), "given");
  EXPECT_EQ(Aws({{"region", ""}}, environment).Get({"aws_region", "region"}), std::nullopt);
  EXPECT_EQ(Aws({}, {{"REGION", "wrong"}}).Get({"aws_region", "region"}), std::nullopt);
}

TEST(StorageOptions, KnowWhatIsTrue) {
  for (const char* yes : {"1", "true", "True", "ON", "yes", "y"}) {
    EXPECT_TRUE(Aws({{"allow_http", yes}}).GetBool({"aws_allow_http", "allow_http"})) << yes;
  }
  for (const char* no : {"0", "false", "", "no", "maybe"}) {
    EXPECT_FALSE(Aws({{"allow_http", no}}).GetBool({"aws_allow_http", "allow_http"})) << no;
  }
}

TEST(OptionsOfBase, AreThoseOfItsPathAloneWhereThereAreSuch) {
  const std::map<std::string, std::string> options = {
      {"region", "here"},          {"base_1.region", "there"}, {"base[s3://b/x].", ""},
      {"base[s3://b/x].key", "k"}, {"base[s3://b/y].", ""},
  };
  using Options = std::map<std::string, std::string>;
  EXPECT_EQ(OptionsOfBase(options, std::nullopt), (Options{{"region", "here"}}));
  EXPECT_EQ(OptionsOfBase(options, 1, "s3://b"), (Options{{"region", "there"}}));
  EXPECT_EQ(OptionsOfBase(options, 1, "s3://b/x"), (Options{{"key", "k"}}));
  EXPECT_EQ(OptionsOfBase(options, 1, "s3://b/y"), Options());
}

TEST(OptionsOfBase, OverrideTheSharedOnesForThatBaseAlone) {
  const Options options = {{"region", "shared"}, {"base_1.region", "one"}, {"base_2.token", "two"}};
  EXPECT_EQ(OptionsOfBase(options, std::nullopt), (Options{{"region", "shared"}}));
  EXPECT_EQ(OptionsOfBase(options, 1), (Options{{"region", "one"}}));
  EXPECT_EQ(OptionsOfBase(options, 2), (Options{{"region", "shared"}, {"token", "two"}}));
}

TEST(OptionsOfBase, LeaveAloneWhatOnlyLooksScoped) {
  const Options options = {{"base_url", "u"},
                           {"base_x.k", "v"},
                           {"base_1.", "v"},
                           {"base_.k", "v"},
                           {"base_4294967296.k", "v"}};
  EXPECT_EQ(OptionsOfBase(options, 1), options);
}

TEST(BlockSizeOption, IsANumberOfBytes) {
  EXPECT_EQ(*BlockSizeOption({{"Block_Size", "8192"}}), 8192u);
  EXPECT_EQ(*BlockSizeOption({}), std::nullopt);
  EXPECT_EQ(CategoryOf(BlockSizeOption({{"block_size", "8k"}}).status()),
            ErrorCategory::kInvalidInput);
}

}  // namespace
}  // namespace lancea
