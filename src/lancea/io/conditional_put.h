// Creating an object of a cloud only if there is none: one HTTP request with a precondition.
//
// Arrow's clients pass no precondition on, so this request is made here, with the credentials that they
// were given. A service checks and writes in one step; of any number of writers one is told "created".
//
//   created          done
//   exists           AlreadyExists
//   busy, conflict   the same request again, after a wait: 408, 409, 429, 5xx and no reply at all
//   anything else    the error, with the service's own words
//
// No reply does not mean that nothing was done. If a later attempt is told "exists", the object may be ours:
// that is AlreadyExists, and whoever asked must look whose it is (table/commit.h does). If there is no later
// answer, the error is one for which IsPutOutcomeUnknown holds.
//
// A service that knows nothing of preconditions would write every time and say "created", and two writers
// would replace each other's versions. Services other than the providers' own are therefore tried once,
// before the first object: an empty object of a random name beside it is created twice and removed.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "arrow/result.h"
#include "lancea/io/http_client.h"
#include "lancea/io/storage_options.h"

namespace lancea {

/// Thread-safe.
class ConditionalPut {
 public:
  virtual ~ConditionalPut() = default;

  /// \param path  "bucket/key"
  /// \return as ObjectStore::PutIfAbsent
  virtual arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) = 0;
};

/// True for an error after which the object may be there or still appear.
bool IsPutOutcomeUnknown(const arrow::Status& status);

/// How one service is asked. Thread-safe.
class ConditionalPutProtocol {
 public:
  virtual ~ConditionalPutProtocol() = default;

  /// A request that creates the object; made anew for each attempt, since signatures age.
  /// \return Unsupported when the credentials at hand cannot be used here
  virtual arrow::Result<HttpRequest> Create(const std::string& path,
                                            std::span<const uint8_t> bytes) = 0;
  virtual arrow::Result<HttpRequest> Remove(const std::string& path) = 0;

  /// True if this answer to Create says that there is an object.
  virtual bool SaysItExists(const HttpReply& reply) const { return reply.status == 412; }

  /// For messages: "s3://bucket/key".
  virtual std::string Uri(const std::string& path) const = 0;
};

struct ConditionalPutOptions {
  /// The service is known to check preconditions: it is not tried.
  bool is_trusted = true;
  uint32_t max_retries = 10;
  std::chrono::nanoseconds retry_timeout =
      std::chrono::seconds(180);  ///< none begins later than that
  std::chrono::nanoseconds first_wait = std::chrono::milliseconds(100);
};

/// client_max_retries and client_retry_timeout (seconds); as pylance does, what is no number is passed over.
ConditionalPutOptions MakeConditionalPutOptions(const StorageOptions& options);

/// connect_timeout, timeout ("5s", "1m 30s", "200ms") and allow_invalid_certificates.
/// \return InvalidInput naming the option whose text makes no sense
arrow::Result<HttpClientOptions> MakeHttpClientOptions(const StorageOptions& options);

std::shared_ptr<ConditionalPut> MakeConditionalPut(std::unique_ptr<ConditionalPutProtocol> protocol,
                                                   std::shared_ptr<HttpClient> client,
                                                   ConditionalPutOptions options);

}  // namespace lancea
