#include "lancea/io/uri.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "lancea/io/cloud_stores.h"
#include "lancea/io/io_settings.h"
#include "lancea/io/local_store.h"
#include "lancea/io/memory_store.h"
#include "lancea/io/path.h"
#include "lancea/io/percent_encoding.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

bool IsFileScheme(std::string_view scheme) {
  return scheme == "file" || scheme == "file-object-store" || scheme == "file+uring";
}

// The scheme in lower case; empty for a plain path. "x:y" without slashes is a scheme only for files.
std::string SchemeOf(const std::string& uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string::npos || colon == 0) return "";
  std::string scheme = uri.substr(0, colon);
  for (char& c : scheme) {
    const auto byte = static_cast<unsigned char>(c);
    if (!std::isalnum(byte) && c != '+' && c != '-' && c != '.') return "";
    c = static_cast<char>(std::tolower(byte));
  }
  if (!std::isalpha(static_cast<unsigned char>(scheme[0]))) return "";
  const std::string_view behind = std::string_view(uri).substr(colon + 1);
  if (behind.starts_with("//")) return scheme;
  return IsFileScheme(scheme) && behind.starts_with("/") ? scheme : "";
}

std::string ExpandHome(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return path;
  if (path == "~") return home;
  return path.starts_with("~/") ? JoinPath(home, path.substr(2)) : path;
}

// "/path", "///path" and "//localhost/path" of a file URI.
arrow::Result<std::string> LocalPath(const std::string& uri, std::string_view rest) {
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string_view host = rest.substr(0, rest.find('/'));
    if (!host.empty() && host != "localhost") {
      return InvalidInput(uri, " is on host \"", host,
                          "\"; a file URI has three slashes before its path");
    }
    rest.remove_prefix(host.size());
  }
  if (rest.empty()) return InvalidInput(uri, " names no path");
  return PercentDecode(rest);
}

}  // namespace

arrow::Result<StoreAndPath> ResolveUri(const std::string& uri,
                                       const std::map<std::string, std::string>& storage_options) {
  ARROW_RETURN_NOT_OK(EnvironmentIoSettings().status());
  if (uri.empty()) return InvalidInput("an empty path names no table");
  const std::string scheme = SchemeOf(uri);
  if (scheme.empty()) return StoreAndPath{LocalStore(), ExpandHome(uri)};
  const std::string rest = uri.substr(scheme.size() + 1);
  if (IsFileScheme(scheme)) {
    ARROW_ASSIGN_OR_RAISE(std::string path, LocalPath(uri, rest));
    return StoreAndPath{LocalStore(), std::move(path)};
  }
  if (scheme == "memory") {
    std::string path = NormalMemoryPath(rest);
    // The bare scheme names a table too, one that no path collides with.
    if (path.empty()) path = "memory:";
    return StoreAndPath{MemoryStore(), std::move(path)};
  }
  return OpenCloudStore(scheme, rest.substr(2), storage_options);
}

}  // namespace lancea
