#include "lancea/io/uri.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "arrow/buffer.h"
#include "arrow/filesystem/filesystem.h"
#include "arrow/filesystem/mockfs.h"
#include "arrow/util/config.h"
#include "lancea/error.h"
#include "lancea/io/local_store.h"
#include "lancea/io/memory_store.h"

namespace lancea {
namespace {

struct LocalCase {
  const char* uri;
  const char* path;
};

TEST(ResolveUri, FindsLocalPaths) {
  setenv("HOME", "/home/me", 1);
  // As pylance 14.0.2 opens them.
  const LocalCase kCases[] = {{"/a/b.lance", "/a/b.lance"},
                              {"a/b.lance", "a/b.lance"},
                              {"/a b/100%25.lance", "/a b/100%25.lance"},
                              {"~/b.lance", "/home/me/b.lance"},
                              {"a~/b", "a~/b"},
                              {"12:30.lance", "12:30.lance"},
                              {"odd:name.lance", "odd:name.lance"},
                              {"file:///a/b", "/a/b"},
                              {"file:/a/b", "/a/b"},
                              {"FILE:///a/b", "/a/b"},
                              {"file://localhost/a/b", "/a/b"},
                              {"file:///a%20b", "/a b"},
                              {"file:///a b", "/a b"},
                              {"file-object-store:///a/b", "/a/b"},
                              {"file+uring:///a/b", "/a/b"}};
  for (const LocalCase& c : kCases) {
    auto found = ResolveUri(c.uri, {});
    ASSERT_TRUE(found.ok()) << c.uri << " " << found.status();
    EXPECT_EQ(found->store, LocalStore()) << c.uri;
    EXPECT_EQ(found->path, c.path);
  }
}

TEST(ResolveUri, FindsObjectsInMemory) {
  ASSERT_TRUE(MemoryStore()->Put("uri_test/t/x", arrow::Buffer::FromString("abc")).ok());
  for (const char* uri : {"memory://uri_test/t", "memory:///uri_test/t/", "Memory://uri_test//t"}) {
    auto found = ResolveUri(uri, {}).ValueOrDie();
    EXPECT_EQ(found.path, "uri_test/t") << uri;
    EXPECT_TRUE(found.store->Open(found.path + "/x").ok());
  }
  EXPECT_TRUE(MemoryStore()->DeleteDirectory("uri_test").ok());
}

TEST(ResolveUri, RejectsWhatNamesNothing) {
  for (const char* uri : {"", "file://", "file://host/a", "s3://", "s3:///key", "gs://", "az:///x",
                          "nosuchscheme://a/b", "s3x://b/k"}) {
    const arrow::Status status = ResolveUri(uri, {}).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << uri << ": " << status;
  }
}

TEST(ResolveUri, NamesTheUnknownSchemeAndTheKnownOnes) {
  const std::string message = ResolveUri("nosuchscheme://a/b", {}).status().message();
  EXPECT_NE(message.find("nosuchscheme"), std::string::npos) << message;
  for (const char* scheme : {"file", "memory", "s3", "gs", "az", "abfss"}) {
    EXPECT_NE(message.find(scheme), std::string::npos) << message;
  }
}

TEST(ResolveUri, AsksArrowForSchemesAHostHasRegistered) {
  static const auto kFileSystem =
      std::make_shared<arrow::fs::internal::MockFileSystem>(arrow::fs::TimePoint{});
  ASSERT_TRUE(kFileSystem->CreateFile("table/x", "abc").ok());
  auto made = arrow::fs::RegisterFileSystemFactory(
      "lanceatest",
      {[](const arrow::fs::Uri&, const arrow::io::IOContext&,
          std::string* path) -> arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> {
         if (path != nullptr) *path = std::string("table");
         return kFileSystem;
       },
       __FILE__, __LINE__});
  ASSERT_TRUE(made.ok()) << made;
  auto found = ResolveUri("lanceatest://whatever", {}).ValueOrDie();
  EXPECT_EQ(found.path, "table");
  EXPECT_EQ(found.store->Open("table/x").ValueOrDie()->size(), 3u);
}

#ifdef ARROW_S3
const std::map<std::string, std::string> kS3 = {
    {"access_key_id", "id"}, {"secret_access_key", "secret"},
    {"region", "eu-west-1"}, {"endpoint", "http://127.0.0.1:1"},
    {"allow_http", "true"},  {"block_size", "1000"}};

// Whoever runs the tests may have credentials of their own.
void ForgetCredentials() {
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                           "AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}) {
    unsetenv(name);
  }
}

TEST(ResolveUri, FindsBucketsWithTheirDecodedPath) {
  ForgetCredentials();
  auto found = ResolveUri("s3://bucket/a%20b/t.lance?versionId=3", kS3);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->path, "bucket/a b/t.lance");
  EXPECT_FALSE(found->store->is_local());
  EXPECT_TRUE(found->store->lists_in_order());
  EXPECT_EQ(found->store->block_size(), 1000u);
}

TEST(ResolveUri, SharesTheStoreOfABucketAmongEqualOptions) {
  auto one = ResolveUri("s3://bucket/a", kS3).ValueOrDie();
  auto again = ResolveUri("S3://bucket/b", kS3).ValueOrDie();
  auto options = kS3;
  options["region"] = "us-east-1";
  auto elsewhere = ResolveUri("s3://bucket/a", options).ValueOrDie();
  EXPECT_EQ(one.store, again.store);
  EXPECT_NE(one.store, elsewhere.store);
}

TEST(ResolveUri, NamesTheUriWhenAnOptionMakesNoSense) {
  ForgetCredentials();
  auto options = kS3;
  options.erase("secret_access_key");
  const arrow::Status status = ResolveUri("s3://bucket/a", options).status();
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << status;
  EXPECT_NE(status.message().find("s3://bucket/a"), std::string::npos) << status;
}
#endif

}  // namespace
}  // namespace lancea
