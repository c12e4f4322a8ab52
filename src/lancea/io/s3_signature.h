// Signatures of requests to S3 and what speaks like it: AWS Signature Version 4, by headers.
//
//   key        HMAC of "aws4_request" under HMAC of "s3" under HMAC of the region under HMAC of the day
//              under "AWS4" + secret key
//   signature  HMAC, under the key, of the time, the scope "day/region/s3/aws4_request" and the digest of
//              the method, path, query, signed headers and the digest of the body
//
// Source: AWS's "Signature Calculations for the Authorization Header" (S3 API reference); the tests are its
// examples.
#pragma once

#include <ctime>
#include <functional>
#include <span>
#include <string>

#include "arrow/result.h"
#include "lancea/io/http_client.h"

namespace lancea {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< empty unless they are temporary
};

struct S3Request {
  std::string method;
  std::string host;     ///< as the Host header has it
  std::string path;     ///< "/bucket/key", percent-encoded once
  HttpHeaders headers;  ///< to be signed beside the host; no name twice, in any case
  std::span<const uint8_t> body;
};

/// The request's headers and those that sign it: x-amz-date, x-amz-content-sha256, Authorization and, with
/// temporary credentials, x-amz-security-token.
HttpHeaders SignS3Request(const S3Request& request, const S3Credentials& credentials,
                          const std::string& region, std::time_t now);

}  // namespace lancea
