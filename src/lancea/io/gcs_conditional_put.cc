#include "lancea/io/gcs_conditional_put.h"

#include <utility>

#include "lancea/io/percent_encoding.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class GcsConditionalPutProtocol : public ConditionalPutProtocol {
 public:
  explicit GcsConditionalPutProtocol(GcsAccess access) : access_(std::move(access)) {
    if (access_.endpoint.host.empty()) access_.endpoint.host = "storage.googleapis.com";
  }

  arrow::Result<HttpRequest> Create(const std::string& path,
                                    std::span<const uint8_t> bytes) override {
    const auto [bucket, key] = Split(path);
    return Authorized({.method = "POST",
                       .url = Base() + "/upload/storage/v1/b/" + PercentEncode(bucket) +
                              "/o?uploadType=media&ifGenerationMatch=0&name=" + PercentEncode(key),
                       .headers = {{"Content-Type", "application/octet-stream"}},
                       .body = bytes},
                      path);
  }

  arrow::Result<HttpRequest> Remove(const std::string& path) override {
    const auto [bucket, key] = Split(path);
    return Authorized(
        {.method = "DELETE",
         .url = Base() + "/storage/v1/b/" + PercentEncode(bucket) + "/o/" + PercentEncode(key),
         .headers = {},
         .body = {}},
        path);
  }

  std::string Uri(const std::string& path) const override { return "gs://" + path; }

 private:
  static std::pair<std::string, std::string> Split(const std::string& path) {
    const size_t slash = path.find('/');
    if (slash == std::string::npos) return {path, ""};
    return {path.substr(0, slash), path.substr(slash + 1)};
  }

  std::string Base() const { return access_.endpoint.scheme + "://" + access_.endpoint.host; }

  arrow::Result<HttpRequest> Authorized(HttpRequest request, const std::string& path) const {
    if (access_.is_anonymous) return request;
    if (access_.bearer_token.empty()) {
      return Unsupported(
          "cannot create ", Uri(path),
          " only if it is not there: that needs a token (google_storage_token), since the "
          "credentials of a service account stay inside Arrow's client; or commit with a commit "
          "lock or an external manifest store");
    }
    request.headers.emplace_back("Authorization", "Bearer " + access_.bearer_token);
    return request;
  }

  GcsAccess access_;
};

}  // namespace

std::unique_ptr<ConditionalPutProtocol> MakeGcsConditionalPutProtocol(GcsAccess access) {
  return std::make_unique<GcsConditionalPutProtocol>(std::move(access));
}

}  // namespace lancea
