// Conditional writes to S3 and what speaks like it: PUT with "If-None-Match: *".
//
// AWS has them since 2024, as have MinIO, Cloudflare R2, Ceph and Tigris. Two requests at once for one object
// may both be told 409, and are made again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lancea/io/conditional_put.h"
#include "lancea/io/s3_arguments.h"

namespace lancea {

/// \param region  where the bucket is
/// \param credentials  asked for with every request; empty keys: not signed
std::unique_ptr<ConditionalPutProtocol> MakeS3ConditionalPutProtocol(
    const S3Arguments& arguments, const std::string& region,
    std::function<S3Credentials()> credentials);

}  // namespace lancea
