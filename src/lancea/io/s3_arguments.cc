#include "lancea/io/s3_arguments.h"

#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<std::optional<S3Credentials>> GivenCredentials(const StorageOptions& options) {
  const auto access_key = options.Get({"aws_access_key_id", "access_key_id"});
  const auto secret_key = options.Get({"aws_secret_access_key", "secret_access_key"});
  const auto token = options.Get({"aws_session_token", "aws_token", "session_token", "token"});
  if (access_key.has_value() != secret_key.has_value()) {
    return InvalidInput("access_key_id and secret_access_key come together; ",
                        access_key.has_value() ? "secret_access_key" : "access_key_id",
                        " is missing");
  }
  if (!access_key.has_value()) return std::nullopt;
  return S3Credentials{*access_key, *secret_key, token.value_or("")};
}

arrow::Result<S3Arguments::ConditionalPuts> GivenConditionalPuts(const StorageOptions& options) {
  using Puts = S3Arguments::ConditionalPuts;
  const auto text = options.Get({"aws_conditional_put", "conditional_put"});
  if (!text.has_value()) return Puts::kUnlessTheServiceIgnoresThem;
  if (*text == "etag") return Puts::kTrusted;
  if (*text == "disabled") return Puts::kDisabled;
  return InvalidInput("aws_conditional_put must be \"etag\" or \"disabled\", got \"", *text, "\"");
}

}  // namespace

arrow::Result<S3Arguments> MakeS3Arguments(const std::string& bucket,
                                           const StorageOptions& options) {
  S3Arguments out;
  out.bucket = bucket;
  auto url = options.Get({"aws_endpoint_url_s3"});
  if (!url.has_value())
    url = options.Get({"aws_endpoint", "aws_endpoint_url", "endpoint_url", "endpoint"});
  ARROW_ASSIGN_OR_RAISE(out.endpoint,
                        ParseEndpoint(url, options.GetBool({"aws_allow_http", "allow_http"})));
  out.has_virtual_hosts =
      options.GetBool({"aws_virtual_hosted_style_request", "virtual_hosted_style_request"});
  if (out.has_virtual_hosts && !out.endpoint.host.empty()) {
    // pylance wants the bucket in the endpoint then.
    const std::string prefix = internal::Concat(bucket, ".");
    if (!out.endpoint.host.starts_with(prefix)) {
      return Unsupported("virtual_hosted_style_request with endpoint ", *url,
                         ", which does not begin with the bucket: it must be \"", bucket,
                         ".host\"");
    }
    out.endpoint.host = out.endpoint.host.substr(prefix.size());
  }

  auto region = options.Get({"aws_region", "region"});
  if (!region.has_value()) region = options.Get({"aws_default_region", "default_region"});
  // Services that are not AWS's have this region if any.
  out.region = region.value_or(out.endpoint.host.empty() ? "" : "us-east-1");
  out.is_anonymous = options.GetBool({"aws_skip_signature", "skip_signature"});
  if (!out.is_anonymous) {
    ARROW_ASSIGN_OR_RAISE(out.credentials, GivenCredentials(options));
  }
  out.verify_certificates =
      !options.GetBool({"aws_allow_invalid_certificates", "allow_invalid_certificates"});
  ARROW_ASSIGN_OR_RAISE(out.conditional_puts, GivenConditionalPuts(options));
  return out;
}

}  // namespace lancea
