#include "lancea/io/s3_arguments.h"

#include <gtest/gtest.h>

#include "lancea/error.h"

namespace lancea {
namespace {

using Options = std::map<std::string, std::string>;
using Puts = S3Arguments::ConditionalPuts;

arrow::Result<S3Arguments> S3(const Options& options) {
  return MakeS3Arguments("bucket", StorageOptions(options, "aws_", [](const char*) -> const char* {
                           return nullptr;
                         }));
}

TEST(S3Arguments, AreTheBareBucketWithoutOptions) {
  for (const Options& options : {Options{}, Options{{"no_such_option", "x"}}}) {
    const S3Arguments arguments = *S3(options);
    EXPECT_EQ(arguments.bucket, "bucket");
    EXPECT_EQ(arguments.region, "");
    EXPECT_EQ(arguments.endpoint, Endpoint{});
    EXPECT_FALSE(arguments.credentials.has_value());
    EXPECT_FALSE(arguments.is_anonymous || arguments.has_virtual_hosts);
    EXPECT_EQ(arguments.conditional_puts, Puts::kUnlessTheServiceIgnoresThem);
  }
}

TEST(S3Arguments, CarryPylancesOptions) {
  const S3Arguments arguments = *S3({{"access_key_id", "id"},
                                     {"aws_secret_access_key", "a/b+c"},
                                     {"session_token", "t"},
                                     {"region", "eu-west-1"},
                                     {"endpoint", "http://LocalHost:9000/"},
                                     {"allow_http", "true"},
                                     {"aws_conditional_put", "etag"}});
  EXPECT_EQ(arguments.region, "eu-west-1");
  EXPECT_EQ(arguments.endpoint, (Endpoint{"http", "localhost:9000"}));
  EXPECT_EQ(arguments.credentials->access_key, "id");
  EXPECT_EQ(arguments.credentials->secret_key, "a/b+c");
  EXPECT_EQ(arguments.credentials->session_token, "t");
  EXPECT_EQ(arguments.conditional_puts, Puts::kTrusted);
}

TEST(S3Arguments, TakeTheSchemesOwnPortForNone) {
  EXPECT_EQ(S3({{"endpoint", "https://h:443"}})->endpoint.host, "h");
  EXPECT_EQ(S3({{"endpoint", "h:80"}})->endpoint.host, "h:80");
}

TEST(S3Arguments, HaveARegionForServicesThatAreNotAwss) {
  EXPECT_EQ(S3({{"endpoint", "https://h"}})->region, "us-east-1");
  EXPECT_EQ(S3({{"endpoint", "https://h"}, {"region", "auto"}})->region, "auto");
}

TEST(S3Arguments, NeedNoCredentialsWithoutSignatures) {
  const S3Arguments arguments = *S3({{"skip_signature", "true"}, {"access_key_id", "half"}});
  EXPECT_TRUE(arguments.is_anonymous);
  EXPECT_FALSE(arguments.credentials.has_value());
}

TEST(S3Arguments, TakeTheBucketOutOfTheEndpointOfVirtualHosts) {
  const S3Arguments arguments =
      *S3({{"virtual_hosted_style_request", "true"}, {"endpoint", "https://bucket.h:9000"}});
  EXPECT_TRUE(arguments.has_virtual_hosts);
  EXPECT_EQ(arguments.endpoint.host, "h:9000");
  EXPECT_EQ(CategoryOf(
                S3({{"virtual_hosted_style_request", "true"}, {"endpoint", "https://h"}}).status()),
            ErrorCategory::kUnsupported);
  EXPECT_TRUE(S3({{"virtual_hosted_style_request", "true"}}).ok());
}

TEST(S3Arguments, RejectWhatCannotBeMeant) {
  for (const Options& bad :
       {Options{{"access_key_id", "id"}}, Options{{"secret_access_key", "s"}},
        Options{{"endpoint", "http://localhost:9000"}}, Options{{"endpoint", "ftp://host"}},
        Options{{"endpoint", "https://"}}, Options{{"aws_conditional_put", "dynamo:t"}}}) {
    const arrow::Status status = S3(bad).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << status;
  }
  EXPECT_EQ(S3({{"conditional_put", "disabled"}})->conditional_puts, Puts::kDisabled);
}

}  // namespace
}  // namespace lancea
