#include "lancea/io/cloud_file_systems.h"

#include <dlfcn.h>
#include <unistd.h>

#include <any>
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
#include "lancea/io/percent_encoding.h"
#include "lancea/util/errors.h"
#ifdef ARROW_GCS
#include "arrow/filesystem/gcsfs.h"
#endif
#ifdef ARROW_AZURE
#include "arrow/filesystem/azurefs.h"
#endif

namespace lancea {
namespace {

using FileSystemResult = arrow::Result<std::shared_ptr<arrow::fs::FileSystem>>;

struct Endpoint {
  std::string scheme = "https";
  std::string host;  // with port; empty: the provider's own
};

arrow::Result<Endpoint> ParseEndpoint(const std::optional<std::string>& text, bool allow_http) {
  Endpoint out;
  if (!text.has_value()) return out;
  std::string rest = *text;
  if (const size_t at = rest.find("://"); at != std::string::npos) {
    out.scheme = rest.substr(0, at);
    rest.erase(0, at + 3);
  }
  if (out.scheme != "https" && out.scheme != "http") {
    return InvalidInput("endpoint ", *text, " is neither http nor https");
  }
  if (out.scheme == "http" && !allow_http) {
    return InvalidInput("endpoint ", *text,
                        " is not encrypted; set allow_http to \"true\" to use it");
  }
  out.host = rest.substr(0, rest.find_first_of("/?#"));
  if (out.host.empty()) return InvalidInput("endpoint ", *text, " names no host");
  return out;
}

// S3's client is a library beside libarrow, loaded once. Named by its full path: which run paths a bare name
// is looked up in depends on who calls dlopen.
const arrow::Status& LoadS3() {
  static const arrow::Status status = []() -> arrow::Status {
    const std::string name = "libarrow_s3.so." ARROW_SO_VERSION;
    Dl_info libarrow;
    if (dladdr(reinterpret_cast<const void*>(&arrow::GetBuildInfo), &libarrow) != 0) {
      const std::string beside = libarrow.dli_fname;
      const std::string path = beside.substr(0, beside.rfind('/') + 1) + name;
      if (arrow::fs::LoadFileSystemFactories(path.c_str()).ok()) return arrow::Status::OK();
    }
    return arrow::fs::LoadFileSystemFactories(name.c_str());
  }();
  return status;
}

// AWS's client must be shut down before its static state is destroyed, which is in the reverse order of
// their beginning: to be called once that state exists.
void FinalizeAtExit() {
  static const int registered = std::atexit(arrow::fs::EnsureFinalized);
  (void)registered;
}

}  // namespace

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

arrow::Result<S3FactoryArguments> MakeS3Arguments(const std::string& bucket,
                                                  const StorageOptions& options) {
  const bool allow_http = options.GetBool({"aws_allow_http", "allow_http"});
  auto url = options.Get({"aws_endpoint_url_s3"});
  if (!url.has_value())
    url = options.Get({"aws_endpoint", "aws_endpoint_url", "endpoint_url", "endpoint"});
  ARROW_ASSIGN_OR_RAISE(const Endpoint endpoint, ParseEndpoint(url, allow_http));
  if (options.GetBool({"aws_skip_signature", "skip_signature"})) {
    return Unsupported("skip_signature: Arrow's S3 client signs every request made by URI");
  }
  const bool virtual_hosts =
      options.GetBool({"aws_virtual_hosted_style_request", "virtual_hosted_style_request"});
  if (virtual_hosts && !endpoint.host.empty()) {
    return Unsupported("virtual_hosted_style_request with endpoint ", *url,
                       ": Arrow's S3 client puts the bucket into the path there");
  }

  S3FactoryArguments out;
  const auto access_key = options.Get({"aws_access_key_id", "access_key_id"});
  const auto secret_key = options.Get({"aws_secret_access_key", "secret_access_key"});
  const auto token = options.Get({"aws_session_token", "aws_token", "session_token", "token"});
  if (access_key.has_value() != secret_key.has_value()) {
    return InvalidInput("access_key_id and secret_access_key come together; ",
                        access_key.has_value() ? "secret_access_key" : "access_key_id",
                        " is missing");
  }
  if (access_key.has_value()) {
    out.credentials = {{"access_key", *access_key}, {"secret_key", *secret_key}};
    if (token.has_value()) out.credentials["session_token"] = *token;
  }

  out.uri = "s3://" + bucket;
  char separator = '?';
  auto add = [&](const char* name, const std::string& value) {
    out.uri += separator + std::string(name) + "=" + PercentEncode(value);
    separator = '&';
  };
  auto region = options.Get({"aws_region", "region"});
  if (!region.has_value()) region = options.Get({"aws_default_region", "default_region"});
  if (region.has_value()) add("region", *region);
  if (!endpoint.host.empty()) {
    add("scheme", endpoint.scheme);
    add("endpoint_override", endpoint.host);
  }
  return out;
}

FileSystemResult MakeS3(const std::string& bucket, const StorageOptions& options,
                        const arrow::io::IOContext& context) {
  ARROW_ASSIGN_OR_RAISE(const S3FactoryArguments arguments, MakeS3Arguments(bucket, options));
  arrow::fs::FileSystemFactoryOptions credentials;
  for (const auto& [name, value] : arguments.credentials)
    credentials.emplace_back(name, std::any(value));
  // No error yet: S3 may be part of libarrow itself.
  const arrow::Status& loaded = LoadS3();
  auto made = arrow::fs::FileSystemFromUriAndOptions(arguments.uri, credentials, context);
  FinalizeAtExit();
  if (!made.ok() && !loaded.ok() &&
      (made.status().IsNotImplemented() || made.status().IsInvalid())) {
    return Unsupported("Arrow's S3 client cannot be loaded: ", loaded.message());
  }
  return made;
}

#ifdef ARROW_GCS
FileSystemResult MakeGcs(const StorageOptions& options, const arrow::io::IOContext& context) {
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
  return arrow::fs::GcsFileSystem::Make(gcs, context);
}
#else
FileSystemResult MakeGcs(const StorageOptions&, const arrow::io::IOContext&) {
  return Unsupported("this build of Arrow has no client for gs://");
}
#endif

#ifdef ARROW_AZURE
FileSystemResult MakeAzure(const std::string& account, const std::string& host,
                           const StorageOptions& options, const arrow::io::IOContext& context) {
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
  if (options.GetBool({"azure_skip_signature", "skip_signature"})) {
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
  return arrow::fs::AzureFileSystem::Make(azure, context);
}
#else
FileSystemResult MakeAzure(const std::string&, const std::string&, const StorageOptions&,
                           const arrow::io::IOContext&) {
  return Unsupported("this build of Arrow has no client for az://");
}
#endif

}  // namespace lancea
