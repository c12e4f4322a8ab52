#include "lancea/io/s3_conditional_put.h"

#include <ctime>
#include <utility>

#include "lancea/io/percent_encoding.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

Endpoint EndpointOfAws(const std::string& region) {
  const char* domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return {.scheme = "https", .host = "s3." + region + domain};
}

class S3ConditionalPutProtocol : public ConditionalPutProtocol {
 public:
  S3ConditionalPutProtocol(const S3Arguments& arguments, std::string region,
                           std::function<S3Credentials()> credentials)
      : endpoint_(arguments.endpoint),
        region_(std::move(region)),
        credentials_(std::move(credentials)) {
    const bool is_aws = endpoint_.host.empty();
    if (is_aws) endpoint_ = EndpointOfAws(region_);
    // A certificate for "*.s3.region" does not hold for two more labels.
    const bool in_host =
        arguments.has_virtual_hosts || (is_aws && arguments.bucket.find('.') == std::string::npos);
    if (in_host) {
      endpoint_.host = internal::Concat(arguments.bucket, ".", endpoint_.host);
      path_prefix_bytes_ = arguments.bucket.size() + 1;
    }
  }

  arrow::Result<HttpRequest> Create(const std::string& path,
                                    std::span<const uint8_t> bytes) override {
    return Signed("PUT", path,
                  {{"Content-Type", "application/octet-stream"}, {"If-None-Match", "*"}}, bytes);
  }

  arrow::Result<HttpRequest> Remove(const std::string& path) override {
    return Signed("DELETE", path, {}, {});
  }

  bool SaysItExists(const HttpReply& reply) const override {
    return reply.status == 412 || reply.status == 304;  // what some services say instead
  }

  std::string Uri(const std::string& path) const override { return "s3://" + path; }

 private:
  HttpRequest Signed(const std::string& method, const std::string& path, HttpHeaders headers,
                     std::span<const uint8_t> bytes) const {
    const std::string url_path =
        internal::Concat("/", PercentEncode(path.substr(path_prefix_bytes_), /*kept=*/"/"));
    HttpRequest request{.method = method,
                        .url = endpoint_.scheme + "://" + endpoint_.host + url_path,
                        .headers = std::move(headers),
                        .body = bytes};
    const S3Credentials credentials = credentials_();
    if (!credentials.access_key.empty()) {
      request.headers = SignS3Request({method, endpoint_.host, url_path, request.headers, bytes},
                                      credentials, region_, std::time(nullptr));
    }
    return request;
  }

  Endpoint endpoint_;             // with the bucket, if that is where it goes
  size_t path_prefix_bytes_ = 0;  // of "bucket/key" that are not in the URL's path
  const std::string region_;
  const std::function<S3Credentials()> credentials_;
};

}  // namespace

std::unique_ptr<ConditionalPutProtocol> MakeS3ConditionalPutProtocol(
    const S3Arguments& arguments, const std::string& region,
    std::function<S3Credentials()> credentials) {
  return std::make_unique<S3ConditionalPutProtocol>(arguments, region, std::move(credentials));
}

}  // namespace lancea
