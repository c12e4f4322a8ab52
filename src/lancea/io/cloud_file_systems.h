// Arrow's clients for the clouds, set up from pylance's storage options.
//
// S3's is in a library of its own (s3_client.h). Google's and Azure's are part of libarrow, when it was built
// with them.
#pragma once

#include <memory>
#include <string>

#include "arrow/filesystem/type_fwd.h"
#include "arrow/io/type_fwd.h"
#include "arrow/result.h"
#include "lancea/io/conditional_put.h"
#include "lancea/io/storage_options.h"

namespace lancea {

struct CloudClient {
  std::shared_ptr<arrow::fs::FileSystem> file_system;
  /// How to write there only where nothing is; null when that is not wanted.
  std::unique_ptr<ConditionalPutProtocol> conditional_put;
  /// The provider's own service: it is known to check preconditions.
  bool is_providers_own = true;
};

/// The client is shut down when the process exits.
/// \return what MakeS3Arguments and MakeS3Client refuse
arrow::Result<CloudClient> MakeS3(const std::string& bucket, const StorageOptions& options,
                                  const arrow::io::IOContext& context);

arrow::Result<CloudClient> MakeGcs(const StorageOptions& options,
                                   const arrow::io::IOContext& context);

/// \param account, host  from the URI; empty when it has none
arrow::Result<CloudClient> MakeAzure(const std::string& account, const std::string& host,
                                     const StorageOptions& options,
                                     const arrow::io::IOContext& context);

/// Tell Arrow where this machine keeps certificates, once per process, before the first client.
void PrepareCloudClients();

}  // namespace lancea
