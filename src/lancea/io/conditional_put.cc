#include "lancea/io/conditional_put.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <string_view>

#include "lancea/io/duration.h"
#include "lancea/util/backoff.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

using std::chrono::steady_clock;

class PutOutcomeUnknown : public arrow::StatusDetail {
 public:
  static constexpr char kTypeId[] = "lancea::PutOutcomeUnknown";
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return "the object may have been written"; }
};

// What lies between <tag> and </tag>.
std::string_view XmlText(std::string_view body, std::string_view tag) {
  const std::string open = internal::Concat("<", tag, ">");
  const std::string close = internal::Concat("</", tag, ">");
  const size_t begin = body.find(open);
  if (begin == std::string_view::npos) return {};
  const size_t end = body.find(close, begin);
  if (end == std::string_view::npos) return {};
  return body.substr(begin + open.size(), end - begin - open.size());
}

// "HTTP 403, AccessDenied: Access Denied", from an answer in XML, or with the beginning of another answer.
std::string Describe(const HttpReply& reply) {
  constexpr size_t kMaxChars = 300;
  if (reply.status == 0) return reply.failure;
  const std::string_view body = reply.body;
  const std::string_view code = XmlText(body, "Code"), message = XmlText(body, "Message");
  if (!code.empty()) {
    return internal::Concat("HTTP ", reply.status, ", ", code, ": ", message.substr(0, kMaxChars));
  }
  return internal::Concat("HTTP ", reply.status, body.empty() ? "" : ": ",
                          body.substr(0, kMaxChars));
}

std::string_view Advice(int status) {
  switch (status) {
    case 301:
    case 307:
      return "; the region or the endpoint is not the bucket's";
    case 400:
      return "; look at the region and the credentials";
    case 401:
    case 403:
      return "; the credentials must allow to write there";
    case 404:
      return "; there may be no such bucket";
    case 501:
      return "; this service has no conditional writes: commits to it need a commit lock or an "
             "external manifest store";
    default:
      return "";
  }
}

bool IsWorthAnotherAttempt(const HttpReply& reply) {
  if (reply.status == 0) return !reply.is_hopeless;
  return reply.status == 408 || reply.status == 409 || reply.status == 429 ||
         (reply.status >= 500 && reply.status != 501);
}

bool MayHaveBeenDone(const HttpReply& reply) {
  return reply.status == 0 ? reply.may_have_arrived : reply.status == 408 || reply.status >= 500;
}

class HttpConditionalPut : public ConditionalPut {
 public:
  HttpConditionalPut(std::unique_ptr<ConditionalPutProtocol> protocol,
                     std::shared_ptr<HttpClient> client, ConditionalPutOptions options)
      : protocol_(std::move(protocol)),
        client_(std::move(client)),
        options_(options),
        is_trusted_(options.is_trusted) {}

  arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override {
    if (!is_trusted_) ARROW_RETURN_NOT_OK(TryTheService(path));
    ARROW_ASSIGN_OR_RAISE(const bool created, Put(path, bytes));
    if (created) return arrow::Status::OK();
    return AlreadyExists(protocol_->Uri(path), " exists");
  }

 private:
  // \return false when there is an object
  arrow::Result<bool> Put(const std::string& path, std::span<const uint8_t> bytes) {
    const auto deadline = steady_clock::now() + options_.retry_timeout;
    Backoff backoff({.first = options_.first_wait, .longest = std::chrono::seconds(15)});
    bool may_have_been_done = false;
    for (uint32_t attempt = 0;; ++attempt) {
      ARROW_ASSIGN_OR_RAISE(const HttpRequest request, protocol_->Create(path, bytes));
      ARROW_ASSIGN_OR_RAISE(const HttpReply reply, client_->Send(request));
      if (reply.status >= 200 && reply.status < 300) return true;
      if (reply.status != 0 && protocol_->SaysItExists(reply)) return false;
      may_have_been_done = may_have_been_done || MayHaveBeenDone(reply);
      if (!IsWorthAnotherAttempt(reply) || attempt >= options_.max_retries ||
          steady_clock::now() >= deadline) {
        return Failure(path, reply, attempt + 1, may_have_been_done);
      }
      ARROW_RETURN_NOT_OK(backoff.Wait());
    }
  }

  arrow::Status Failure(const std::string& path, const HttpReply& reply, uint32_t attempts,
                        bool may_have_been_done) const {
    std::string message =
        internal::Concat("cannot create ", protocol_->Uri(path),
                         " only if it is not there: ", Describe(reply), Advice(reply.status));
    if (attempts > 1) message += internal::Concat(" (", attempts, " attempts)");
    if (reply.status == 501) return Unsupported(message);
    if (!may_have_been_done) return arrow::Status::IOError(message);
    return arrow::Status(arrow::StatusCode::IOError, message,
                         std::make_shared<PutOutcomeUnknown>());
  }

  arrow::Status TryTheService(const std::string& path) {
    const std::string probe = internal::Concat(path.substr(0, path.find_last_of('/') + 1),
                                               ".lancea-probe-", Uuid::Random().ToString());
    bool replaced = false;
    for (int put = 0; put < 2; ++put) {
      const arrow::Result<bool> created = Put(probe, {});
      // Whatever became of the probe: what was to be written is not there.
      if (!created.ok() && IsPutOutcomeUnknown(created.status())) {
        return created.status().WithDetail(nullptr);
      }
      ARROW_RETURN_NOT_OK(created.status());
      replaced = *created;
    }
    ARROW_ASSIGN_OR_RAISE(const HttpRequest removal, protocol_->Remove(probe));
    (void)client_->Send(removal);  // an empty object stays if it may not be removed
    if (replaced) {
      return Unsupported(
          "the service of ", protocol_->Uri(path),
          " replaces an object that it was asked to leave alone (it ignores "
          "If-None-Match): two writers would lose each other's rows, so commits to it "
          "need a commit lock or an external manifest store");
    }
    is_trusted_ = true;
    return arrow::Status::OK();
  }

  const std::unique_ptr<ConditionalPutProtocol> protocol_;
  const std::shared_ptr<HttpClient> client_;
  const ConditionalPutOptions options_;
  std::atomic<bool> is_trusted_;
};

}  // namespace

bool IsPutOutcomeUnknown(const arrow::Status& status) {
  return !status.ok() && status.detail() != nullptr &&
         std::string_view(status.detail()->type_id()) == PutOutcomeUnknown::kTypeId;
}

ConditionalPutOptions MakeConditionalPutOptions(const StorageOptions& options) {
  ConditionalPutOptions out;
  auto read = [&](const char* name, auto& value) {
    const auto text = options.Get({name});
    uint32_t number = 0;
    if (!text.has_value()) return;
    const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc() && stop == text->data() + text->size()) {
      value = std::remove_reference_t<decltype(value)>(number);
    }
  };
  read("client_max_retries", out.max_retries);
  std::chrono::seconds timeout =
      std::chrono::duration_cast<std::chrono::seconds>(out.retry_timeout);
  read("client_retry_timeout", timeout);
  out.retry_timeout = timeout;
  return out;
}

arrow::Result<HttpClientOptions> MakeHttpClientOptions(const StorageOptions& options) {
  HttpClientOptions out;
  auto read = [](const std::optional<std::string>& text, const char* name,
                 std::chrono::milliseconds* value) -> arrow::Status {
    if (!text.has_value()) return arrow::Status::OK();
    auto parsed = ParseDuration(*text);
    if (!parsed.ok()) return Prefix(parsed.status(), std::string("storage option ") + name);
    // Added to a time, a longer one would pass the end of the clock.
    *value = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::min<std::chrono::nanoseconds>(*parsed, std::chrono::hours(24 * 3650)));
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(
      read(options.Get({"connect_timeout"}), "connect_timeout", &out.connect_timeout));
  ARROW_RETURN_NOT_OK(
      read(options.Get({"timeout", "request_timeout"}), "timeout", &out.request_timeout));
  out.verify_certificates = !options.GetBool({"allow_invalid_certificates"});
  return out;
}

std::shared_ptr<ConditionalPut> MakeConditionalPut(std::unique_ptr<ConditionalPutProtocol> protocol,
                                                   std::shared_ptr<HttpClient> client,
                                                   ConditionalPutOptions options) {
  return std::make_shared<HttpConditionalPut>(std::move(protocol), std::move(client), options);
}

}  // namespace lancea
