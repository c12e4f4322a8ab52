// Manifest paths: which file of _versions/ holds which version, and which one is the latest.
//
//   V1        {version}.manifest                                7.manifest
//   V2        {2^64 - 1 - version, 20 digits}.manifest          18446744073709551608.manifest
//   detached  d{version}.manifest, bit 63 of the version set; not part of the history
//
// A name is V2 exactly when it is 29 characters long; newer versions sort first. One directory uses
// one scheme. `latest_version_hint.json` {"version":N} is a hint only: N may be old or gone.
// Finding the latest: on local disks and where listings come in order, list; elsewhere read the
// hint and try N + 1, N + 2 .. until one is missing, listing when there is no usable hint. Source:
// directories pylance 0.10 to 14.0.2 wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "lancea/object_store.h"

namespace lancea {

enum class ManifestNaming { kV1, kV2 };

/// Versions with this bit are detached from the history.
constexpr uint64_t kDetachedVersionMask = uint64_t{1} << 63;

/// Where a version's manifest lies.
struct ManifestLocation {
  uint64_t version = 0;
  std::string path;   ///< full path in the store
  uint64_t size = 0;  ///< bytes, 0 when not known
  ManifestNaming naming = ManifestNaming::kV2;
};

/// The file name of a version's manifest.
std::string ManifestName(uint64_t version, ManifestNaming naming);

/// The full path of a version's manifest.
std::string ManifestPath(const std::string& root, uint64_t version, ManifestNaming naming);

/// What a file name of _versions/ says; nothing for any other file.
struct ParsedManifestName {
  uint64_t version = 0;
  ManifestNaming naming = ManifestNaming::kV2;
  bool is_detached = false;
  bool operator==(const ParsedManifestName&) const = default;
};
std::optional<ParsedManifestName> ParseManifestName(std::string_view name);

/// The manifests of the history of the table at `root`, oldest first. One listing.
/// \return Corrupt when names of both schemes are there; empty when there is no table
arrow::Result<std::vector<ManifestLocation>> ListManifests(ObjectStore& store,
                                                           const std::string& root);

/// True for stores where commits leave a hint file: those that do not list in order, and local ones.
bool HasVersionHint(const ObjectStore& store);

/// The version that the hint file names; nothing when there is none, or hints are switched off
/// (LANCE_USE_VERSION_HINT=0).
std::optional<uint64_t> ReadVersionHint(ObjectStore& store, const std::string& root);

/// Write the hint file, where there is one.
arrow::Status WriteVersionHint(ObjectStore& store, const std::string& root, uint64_t version);

/// The latest version by hint and probing, whatever the number of versions; nothing when the hint is
/// missing, stale or unsure. A cleanup can leave a gap behind the hint that looks like the end of the
/// history: believe it only for manifests that are IsRecent, or where listings do no better.
std::optional<ManifestLocation> FindLatestByHint(ObjectStore& store, const std::string& root);

/// The latest version of the table at `root`.
/// \return NotFound when there is no table
arrow::Result<ManifestLocation> FindLatestManifest(ObjectStore& store, const std::string& root);

/// The manifest of one version, detached ones included.
/// \param naming  the scheme to try first, when known
/// \return NotFound naming the version
arrow::Result<ManifestLocation> FindManifest(ObjectStore& store, const std::string& root,
                                             uint64_t version,
                                             ManifestNaming naming = ManifestNaming::kV2);

}  // namespace lancea
