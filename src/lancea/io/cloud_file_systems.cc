#include "lancea/io/cloud_file_systems.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <vector>

#include "arrow/config.h"
#include "arrow/filesystem/filesystem.h"
#include "arrow/io/interfaces.h"
#include "arrow/util/config.h"
#include "lancea/io/azure_conditional_put.h"
#include "lancea/io/endpoint.h"
#include "lancea/io/gcs_conditional_put.h"
#include "lancea/io/s3_client.h"
#include "lancea/io/s3_conditional_put.h"
#include "lancea/util/errors.h"
#ifdef ARROW_GCS
#include "arrow/filesystem/gcsfs.h"
#endif
#ifdef ARROW_AZURE
#include "arrow/filesystem/azurefs.h"
#endif

namespace lancea {

void PrepareCloudClients() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The libraries of a Python wheel were built where certificates lie elsewhere.
    if (std::string(ARROW_PACKAGE_KIND).starts_with("python-wheel")) {
      std::vector<std::string> places = {
          "/etc/ssl/certs/ca-certificates.crt",           // Debian, Alpine, Arch
          "/etc/pki/tls/certs/ca-bundle.crt",             // Fedora, RHEL
          "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",  // SUSE, macOS
      };
      if (const char* file = std::getenv("SSL_CERT_FILE")) places.insert(places.begin(), file);
      for (const std::string& place : places) {
        if (access(place.c_str(), R_OK) != 0) continue;
        (void)arrow::fs::Initialize({.tls_ca_file_path = place, .tls_ca_dir_path = ""});
        break;
      }
    }
  });
}

arrow::Result<CloudClient> MakeS3(const std::string& bucket, const StorageOptions& options,
                                  const arrow::io::IOContext& context) {
  using ConditionalPuts = S3Arguments::ConditionalPuts;
  ARROW_ASSIGN_OR_RAISE(const S3Arguments arguments, MakeS3Arguments(bucket, options));
  ARROW_ASSIGN_OR_RAISE(S3Client client, MakeS3Client(arguments, context));
  CloudClient out{.file_system = std::move(client.file_system),
                  .conditional_put = nullptr,
                  .is_providers_own = arguments.endpoint.host.empty() ||
                                      arguments.conditional_puts == ConditionalPuts::kTrusted};
  if (arguments.conditional_puts != ConditionalPuts::kDisabled) {
    out.conditional_put =
        MakeS3ConditionalPutProtocol(arguments, client.region, std::move(client.credentials));
  }
  return out;
}

#ifdef ARROW_GCS
arrow::Result<CloudClient> MakeGcs(const StorageOptions& options,
                                   const arrow::io::IOContext& context) {
  auto read_file = [](const std::string& path) -> arrow::Result<std::string> {
    std::ifstream in(path, std::ios::binary);
    if (!in) return InvalidInput("cannot read the service account file ", path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  arrow::fs::GcsOptions gcs;
  const auto account_file = options.Get({"google_service_account", "service_account",
                                         "google_service_account_path", "service_account_path"});
  const auto account_key = options.Get({"google_service_account_key", "service_account_key"});
  const auto token = options.Get({"google_storage_token", "google_bearer_token", "bearer_token"});
  const auto application_file =
      options.Get({"google_application_credentials", "application_credentials"});
  if (options.GetBool({"google_skip_signature", "skip_signature"})) {
    gcs = arrow::fs::GcsOptions::Anonymous();
  } else if (token.has_value()) {
    // Its true end is not known here; the service says when it has come.
    gcs = arrow::fs::GcsOptions::FromAccessToken(
        *token, std::chrono::system_clock::now() + std::chrono::hours(24 * 365));
  } else if (account_key.has_value()) {
    gcs = arrow::fs::GcsOptions::FromServiceAccountCredentials(*account_key);
  } else if (account_file.has_value()) {
    ARROW_ASSIGN_OR_RAISE(const std::string json, read_file(*account_file));
    gcs = arrow::fs::GcsOptions::FromServiceAccountCredentials(json);
  } else if (const char* in_environment = std::getenv("GOOGLE_APPLICATION_CREDENTIALS");
             application_file.has_value() &&
             (in_environment == nullptr || *application_file != in_environment)) {
    ARROW_ASSIGN_OR_RAISE(const std::string json, read_file(*application_file));
    gcs = arrow::fs::GcsOptions::FromServiceAccountCredentials(json);
  }
  ARROW_ASSIGN_OR_RAISE(
      const Endpoint endpoint,
      ParseEndpoint(options.Get({"google_base_url", "base_url", "google_endpoint", "endpoint"}),
                    options.GetBool({"google_allow_http", "allow_http"})));
  if (!endpoint.host.empty()) {
    gcs.scheme = endpoint.scheme;
    gcs.endpoint_override = endpoint.host;
  }
  CloudClient out;
  ARROW_ASSIGN_OR_RAISE(out.file_system, arrow::fs::GcsFileSystem::Make(gcs, context));
  out.conditional_put = MakeGcsConditionalPutProtocol({.endpoint = endpoint,
                                                       .is_anonymous = gcs.credentials.anonymous(),
                                                       .bearer_token = token.value_or("")});
  out.is_providers_own = endpoint.host.empty();
  return out;
}
#else
arrow::Result<CloudClient> MakeGcs(const StorageOptions&, const arrow::io::IOContext&) {
  return Unsupported("this build of Arrow has no client for gs://");
}
#endif

#ifdef ARROW_AZURE
arrow::Result<CloudClient> MakeAzure(const std::string& account, const std::string& host,
                                     const StorageOptions& options,
                                     const arrow::io::IOContext& context) {
  arrow::fs::AzureOptions azure;
  auto url = options.Get({"azure_storage_endpoint", "azure_endpoint", "endpoint"});
  bool allow_http = options.GetBool(
      {"azure_allow_http", "azure_storage_allow_http", "azure_storage_use_http", "allow_http"});
  auto name = options.Get({"azure_storage_account_name", "account_name"});
  auto key = options.Get({"azure_storage_account_key", "azure_storage_access_key",
                          "azure_storage_master_key", "master_key", "account_key", "access_key"});
  if (options.GetBool({"azure_storage_use_emulator", "use_emulator"})) {
    // Azurite's address and account, the same everywhere by its documentation.
    if (!url.has_value()) url = "http://127.0.0.1:10000";
    if (!name.has_value()) name = "devstoreaccount1";
    if (!key.has_value()) {
      key =
          "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/"
          "KBHBeksoGMGw==";
    }
    allow_http = true;
  }
  azure.account_name = !account.empty() ? account : name.value_or("");
  if (azure.account_name.empty()) {
    return InvalidInput("no Azure account: it stands neither in the URI nor in account_name");
  }
  if (!url.has_value() && !host.empty()) url = "https://" + host;
  ARROW_ASSIGN_OR_RAISE(const Endpoint endpoint, ParseEndpoint(url, allow_http));
  if (!endpoint.host.empty()) {
    // "account.blob.host" is given to Arrow as ".blob.host", to which it puts the account again.
    std::string authority = endpoint.host;
    if (authority.starts_with(azure.account_name + "."))
      authority.erase(0, azure.account_name.size());
    auto in_service = [&](const std::string& from, const std::string& to) {
      std::string out = authority;
      if (out.starts_with("." + from + ".")) out.replace(1, from.size(), to);
      return out;
    };
    azure.blob_storage_authority = in_service("dfs", "blob");
    azure.dfs_storage_authority = in_service("blob", "dfs");
    azure.blob_storage_scheme = azure.dfs_storage_scheme = endpoint.scheme;
  }

  const auto sas =
      options.Get({"azure_storage_sas_token", "azure_storage_sas_key", "sas_token", "sas_key"});
  const auto client_id = options.Get({"azure_storage_client_id", "azure_client_id", "client_id"});
  const auto client_secret =
      options.Get({"azure_storage_client_secret", "azure_client_secret", "client_secret"});
  const auto tenant_id =
      options.Get({"azure_storage_tenant_id", "azure_storage_authority_id", "azure_tenant_id",
                   "azure_authority_id", "tenant_id", "authority_id"});
  const bool is_anonymous = options.GetBool({"azure_skip_signature", "skip_signature"});
  if (is_anonymous) {
    ARROW_RETURN_NOT_OK(azure.ConfigureAnonymousCredential());
  } else if (key.has_value()) {
    ARROW_RETURN_NOT_OK(azure.ConfigureAccountKeyCredential(*key));
  } else if (sas.has_value()) {
    ARROW_RETURN_NOT_OK(azure.ConfigureSASCredential(sas->starts_with('?') ? *sas : "?" + *sas));
  } else if (client_id.has_value() && client_secret.has_value() && tenant_id.has_value()) {
    ARROW_RETURN_NOT_OK(
        azure.ConfigureClientSecretCredential(*tenant_id, *client_id, *client_secret));
  } else if (options.Get({"azure_federated_token_file", "federated_token_file"}).has_value()) {
    ARROW_RETURN_NOT_OK(azure.ConfigureWorkloadIdentityCredential());
  } else if (options.GetBool({"azure_use_azure_cli", "use_azure_cli"})) {
    ARROW_RETURN_NOT_OK(azure.ConfigureCLICredential());
  } else if (client_id.has_value()) {
    ARROW_RETURN_NOT_OK(azure.ConfigureManagedIdentityCredential(*client_id));
  }
  CloudClient out;
  ARROW_ASSIGN_OR_RAISE(out.file_system, arrow::fs::AzureFileSystem::Make(azure, context));
  out.conditional_put =
      MakeAzureConditionalPutProtocol({.blob_url = azure.AccountBlobUrl(azure.account_name),
                                       .account = azure.account_name,
                                       .account_key = azure.AccountKey(),
                                       .sas_token = azure.SasToken(),
                                       .is_anonymous = is_anonymous});
  out.is_providers_own = endpoint.host.empty() || endpoint.host == host;
  return out;
}
#else
arrow::Result<CloudClient> MakeAzure(const std::string&, const std::string&, const StorageOptions&,
                                     const arrow::io::IOContext&) {
  return Unsupported("this build of Arrow has no client for az://");
}
#endif

}  // namespace lancea
