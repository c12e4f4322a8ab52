// How a bucket of S3 is reached, from pylance's storage options.
#pragma once

#include <optional>
#include <string>

#include "arrow/result.h"
#include "lancea/io/endpoint.h"
#include "lancea/io/s3_signature.h"
#include "lancea/io/storage_options.h"

namespace lancea {

struct S3Arguments {
  std::string bucket;
  std::string region;                        ///< empty: asked of AWS, which knows where a bucket is
  Endpoint endpoint;                         ///< without the bucket
  std::optional<S3Credentials> credentials;  ///< empty: as AWS's client finds them
  bool is_anonymous = false;                 ///< requests are not signed
  bool has_virtual_hosts = false;  ///< "https://bucket.endpoint/", not "https://endpoint/bucket/"
  bool verify_certificates = true;

  enum class ConditionalPuts {
    kUnlessTheServiceIgnoresThem,  ///< nothing said: AWS is known to have them, others are tried
    kTrusted,                      ///< aws_conditional_put = "etag"
    kDisabled,                     ///< aws_conditional_put = "disabled"
  } conditional_puts = ConditionalPuts::kUnlessTheServiceIgnoresThem;
};

/// \return InvalidInput for half a credential, an http endpoint without allow_http, and another
///   aws_conditional_put; Unsupported for virtual hosts whose endpoint does not begin with the bucket
arrow::Result<S3Arguments> MakeS3Arguments(const std::string& bucket,
                                           const StorageOptions& options);

}  // namespace lancea
