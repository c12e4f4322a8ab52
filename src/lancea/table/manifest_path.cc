#include "lancea/table/manifest_path.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

#include "arrow/buffer.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::string_view kExtension = ".manifest";
constexpr char kHintFile[] = "latest_version_hint.json";
constexpr size_t kV2Digits = 20;
constexpr uint64_t kMaxHintBytes = 4096;

std::optional<uint64_t> ParseNumber(std::string_view digits) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

arrow::Status NoSuchTable(const std::string& root) {
  return NotFound("no table at \"", root, "\"");
}

bool IsNotFound(const arrow::Status& status) {
  return CategoryOf(status) == ErrorCategory::kNotFound;
}

/// The location if there is such a file, nothing if there is not.
arrow::Result<std::optional<ManifestLocation>> Probe(ObjectStore& store, const std::string& root,
                                                     uint64_t version, ManifestNaming naming) {
  std::string path = ManifestPath(root, version, naming);
  auto reader = store.Open(path);
  if (reader.ok()) return ManifestLocation{version, path, (*reader)->size(), naming};
  if (IsNotFound(reader.status())) return std::nullopt;
  return reader.status();
}

std::string HintPath(const std::string& root) {
  return JoinPath(JoinPath(root, kVersionsDirectory), kHintFile);
}

bool HintsAreUsed() {
  const char* text = std::getenv("LANCE_USE_VERSION_HINT");
  if (text == nullptr) return true;
  std::string value(text);
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
  return value != "0" && value != "false" && value != "off";
}

}  // namespace

std::string ManifestName(uint64_t version, ManifestNaming naming) {
  std::string name;
  if ((version & kDetachedVersionMask) != 0) {
    name = "d";
    name += std::to_string(version);
  } else if (naming == ManifestNaming::kV1) {
    name = std::to_string(version);
  } else {
    std::string digits = std::to_string(std::numeric_limits<uint64_t>::max() - version);
    name.assign(kV2Digits - digits.size(), '0');
    name += digits;
  }
  name += kExtension;
  return name;
}

std::optional<ParsedManifestName> ParseManifestName(std::string_view name) {
  if (!name.ends_with(kExtension)) return std::nullopt;
  std::string_view digits = name.substr(0, name.size() - kExtension.size());
  ParsedManifestName parsed;
  if (digits.starts_with('d')) {
    digits.remove_prefix(1);
    parsed.is_detached = true;
  }
  std::optional<uint64_t> number = ParseNumber(digits);
  if (!number) return std::nullopt;
  parsed.version = *number;
  if (parsed.is_detached) {
    if ((parsed.version & kDetachedVersionMask) == 0) return std::nullopt;
  } else if (digits.size() == kV2Digits) {
    parsed.version = std::numeric_limits<uint64_t>::max() - *number;
  } else {
    parsed.naming = ManifestNaming::kV1;
  }
  return parsed;
}

std::string ManifestPath(const std::string& root, uint64_t version, ManifestNaming naming) {
  return JoinPath(JoinPath(root, kVersionsDirectory), ManifestName(version, naming));
}

bool HasVersionHint(const ObjectStore& store) {
  return store.is_local() || !store.lists_in_order();
}

std::optional<uint64_t> ReadVersionHint(ObjectStore& store, const std::string& root) {
  if (!HintsAreUsed()) return std::nullopt;
  auto reader = store.Open(HintPath(root));
  if (!reader.ok() || (*reader)->size() > kMaxHintBytes) return std::nullopt;
  auto bytes = (*reader)->ReadAt({0, (*reader)->size()});
  if (!bytes.ok()) return std::nullopt;
  auto json = nlohmann::json::parse((*bytes)->ToString(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  auto version = json.find("version");
  if (version == json.end() || !version->is_number_unsigned()) return std::nullopt;
  return version->get<uint64_t>();
}

arrow::Status WriteVersionHint(ObjectStore& store, const std::string& root, uint64_t version) {
  if (!HasVersionHint(store) || !HintsAreUsed()) return arrow::Status::OK();
  const std::string text = "{\"version\":" + std::to_string(version) + "}";
  return store.PutRelaxed(HintPath(root),
                          {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

arrow::Result<std::vector<ManifestLocation>> ListManifests(ObjectStore& store,
                                                           const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(auto objects, store.List(JoinPath(root, kVersionsDirectory)));
  std::vector<ManifestLocation> manifests;
  manifests.reserve(objects.size());
  for (ObjectInfo& object : objects) {
    if (object.is_directory) continue;
    auto parsed = ParseManifestName(FileName(object.path));
    if (!parsed || parsed->is_detached) continue;
    if (!manifests.empty() && manifests.front().naming != parsed->naming) {
      return Corrupt("\"", JoinPath(root, kVersionsDirectory),
                     "\" has manifests of both naming schemes");
    }
    manifests.push_back({parsed->version, std::move(object.path), object.size, parsed->naming});
  }
  std::ranges::sort(manifests, {}, &ManifestLocation::version);
  return manifests;
}

std::optional<ManifestLocation> FindLatestByHint(ObjectStore& store, const std::string& root) {
  std::optional<uint64_t> hint = ReadVersionHint(store, root);
  if (!hint || (*hint & kDetachedVersionMask) != 0) return std::nullopt;
  std::optional<ManifestLocation> latest;
  for (ManifestNaming naming : {ManifestNaming::kV2, ManifestNaming::kV1}) {
    auto found = Probe(store, root, *hint, naming);
    if (!found.ok()) return std::nullopt;
    if ((latest = *found)) break;
  }
  while (latest) {
    auto next = Probe(store, root, latest->version + 1, latest->naming);
    // An error may hide a newer version, so it is not an answer.
    if (!next.ok()) return std::nullopt;
    if (!*next) return latest;
    latest = **next;
  }
  return std::nullopt;
}

arrow::Result<ManifestLocation> FindLatestManifest(ObjectStore& store, const std::string& root) {
  if (!store.is_local() && !store.lists_in_order()) {
    if (auto latest = FindLatestByHint(store, root)) return *latest;
  }
  auto manifests = ListManifests(store, root);
  if (!manifests.ok()) {
    return IsNotFound(manifests.status()) ? NoSuchTable(root) : manifests.status();
  }
  if (manifests->empty()) return NoSuchTable(root);
  return manifests->back();
}

arrow::Result<ManifestLocation> FindManifest(ObjectStore& store, const std::string& root,
                                             uint64_t version, ManifestNaming naming) {
  ManifestNaming other = naming == ManifestNaming::kV1 ? ManifestNaming::kV2 : ManifestNaming::kV1;
  for (ManifestNaming tried : {naming, other}) {
    ARROW_ASSIGN_OR_RAISE(auto found, Probe(store, root, version, tried));
    if (found) return *found;
    // Both schemes name detached versions alike.
    if ((version & kDetachedVersionMask) != 0) break;
  }
  return NotFound("no version ", version, " of the table at \"", root, "\"");
}

}  // namespace lancea
