#include "lancea/io/azure_conditional_put.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "arrow/util/base64.h"
#include "lancea/io/percent_encoding.h"
#include "lancea/util/errors.h"
#include "lancea/util/sha256.h"

namespace lancea {
namespace {

constexpr char kServiceVersion[] = "2021-12-02";

// "Fri, 24 May 2013 00:00:00 GMT" in any locale.
std::string HttpDate(std::time_t now) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays[static_cast<size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                utc.tm_min, utc.tm_sec);
  return text;
}

class AzureConditionalPutProtocol : public ConditionalPutProtocol {
 public:
  AzureConditionalPutProtocol(AzureAccess access, std::time_t (*clock)(std::time_t*))
      : access_(std::move(access)), clock_(clock) {
    if (access_.sas_token.starts_with('?')) access_.sas_token.erase(0, 1);
  }

  arrow::Result<HttpRequest> Create(const std::string& path,
                                    std::span<const uint8_t> bytes) override {
    return Authorized("PUT", path, {{"x-ms-blob-type", "BlockBlob"}}, bytes);
  }

  arrow::Result<HttpRequest> Remove(const std::string& path) override {
    return Authorized("DELETE", path, {}, {});
  }

  bool SaysItExists(const HttpReply& reply) const override {
    if (reply.status == 412) return true;
    const auto code = reply.headers.find("x-ms-error-code");
    return reply.status == 409 && code != reply.headers.end() &&
           code->second == "BlobAlreadyExists";
  }

  std::string Uri(const std::string& path) const override {
    return "az://" + path + " (" + access_.account + ")";
  }

 private:
  /// \param ms_headers  those that begin with "x-ms-", in lexical order
  arrow::Result<HttpRequest> Authorized(const std::string& method, const std::string& path,
                                        HttpHeaders ms_headers,
                                        std::span<const uint8_t> bytes) const {
    const bool is_put = method == "PUT";
    const std::string content_type = is_put ? "application/octet-stream" : "";
    HttpRequest request{.method = method,
                        .url = access_.blob_url + PercentEncode(path, /*kept=*/"/"),
                        .headers = {},
                        .body = bytes};
    ms_headers.emplace_back("x-ms-date", HttpDate(clock_(nullptr)));
    ms_headers.emplace_back("x-ms-version", kServiceVersion);
    request.headers = ms_headers;
    if (is_put) {
      request.headers.emplace_back("Content-Type", content_type);
      request.headers.emplace_back("If-None-Match", "*");
    }
    if (access_.is_anonymous) return request;
    if (!access_.account_key.empty()) {
      const std::string length = bytes.empty() ? "" : std::to_string(bytes.size());
      // Content-Encoding, -Language, -Length, -MD5, -Type; Date, If-Modified-Since, If-Match,
      // If-None-Match, If-Unmodified-Since, Range.
      std::string to_sign = method + "\n\n\n" + length + "\n\n" + content_type + "\n\n\n\n" +
                            (is_put ? "*" : "") + "\n\n\n";
      for (const auto& [name, value] : ms_headers) {
        to_sign += internal::Concat(name, ":", value, "\n");
      }
      const size_t host = request.url.find("://") + 3;
      to_sign += "/" + access_.account + request.url.substr(request.url.find('/', host));
      ARROW_ASSIGN_OR_RAISE(const std::string key, arrow::util::base64_decode(access_.account_key));
      const Sha256Digest digest =
          HmacSha256({reinterpret_cast<const uint8_t*>(key.data()), key.size()}, to_sign);
      request.headers.emplace_back(
          "Authorization", "SharedKey " + access_.account + ":" +
                               arrow::util::base64_encode(
                                   {reinterpret_cast<const char*>(digest.data()), digest.size()}));
      return request;
    }
    if (access_.sas_token.empty()) {
      return Unsupported(
          "cannot create ", Uri(path),
          " only if it is not there: that needs the account's key or a SAS token, since other "
          "credentials stay inside Arrow's client; or commit with a commit lock or an external "
          "manifest store");
    }
    request.url += "?" + access_.sas_token;
    return request;
  }

  AzureAccess access_;
  std::time_t (*clock_)(std::time_t*);
};

}  // namespace

std::unique_ptr<ConditionalPutProtocol> MakeAzureConditionalPutProtocol(
    AzureAccess access, std::time_t (*clock)(std::time_t*)) {
  return std::make_unique<AzureConditionalPutProtocol>(std::move(access), clock);
}

}  // namespace lancea
