#include "lancea/io/uri.h"

#include "lancea/io/local_store.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<StoreAndPath> ResolveUri(const std::string& uri,
                                       const std::map<std::string, std::string>&) {
  if (uri.empty()) return InvalidInput("an empty path names no table");
  const size_t scheme_end = uri.find("://");
  if (scheme_end == std::string::npos) return StoreAndPath{LocalStore(), uri};
  const std::string scheme = uri.substr(0, scheme_end);
  if (scheme == "file" || scheme == "file-object-store") {
    return StoreAndPath{LocalStore(), uri.substr(scheme_end + 3)};
  }
  return Unsupported("scheme \"", scheme, "\" of ", uri);
}

}  // namespace lancea
