#include "lancea/table/versions.h"

#include <optional>
#include <utility>

#include "lancea/table/manifest.h"
#include "lancea/table/manifest_summary.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<SkimmedManifest> Skim(ObjectStore& store, const ManifestLocation& location) {
  ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(location.path, location.size));
  auto tail = ReadManifestTail(*reader);
  if (!tail.ok()) return Prefix(tail.status(), location.path);
  auto skimmed = SkimManifest(tail->message);
  if (!skimmed.ok()) return Prefix(skimmed.status(), location.path);
  return skimmed;
}

}  // namespace

arrow::Result<VersionInfo> ReadVersionInfo(ObjectStore& store, const ManifestLocation& location) {
  ARROW_ASSIGN_OR_RAISE(SkimmedManifest skimmed, Skim(store, location));
  VersionInfo info;
  info.version = location.version;
  info.timestamp_nanos = skimmed.timestamp_nanos;
  info.metadata = skimmed.summary.ToMap();
  return info;
}

arrow::Result<std::vector<VersionInfo>> ReadVersions(ObjectStore& store, const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(auto manifests, ListManifests(store, root));
  std::vector<VersionInfo> versions;
  versions.reserve(manifests.size());
  for (const ManifestLocation& location : manifests) {
    auto info = ReadVersionInfo(store, location);
    if (info.ok()) {
      versions.push_back(*std::move(info));
    } else if (CategoryOf(info.status()) != ErrorCategory::kNotFound) {
      return info.status();
    }
  }
  return versions;
}

arrow::Result<ManifestLocation> FindManifestAsOf(ObjectStore& store, const std::string& root,
                                                 int64_t micros) {
  ARROW_ASSIGN_OR_RAISE(auto manifests, ListManifests(store, root));
  if (manifests.empty()) return NotFound("no table at \"", root, "\"");
  // Clocks of different writers disagree, so times need not ascend: search from the newest.
  for (auto location = manifests.rbegin(); location != manifests.rend(); ++location) {
    auto skimmed = Skim(store, *location);
    if (!skimmed.ok() && CategoryOf(skimmed.status()) == ErrorCategory::kNotFound) continue;
    ARROW_RETURN_NOT_OK(skimmed.status());
    if (skimmed->timestamp_nanos / 1000 < micros) return std::move(*location);
  }
  return NotFound("the first version of the table at \"", root, "\" is not before ", micros,
                  " µs since the epoch");
}

}  // namespace lancea
