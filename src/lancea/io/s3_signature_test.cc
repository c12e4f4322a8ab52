#include "lancea/io/s3_signature.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lancea {
namespace {

// The account and the moment of the examples in AWS's reference.
const S3Credentials kCredentials = {"AKIAIOSFODNN7EXAMPLE",
                                    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
constexpr std::time_t kMay24th2013 = 1369353600;

std::string HeaderOf(const HttpHeaders& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &HttpHeaders::value_type::first);
  return found == headers.end() ? "<none>" : found->second;
}

TEST(S3Signature, IsTheReferencesForAGet) {
  const HttpHeaders signed_headers = SignS3Request({.method = "GET",
                                                    .host = "examplebucket.s3.amazonaws.com",
                                                    .path = "/test.txt",
                                                    .headers = {{"Range", "bytes=0-9"}},
                                                    .body = {}},
                                                   kCredentials, "us-east-1", kMay24th2013);
  EXPECT_EQ(HeaderOf(signed_headers, "x-amz-date"), "20130524T000000Z");
  EXPECT_EQ(HeaderOf(signed_headers, "Range"), "bytes=0-9");
  EXPECT_EQ(HeaderOf(signed_headers, "x-amz-security-token"), "<none>");
  EXPECT_EQ(HeaderOf(signed_headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, IsTheReferencesForAPut) {
  const std::string body = "Welcome to Amazon S3.";
  const HttpHeaders signed_headers =
      SignS3Request({.method = "PUT",
                     .host = "examplebucket.s3.amazonaws.com",
                     .path = "/test%24file.text",
                     .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                     .body = {reinterpret_cast<const uint8_t*>(body.data()), body.size()}},
                    kCredentials, "us-east-1", kMay24th2013);
  EXPECT_EQ(HeaderOf(signed_headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
            "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signature, CoversTheTokenOfTemporaryCredentials) {
  S3Credentials temporary = kCredentials;
  temporary.session_token = "to/ken+";
  const HttpHeaders signed_headers = SignS3Request({.method = "PUT",
                                                    .host = "h",
                                                    .path = "/b/k",
                                                    .headers = {{"If-None-Match", "*"}},
                                                    .body = {}},
                                                   temporary, "eu-west-1", kMay24th2013);
  EXPECT_EQ(HeaderOf(signed_headers, "x-amz-security-token"), "to/ken+");
  EXPECT_NE(HeaderOf(signed_headers, "Authorization")
                .find("SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date;"
                      "x-amz-security-token,"),
            std::string::npos);
}

}  // namespace
}  // namespace lancea
