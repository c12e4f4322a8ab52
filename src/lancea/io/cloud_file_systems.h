// Arrow's clients for the clouds, set up from pylance's storage options.
//
// S3 goes through Arrow's factory for URIs: the client is a shared library of its own since Arrow 24,
// loaded when first needed, so that reading local tables never loads it. Google's and Azure's are part of
// libarrow, when it was built with them.
#pragma once

#include <memory>
#include <string>

#include "arrow/filesystem/type_fwd.h"
#include "arrow/io/type_fwd.h"
#include "arrow/result.h"
#include "lancea/io/storage_options.h"

namespace lancea {

/// What S3's factory is given; apart so that it can be tested without a network.
struct S3FactoryArguments {
  std::string uri;                                 ///< s3://bucket?region=...
  std::map<std::string, std::string> credentials;  ///< access_key, secret_key, session_token
  bool operator==(const S3FactoryArguments&) const = default;
};

/// \return InvalidInput for half a credential or an http endpoint without allow_http; Unsupported for
///   skip_signature and for virtual hosts under an endpoint of one's own
arrow::Result<S3FactoryArguments> MakeS3Arguments(const std::string& bucket,
                                                  const StorageOptions& options);

/// The client is shut down when the process exits.
arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> MakeS3(const std::string& bucket,
                                                             const StorageOptions& options,
                                                             const arrow::io::IOContext& context);

arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> MakeGcs(const StorageOptions& options,
                                                              const arrow::io::IOContext& context);

/// \param account, host  from the URI; empty when it has none
arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> MakeAzure(
    const std::string& account, const std::string& host, const StorageOptions& options,
    const arrow::io::IOContext& context);

/// Tell Arrow where this machine keeps certificates, once per process, before the first client.
void PrepareCloudClients();

}  // namespace lancea
