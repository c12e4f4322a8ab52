#include "lancea/maintain/manifest_migration.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/health.h"
#include "lancea/proto/table.pb.h"
#include "lancea/table/manifest.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// "0.8.15" and all that follow it. What cannot be read is older.
bool IsSound(const std::string& version) {
  std::array<int, 3> parts{};
  std::istringstream text(version);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && text.get() != '.') return false;
    if (!(text >> parts[i])) return false;
  }
  return parts >= std::array<int, 3>{0, 8, 15};
}

}  // namespace

bool LacksFields(const lance::table::Manifest& manifest, const std::vector<IndexInfo>& indices) {
  if (!manifest.has_writer_version()) return true;
  const bool lacks_counts = std::ranges::any_of(manifest.fragments(), [](const auto& fragment) {
    return fragment.physical_rows() == 0 ||
           (fragment.has_deletion_file() && fragment.deletion_file().num_deleted_rows() == 0);
  });
  if (lacks_counts) return true;
  const auto& writer = manifest.writer_version();
  const bool may_be_wrong = writer.library() == "lance" && !IsSound(writer.version());
  return std::ranges::any_of(
      indices, [&](const IndexInfo& index) { return !index.has_fragment_bitmap || may_be_wrong; });
}

arrow::Result<bool> ManifestNeedsMigration(const Dataset& dataset) {
  const Dataset::Impl& impl = dataset.impl();
  const ManifestLocation& location = impl.manifest_location;
  ARROW_ASSIGN_OR_RAISE(auto reader, impl.location.store->Open(location.path, location.size));
  ARROW_ASSIGN_OR_RAISE(const ManifestTail tail, ReadManifestTail(*reader));
  lance::table::Manifest manifest;
  if (tail.message.size() > INT32_MAX ||
      !manifest.ParseFromArray(tail.message.data(), static_cast<int>(tail.message.size()))) {
    return Corrupt(location.path, ": the manifest cannot be parsed");
  }
  return LacksFields(manifest, impl.indices);
}

}  // namespace lancea
