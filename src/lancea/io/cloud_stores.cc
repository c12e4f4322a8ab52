#include "lancea/io/cloud_stores.h"

#include <memory>
#include <mutex>

#include "arrow/filesystem/filesystem.h"
#include "arrow/io/interfaces.h"
#include "arrow/memory_pool.h"
#include "lancea/io/arrow_store.h"
#include "lancea/io/cloud_file_systems.h"
#include "lancea/io/io_settings.h"
#include "lancea/io/path.h"
#include "lancea/io/percent_encoding.h"
#include "lancea/io/storage_options.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// The authority and path of "authority/path?query#fragment".
struct Location {
  std::string authority;
  std::string path;  // decoded, without the leading '/'
};

Location Split(const std::string& rest) {
  const std::string whole = rest.substr(0, rest.find_first_of("?#"));
  const size_t slash = whole.find('/');
  Location out{whole.substr(0, slash), ""};
  if (slash != std::string::npos) out.path = PercentDecode(whole.substr(slash + 1));
  return out;
}

// "container@account.dfs.core.windows.net", "container@account" or "container".
struct AzureAuthority {
  std::string container, account, host;
};

AzureAuthority SplitAzure(const std::string& authority) {
  AzureAuthority out;
  const size_t at = authority.find('@');
  out.container = authority.substr(0, at);
  if (at == std::string::npos) return out;
  const std::string behind = authority.substr(at + 1);
  out.account = behind.substr(0, behind.find('.'));
  if (out.account.size() < behind.size()) out.host = behind;
  return out;
}

// Shares what is alive; never keeps a store alive itself.
class StoreRegistry {
 public:
  template <typename Make>
  arrow::Result<std::shared_ptr<ObjectStore>> GetOrMake(const std::string& key, Make&& make) {
    {
      std::lock_guard lock(mutex_);
      if (auto store = stores_[key].lock()) return store;
    }
    // Made without the lock: a client may talk to the network first.
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ObjectStore> made, make());
    std::lock_guard lock(mutex_);
    std::erase_if(stores_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<ObjectStore>& kept = stores_[key];
    if (auto store = kept.lock()) return store;
    kept = made;
    return made;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<ObjectStore>> stores_;
};

StoreRegistry& Registry() {
  static StoreRegistry registry;
  return registry;
}

// Each part with its length before it, so that no two lists of parts give one key.
std::string KeyOf(const std::string& scheme, const std::string& authority,
                  const std::map<std::string, std::string>& options) {
  std::string key;
  auto add = [&](const std::string& part) { key += std::to_string(part.size()) + ":" + part; };
  add(scheme);
  add(authority);
  for (const auto& [name, value] : options) {
    add(name);
    add(value);
  }
  return key;
}

arrow::io::IOContext Context() {
  return arrow::io::IOContext(arrow::default_memory_pool(), DefaultIoExecutor(/*is_local=*/false));
}

arrow::Result<std::shared_ptr<ObjectStore>> MakeStore(
    const std::string& scheme, const std::string& authority,
    const std::map<std::string, std::string>& options) {
  PrepareCloudClients();
  const std::string prefix = scheme == "s3" ? "aws_" : scheme == "gs" ? "google_" : "azure_";
  const StorageOptions of_provider(options, prefix);
  CloudClient client;
  if (scheme == "s3") {
    ARROW_ASSIGN_OR_RAISE(client, MakeS3(authority, of_provider, Context()));
  } else if (scheme == "gs") {
    ARROW_ASSIGN_OR_RAISE(client, MakeGcs(of_provider, Context()));
  } else {
    const AzureAuthority azure = SplitAzure(authority);
    ARROW_ASSIGN_OR_RAISE(client, MakeAzure(azure.account, azure.host, of_provider, Context()));
  }
  ArrowStoreOptions store_options;
  store_options.lists_in_order = true;
  ARROW_ASSIGN_OR_RAISE(store_options.block_size, BlockSizeOption(options));
  ARROW_ASSIGN_OR_RAISE(const HttpClientOptions http, MakeHttpClientOptions(of_provider));
  if (client.conditional_put != nullptr) {
    ConditionalPutOptions put_options = MakeConditionalPutOptions(of_provider);
    put_options.is_trusted = client.is_providers_own;
    store_options.conditional_put =
        MakeConditionalPut(std::move(client.conditional_put), MakeHttpClient(http), put_options);
  }
  return MakeArrowStore(std::move(client.file_system), std::move(store_options));
}

// A scheme that somebody has registered with Arrow, or nobody.
arrow::Result<StoreAndPath> OpenRegistered(const std::string& uri,
                                           const std::map<std::string, std::string>& options) {
  std::string path;
  auto file_system = arrow::fs::FileSystemFromUri(uri, Context(), &path);
  if (!file_system.ok()) {
    if (!file_system.status().IsInvalid()) return Prefix(file_system.status(), uri);
    return InvalidInput("no store for ", uri, "; known schemes: ", kKnownSchemes, " (",
                        file_system.status().message(), ")");
  }
  ARROW_ASSIGN_OR_RAISE(auto block_size, BlockSizeOption(options));
  return StoreAndPath{MakeArrowStore(*std::move(file_system), {.block_size = block_size}), path};
}

}  // namespace

const char* const kKnownSchemes = "file, file-object-store, memory, s3, gs, az, abfs, abfss";

arrow::Result<StoreAndPath> OpenCloudStore(
    const std::string& scheme, const std::string& rest,
    const std::map<std::string, std::string>& storage_options) {
  const bool is_azure = scheme == "az" || scheme == "abfs" || scheme == "abfss";
  if (scheme != "s3" && scheme != "gs" && !is_azure) {
    return OpenRegistered(scheme + "://" + rest, storage_options);
  }
  const Location location = Split(rest);
  const std::string bucket =
      is_azure ? SplitAzure(location.authority).container : location.authority;
  if (bucket.empty()) {
    return InvalidInput(scheme, "://", rest, " names no ", is_azure ? "container" : "bucket");
  }
  const auto options = OptionsOfBase(storage_options, std::nullopt);
  auto store = Registry().GetOrMake(KeyOf(scheme, location.authority, options),
                                    [&] { return MakeStore(scheme, location.authority, options); });
  if (!store.ok()) return Prefix(store.status(), scheme + "://" + rest);
  return StoreAndPath{*std::move(store),
                      location.path.empty() ? bucket : JoinPath(bucket, location.path)};
}

}  // namespace lancea
