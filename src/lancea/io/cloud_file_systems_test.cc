#include "lancea/io/cloud_file_systems.h"

#include <gtest/gtest.h>

#include "arrow/filesystem/filesystem.h"
#include "arrow/io/interfaces.h"
#include "arrow/util/config.h"
#include "lancea/error.h"
#ifdef ARROW_AZURE
#include "arrow/filesystem/azurefs.h"
#endif
#ifdef ARROW_GCS
#include "arrow/filesystem/gcsfs.h"
#endif

namespace lancea {
namespace {

using Options = std::map<std::string, std::string>;

StorageOptions Closed(const Options& options, const char* prefix) {
  return StorageOptions(options, prefix, [](const char*) -> const char* { return nullptr; });
}
#ifdef ARROW_S3
TEST(S3FileSystem, IsMadeFromTheArguments) {
  PrepareCloudClients();
  auto made = MakeS3("bucket",
                     Closed({{"access_key_id", "id"},
                             {"secret_access_key", "s"},
                             {"region", "eu-west-1"},
                             {"endpoint", "http://127.0.0.1:1"},
                             {"allow_http", "true"}},
                            "aws_"),
                     arrow::io::default_io_context());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->file_system->type_name(), "s3");
}
#endif

#ifdef ARROW_AZURE
arrow::fs::AzureOptions Azure(const std::string& account, const std::string& host,
                              const Options& options) {
  auto made = MakeAzure(account, host, Closed(options, "azure_"), arrow::io::default_io_context());
  if (!made.ok()) ADD_FAILURE() << made.status();
  if (!made.ok()) return {};
  return dynamic_cast<arrow::fs::AzureFileSystem&>(*made->file_system).options();
}

TEST(AzureFileSystem, TakesTheAccountFromTheUriOrTheOptions) {
  const Options key = {{"account_key", "c2VjcmV0"}, {"account_name", "fromoptions"}};
  EXPECT_EQ(Azure("fromuri", "fromuri.dfs.core.windows.net", key).account_name, "fromuri");
  EXPECT_EQ(Azure("", "", key).account_name, "fromoptions");
  EXPECT_EQ(Azure("", "", key).AccountKey(), "c2VjcmV0");
  EXPECT_EQ(
      CategoryOf(MakeAzure("", "", Closed({}, "azure_"), arrow::io::default_io_context()).status()),
      ErrorCategory::kInvalidInput);
}

TEST(AzureFileSystem, AsksBothServicesOfTheHostInTheUri) {
  const auto options = Azure("acc", "acc.dfs.example.net", {{"account_key", "c2VjcmV0"}});
  EXPECT_EQ(options.AccountBlobUrl("acc"), "https://acc.blob.example.net/");
  EXPECT_EQ(options.AccountDfsUrl("acc"), "https://acc.dfs.example.net/");
}

TEST(AzureFileSystem, ReachesTheEmulator) {
  const auto options = Azure("", "", {{"use_emulator", "true"}});
  EXPECT_EQ(options.account_name, "devstoreaccount1");
  EXPECT_EQ(options.AccountBlobUrl("devstoreaccount1"), "http://127.0.0.1:10000/devstoreaccount1/");
}

TEST(AzureFileSystem, TakesATokenOrAClientSecret) {
  EXPECT_EQ(Azure("acc", "", {{"sas_token", "sv=1"}}).SasToken(), "?sv=1");
  const auto options =
      Azure("acc", "", {{"client_id", "c"}, {"client_secret", "s"}, {"azure_tenant_id", "t"}});
  EXPECT_EQ(options.ClientId(), "c");
  EXPECT_EQ(options.TenantId(), "t");
}
#endif

#ifdef ARROW_GCS
arrow::Result<arrow::fs::GcsOptions> Gcs(const Options& options) {
  ARROW_ASSIGN_OR_RAISE(auto made,
                        MakeGcs(Closed(options, "google_"), arrow::io::default_io_context()));
  return dynamic_cast<arrow::fs::GcsFileSystem&>(*made.file_system).options();
}

TEST(GcsFileSystem, TakesATokenOrNoCredentials) {
  EXPECT_EQ(Gcs({{"google_storage_token", "abc"}})->credentials.access_token(), "abc");
  EXPECT_TRUE(Gcs({{"google_skip_signature", "true"}})->credentials.anonymous());
}

TEST(GcsFileSystem, NamesTheServiceAccountFileThatIsNotThere) {
  const arrow::Status status = Gcs({{"service_account", "/no/such/key.json"}}).status();
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << status;
  EXPECT_NE(status.message().find("/no/such/key.json"), std::string::npos) << status;
}

TEST(GcsFileSystem, GoesToAnEndpointOfOnesOwn) {
  const auto options =
      Gcs({{"skip_signature", "1"}, {"base_url", "http://h:4443"}, {"allow_http", "1"}});
  EXPECT_EQ(options->scheme, "http");
  EXPECT_EQ(options->endpoint_override, "h:4443");
}
#endif

}  // namespace
}  // namespace lancea
