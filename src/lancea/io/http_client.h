// Single HTTP requests, for the few that Arrow's clients of the clouds cannot make.
//
// They are sent by the system's libcurl, which is loaded when the first one is sent: a process that never
// commits to a cloud never has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrow/result.h"

namespace lancea {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string url;  ///< percent-encoded; sent as it is
  HttpHeaders headers;
  std::span<const uint8_t> body;  ///< the caller's, alive until the reply is there
};

struct HttpReply {
  /// 0: there was none, `failure` says why.
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< its first 64 KiB

  std::string failure;
  bool may_have_arrived = false;  ///< without a reply: the service may have done what it was asked
  bool is_hopeless = false;       ///< without a reply: another attempt would end the same way
};

/// Thread-safe; connections are kept for the next request.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// Send and wait for the reply, redirects not followed.
  /// \return Unsupported when there is no libcurl
  virtual arrow::Result<HttpReply> Send(const HttpRequest& request) = 0;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  /// For a whole request, plus the time that its body takes at 128 KiB/s.
  std::chrono::milliseconds request_timeout = std::chrono::seconds(30);
  bool verify_certificates = true;
};

/// Nothing is loaded or opened yet.
std::shared_ptr<HttpClient> MakeHttpClient(const HttpClientOptions& options);

}  // namespace lancea
