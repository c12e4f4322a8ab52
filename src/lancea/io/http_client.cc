#include "lancea/io/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr size_t kMaxBodyBytes = 64 << 10;
constexpr long kSlowestBytesPerMilli = 128;
constexpr size_t kMaxIdleConnections = 16;

// The functions of libcurl that are used here.
struct Curl {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

arrow::Result<Curl> LoadCurl() {
  void* library = nullptr;
  // Debian's and Fedora's names; the second is the same library over another implementation of TLS.
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
  }
  if (library == nullptr) {
    return Unsupported("writing to an object store only where nothing is needs libcurl (",
                       dlerror(), "): install it (Debian: libcurl4), or commit with a commit lock");
  }
  Curl curl;
  bool complete = true;
  auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    complete = complete && function != nullptr;
  };
  find(curl.global_init, "curl_global_init");
  find(curl.easy_init, "curl_easy_init");
  find(curl.easy_reset, "curl_easy_reset");
  find(curl.easy_cleanup, "curl_easy_cleanup");
  find(curl.easy_setopt, "curl_easy_setopt");
  find(curl.easy_getinfo, "curl_easy_getinfo");
  find(curl.easy_perform, "curl_easy_perform");
  find(curl.easy_strerror, "curl_easy_strerror");
  find(curl.slist_append, "curl_slist_append");
  find(curl.slist_free_all, "curl_slist_free_all");
  if (!complete) return Unsupported("the system's libcurl lacks functions that are older than it");
  if (const CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
    return arrow::Status::IOError("cannot start libcurl: ", curl.easy_strerror(code));
  }
  return curl;
}

const arrow::Result<Curl>& TheCurl() {
  static const arrow::Result<Curl> curl = LoadCurl();
  return curl;
}

size_t ReceiveBody(char* bytes, size_t, size_t num_bytes, void* reply) {
  std::string& body = static_cast<HttpReply*>(reply)->body;
  body.append(bytes, std::min(num_bytes, kMaxBodyBytes - body.size()));
  return num_bytes;
}

size_t ReceiveHeader(char* bytes, size_t, size_t num_bytes, void* reply) {
  const std::string_view line(bytes, num_bytes);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return num_bytes;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front()))) {
    value.remove_prefix(1);
  }
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) {
    value.remove_suffix(1);
  }
  static_cast<HttpReply*>(reply)->headers[std::move(name)] = value;
  return num_bytes;
}

// True for failures that come before the request is sent.
bool CameBeforeSending(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return true;
    default:
      return false;
  }
}

bool IsHopeless(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
}

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(const HttpClientOptions& options) : options_(options) {}

  ~CurlClient() override {
    // A connection that was opened before a fork belongs to the parent, too: it is left alone.
    if (idle_.empty() || owner_ != getpid()) return;
    for (CURL* connection : idle_) TheCurl()->easy_cleanup(connection);
  }

  arrow::Result<HttpReply> Send(const HttpRequest& request) override {
    ARROW_RETURN_NOT_OK(TheCurl().status());
    const Curl& curl = *TheCurl();
    CURL* connection = TakeIdle();
    if (connection == nullptr) connection = curl.easy_init();
    if (connection == nullptr) return arrow::Status::OutOfMemory("libcurl has no memory");

    curl_slist* headers = nullptr;
    // Without it libcurl waits up to a second for a go-ahead before it sends a large body.
    headers = curl.slist_append(headers, "Expect:");
    for (const auto& [name, value] : request.headers) {
      headers = curl.slist_append(headers, internal::Concat(name, ": ", value).c_str());
    }
    HttpReply reply;
    char failure[CURL_ERROR_SIZE] = "";
    auto set = [&](CURLoption option, auto value) { curl.easy_setopt(connection, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    if (request.method != "GET" && request.method != "DELETE") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS,
          request.body.empty() ? "" : reinterpret_cast<const char*>(request.body.data()));
    }
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()) +
                                static_cast<long>(request.body.size()) / kSlowestBytesPerMilli);
    set(CURLOPT_ERRORBUFFER, &failure[0]);
    set(CURLOPT_WRITEFUNCTION, &ReceiveBody);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&reply));
    set(CURLOPT_HEADERFUNCTION, &ReceiveHeader);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&reply));
    if (const char* file = std::getenv("SSL_CERT_FILE")) set(CURLOPT_CAINFO, file);
    if (!options_.verify_certificates) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    const CURLcode code = curl.easy_perform(connection);
    if (code == CURLE_OK) {
      long status = 0;
      curl.easy_getinfo(connection, CURLINFO_RESPONSE_CODE, &status);
      reply.status = static_cast<int>(status);
    } else {
      reply = {};
      reply.failure = failure[0] != '\0' ? failure : curl.easy_strerror(code);
      reply.may_have_arrived = !CameBeforeSending(code);
      reply.is_hopeless = IsHopeless(code);
    }
    curl.slist_free_all(headers);
    curl.easy_reset(connection);  // keeps what is open
    PutBack(connection);
    return reply;
  }

 private:
  CURL* TakeIdle() {
    std::lock_guard lock(mutex_);
    if (owner_ != getpid()) idle_.clear();
    owner_ = getpid();
    if (idle_.empty()) return nullptr;
    CURL* connection = idle_.back();
    idle_.pop_back();
    return connection;
  }

  void PutBack(CURL* connection) {
    {
      std::lock_guard lock(mutex_);
      if (idle_.size() < kMaxIdleConnections) {
        idle_.push_back(connection);
        return;
      }
    }
    TheCurl()->easy_cleanup(connection);
  }

  const HttpClientOptions options_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
  pid_t owner_ = getpid();  // the process that opened the connections
};

}  // namespace

std::shared_ptr<HttpClient> MakeHttpClient(const HttpClientOptions& options) {
  return std::make_shared<CurlClient>(options);
}

}  // namespace lancea
