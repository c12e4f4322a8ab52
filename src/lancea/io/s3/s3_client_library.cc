// liblancea_s3: the one function that s3_client.h loads. Linked to libarrow_s3 and to nothing of Lancea.
#include "arrow/filesystem/s3fs.h"
#include "lancea/export.h"
#include "lancea/io/s3_client.h"

namespace lancea {
namespace {

arrow::Result<arrow::fs::S3Options> MakeOptions(const S3Arguments& arguments) {
  ARROW_RETURN_NOT_OK(arrow::fs::EnsureS3Initialized());
  arrow::fs::S3Options options;
  if (arguments.is_anonymous) {
    options.ConfigureAnonymousCredentials();
  } else if (arguments.credentials.has_value()) {
    const S3Credentials& given = *arguments.credentials;
    options.ConfigureAccessKey(given.access_key, given.secret_key, given.session_token);
  } else {
    options.ConfigureDefaultCredentials();
  }
  options.scheme = arguments.endpoint.scheme;
  options.endpoint_override = arguments.endpoint.host;
  options.force_virtual_addressing = arguments.has_virtual_hosts;
  options.tls_verify_certificates = arguments.verify_certificates;
  options.allow_delayed_open = true;  // one request for a small object, not three
  options.region = arguments.region;
  if (options.region.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.region, arrow::fs::ResolveS3BucketRegion(arguments.bucket));
  }
  return options;
}

// The client renews temporary credentials when they are asked for, each part on its own: parts of two
// generations do not go together.
S3Credentials CurrentCredentials(const arrow::fs::S3Options& options) {
  S3Credentials out;
  do {
    out = {options.GetAccessKey(), options.GetSecretKey(), options.GetSessionToken()};
  } while (out.access_key != options.GetAccessKey());
  return out;
}

arrow::Result<S3Client> Make(const S3Arguments& arguments, const arrow::io::IOContext& context) {
  ARROW_ASSIGN_OR_RAISE(const arrow::fs::S3Options options, MakeOptions(arguments));
  ARROW_ASSIGN_OR_RAISE(auto file_system, arrow::fs::S3FileSystem::Make(options, context));
  S3Client client;
  client.region = file_system->region();
  client.file_system = std::move(file_system);
  client.credentials = [options, is_anonymous = arguments.is_anonymous] {
    return is_anonymous ? S3Credentials{} : CurrentCredentials(options);
  };
  return client;
}

}  // namespace
}  // namespace lancea

extern "C" LANCEA_EXPORT void LanceaMakeS3Client(const lancea::S3Arguments& arguments,
                                                 const arrow::io::IOContext& context,
                                                 arrow::Result<lancea::S3Client>* client) {
  *client = lancea::Make(arguments, context);
}
