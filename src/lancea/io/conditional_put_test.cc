#include "lancea/io/conditional_put.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "lancea/error.h"
#include "lancea/io/azure_conditional_put.h"
#include "lancea/io/gcs_conditional_put.h"
#include "lancea/io/s3_conditional_put.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

HttpReply Status(int status, std::string body = "") {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

HttpReply NoReply(bool may_have_arrived) {
  HttpReply reply;
  reply.failure = "Connection reset";
  reply.may_have_arrived = may_have_arrived;
  return reply;
}

// Answers what it is told to, then as a service that checks preconditions (or does not).
class ScriptedClient : public HttpClient {
 public:
  arrow::Result<HttpReply> Send(const HttpRequest& request) override {
    requests.push_back(request.method + " " + request.url);
    if (!script.empty()) {
      HttpReply reply = std::move(script.front());
      script.pop_front();
      return reply;
    }
    if (request.method == "DELETE") {
      objects.erase(request.url);
      return Status(204);
    }
    const bool is_new = objects.insert(request.url).second;
    return Status(is_new || ignores_preconditions ? 200 : 412);
  }
  std::deque<HttpReply> script;
  bool ignores_preconditions = false;
  std::vector<std::string> requests;
  std::set<std::string> objects;
};

class ConditionalPutTest : public testing::Test {
 protected:
  arrow::Status Put(ConditionalPutOptions options = {}) {
    options.first_wait = std::chrono::microseconds(1);
    S3Arguments arguments;
    arguments.endpoint = {"http", "h:9000"};
    auto put = MakeConditionalPut(
        MakeS3ConditionalPutProtocol(arguments, "us-east-1", [] { return S3Credentials{}; }),
        client_, options);
    const std::string bytes = "manifest";
    return put->PutIfAbsent("bucket/t/1.manifest",
                            {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }
  const std::shared_ptr<ScriptedClient> client_ = std::make_shared<ScriptedClient>();
};

TEST_F(ConditionalPutTest, CreatesOnce) {
  EXPECT_TRUE(Put().ok());
  const arrow::Status status = Put();
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kAlreadyExists) << status;
  EXPECT_NE(status.message().find("s3://bucket/t/1.manifest"), std::string::npos) << status;
  EXPECT_EQ(client_->requests,
            std::vector<std::string>(2, "PUT http://h:9000/bucket/t/1.manifest"));
}

TEST_F(ConditionalPutTest, AsksAgainWhenTheServiceIsBusyOrSilent) {
  client_->script = {Status(409), Status(503),   Status(429),   Status(500),
                     Status(408), NoReply(true), NoReply(false)};
  EXPECT_TRUE(Put().ok());
  EXPECT_EQ(client_->requests.size(), 8u);
}

TEST_F(ConditionalPutTest, GivesUpAfterSoManyAttemptsOrSoLong) {
  client_->script.assign(20, Status(503, "<Error><Code>SlowDown</Code></Error>"));
  ConditionalPutOptions options;
  options.max_retries = 2;
  const arrow::Status status = Put(options);
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find("HTTP 503, SlowDown"), std::string::npos) << status;
  EXPECT_NE(status.message().find("3 attempts"), std::string::npos) << status;
  EXPECT_EQ(client_->requests.size(), 3u);
  options.retry_timeout = std::chrono::nanoseconds(0);
  EXPECT_FALSE(Put(options).ok());
  EXPECT_EQ(client_->requests.size(), 4u);
}

TEST_F(ConditionalPutTest, SaysWhenTheObjectMayBeThereAllTheSame) {
  ConditionalPutOptions once;
  once.max_retries = 0;
  const auto outcome_is_unknown = [&](HttpReply reply) {
    client_->script = {std::move(reply)};
    const arrow::Status status = Put(once);
    EXPECT_TRUE(status.IsIOError()) << status;
    return IsPutOutcomeUnknown(status);
  };
  EXPECT_TRUE(outcome_is_unknown(NoReply(true)));
  EXPECT_TRUE(outcome_is_unknown(Status(500)));
  EXPECT_FALSE(outcome_is_unknown(NoReply(false)));
  EXPECT_FALSE(outcome_is_unknown(Status(403)));
  EXPECT_FALSE(outcome_is_unknown(Status(409)));
  // A later clear refusal does not undo an earlier attempt.
  client_->script = {NoReply(true), Status(403)};
  EXPECT_TRUE(IsPutOutcomeUnknown(Put()));
}

TEST_F(ConditionalPutTest, DoesNotRepeatWhatWasRefused) {
  for (int status : {301, 400, 401, 403, 404, 405}) {
    client_->requests.clear();
    client_->script = {
        Status(status, "<?xml?><Error><Code>Why</Code><Message>Because</Message></Error>")};
    const arrow::Status refused = Put();
    EXPECT_TRUE(refused.IsIOError()) << refused;
    EXPECT_NE(refused.message().find(std::to_string(status) + ", Why: Because"), std::string::npos)
        << refused;
    EXPECT_EQ(client_->requests.size(), 1u);
  }
  client_->script = {Status(501)};
  EXPECT_EQ(CategoryOf(Put()), ErrorCategory::kUnsupported);
}

TEST_F(ConditionalPutTest, TriesAServiceItDoesNotKnowOnce) {
  ConditionalPutOptions options;
  options.is_trusted = false;
  EXPECT_TRUE(Put(options).ok());
  ASSERT_EQ(client_->requests.size(), 4u);
  EXPECT_TRUE(client_->requests[0].starts_with("PUT http://h:9000/bucket/t/.lancea-probe-"));
  EXPECT_EQ(client_->requests[1], client_->requests[0]);
  EXPECT_TRUE(client_->requests[2].starts_with("DELETE http://h:9000/bucket/t/.lancea-probe-"));
  EXPECT_EQ(client_->objects, (std::set<std::string>{"http://h:9000/bucket/t/1.manifest"}));
}

TEST_F(ConditionalPutTest, WritesNothingToAServiceThatIgnoresPreconditions) {
  client_->ignores_preconditions = true;
  ConditionalPutOptions options;
  options.is_trusted = false;
  const arrow::Status status = Put(options);
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kUnsupported) << status;
  EXPECT_NE(status.message().find("commit lock"), std::string::npos) << status;
  EXPECT_TRUE(client_->objects.empty());
}

TEST(ConditionalPutOptions, AreReadAsPylanceReadsThem) {
  const auto read = [](const std::map<std::string, std::string>& options) {
    return StorageOptions(options, "aws_", [](const char*) -> const char* { return nullptr; });
  };
  const auto options = MakeConditionalPutOptions(
      read({{"client_max_retries", "7"}, {"client_retry_timeout", "20"}}));
  EXPECT_EQ(options.max_retries, 7u);
  EXPECT_EQ(options.retry_timeout, std::chrono::seconds(20));
  EXPECT_EQ(MakeConditionalPutOptions(read({{"client_max_retries", "few"}})).max_retries,
            ConditionalPutOptions{}.max_retries);
  const auto http = MakeHttpClientOptions(
      read({{"connect_timeout", "1s"}, {"timeout", "2m"}, {"allow_invalid_certificates", "true"}}));
  EXPECT_EQ(http->connect_timeout, std::chrono::seconds(1));
  EXPECT_EQ(http->request_timeout, std::chrono::minutes(2));
  EXPECT_FALSE(http->verify_certificates);
  EXPECT_EQ(CategoryOf(MakeHttpClientOptions(read({{"timeout", "soon"}})).status()),
            ErrorCategory::kInvalidInput);
}

TEST(S3ConditionalPut, PutsTheBucketWhereTheServiceWantsIt) {
  const auto url = [](const S3Arguments& arguments, const std::string& path) {
    return MakeS3ConditionalPutProtocol(arguments, "eu-west-1", [] { return S3Credentials{}; })
        ->Create(path, {})
        ->url;
  };
  S3Arguments aws;
  aws.bucket = "bucket";
  EXPECT_EQ(url(aws, "bucket/a b/%ü.txt"),
            "https://bucket.s3.eu-west-1.amazonaws.com/a%20b/%25%C3%BC.txt");
  S3Arguments dots = aws;
  dots.bucket = "my.bucket";
  EXPECT_EQ(url(dots, "my.bucket/k"), "https://s3.eu-west-1.amazonaws.com/my.bucket/k");
  S3Arguments own = aws;
  own.endpoint = {"http", "h:9000"};
  EXPECT_EQ(url(own, "bucket/k"), "http://h:9000/bucket/k");
  own.has_virtual_hosts = true;
  EXPECT_EQ(url(own, "bucket/k"), "http://bucket.h:9000/k");
}

TEST(GcsConditionalPut, NeedsATokenUnlessAnonymous) {
  GcsAccess token;
  token.bearer_token = "abc";
  const HttpRequest request = *MakeGcsConditionalPutProtocol(token)->Create("bucket/a/b c", {});
  EXPECT_EQ(request.url,
            "https://storage.googleapis.com/upload/storage/v1/b/bucket/"
            "o?uploadType=media&ifGenerationMatch=0&name=a%2Fb%20c");
  EXPECT_EQ(request.headers.back(), (HttpHeaders::value_type{"Authorization", "Bearer abc"}));
  GcsAccess anonymous;
  anonymous.is_anonymous = true;
  EXPECT_TRUE(MakeGcsConditionalPutProtocol(anonymous)->Create("b/k", {}).ok());
  EXPECT_EQ(CategoryOf(MakeGcsConditionalPutProtocol({})->Create("b/k", {}).status()),
            ErrorCategory::kUnsupported);
}

TEST(AzureConditionalPut, SignsOrCarriesAToken) {
  AzureAccess access;
  access.blob_url = "https://acc.blob.core.windows.net/";
  access.account = "acc";
  EXPECT_EQ(CategoryOf(MakeAzureConditionalPutProtocol(access)->Create("c/k", {}).status()),
            ErrorCategory::kUnsupported);
  AzureAccess sas = access;
  sas.sas_token = "?sv=1&sig=2";
  EXPECT_EQ(MakeAzureConditionalPutProtocol(sas)->Create("c/a b", {})->url,
            "https://acc.blob.core.windows.net/c/a%20b?sv=1&sig=2");
  HttpReply reply = Status(409);
  reply.headers["x-ms-error-code"] = "BlobAlreadyExists";
  EXPECT_TRUE(MakeAzureConditionalPutProtocol(sas)->SaysItExists(reply));
  reply.headers["x-ms-error-code"] = "ContainerBeingDeleted";
  EXPECT_FALSE(MakeAzureConditionalPutProtocol(sas)->SaysItExists(reply));
}

}  // namespace
}  // namespace lancea
