#include "lancea/table/feature_flags.h"

#include <bit>

#include "lancea/table/manifest.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

const char* FlagName(uint64_t flag) {
  switch (flag) {
    case kFlagDataOverlayFiles:
      return "data overlay files";
    case kFlagStableRowIdsWithFragmentReuse:
      return "stable row ids with a fragment reuse index";
    case kFlagFragmentTree:
      return "fragment tree";
    case kFlagIndependentCoveringFields:
      return "independent covering fields";
    case kFlagZoneWriteSeeds:
      return "zone write seeds";
    case kFlagObjectMetadata:
      return "object metadata";
    case kFlagFragmentReuseIndex:
      return "fragment reuse index";
    case kFlagManagedBlobs:
      return "managed blobs";
    default:
      return "unknown";
  }
}

}  // namespace

arrow::Status CheckReadable(uint64_t reader_flags, uint64_t writer_flags, uint64_t version) {
  if (uint64_t unknown = reader_flags & ~kReadableFlags; unknown != 0) {
    uint64_t first = uint64_t{1} << std::countr_zero(unknown);
    return Unsupported("reader feature flag ", first, " (", FlagName(first), ") in version ",
                       version, "; this build reads the flags in ", kReadableFlags);
  }
  if (((reader_flags ^ writer_flags) & kFlagFragmentReuseIndex) != 0) {
    return Corrupt("version ", version, ": feature flag ", kFlagFragmentReuseIndex,
                   " (fragment reuse index) is set for readers or writers only");
  }
  return arrow::Status::OK();
}

arrow::Status CheckWritable(const Manifest& manifest) {
  const uint64_t reader = manifest.reader_feature_flags, writer = manifest.writer_feature_flags;
  ARROW_RETURN_NOT_OK(CheckReadable(reader, writer, manifest.version));
  if (uint64_t unknown = writer & ~kWritableFlags; unknown != 0) {
    uint64_t first = uint64_t{1} << std::countr_zero(unknown);
    return Unsupported("writer feature flag ", first, " (", FlagName(first), ") in version ",
                       manifest.version, "; this build writes tables with flags in ",
                       kWritableFlags);
  }
  if (uint64_t half = (reader ^ writer) & kStickyFlags; half != 0) {
    return Corrupt("version ", manifest.version, ": feature flag ",
                   uint64_t{1} << std::countr_zero(half), " is set for readers or writers only");
  }
  if (manifest.max_allocated_field_id.has_value() != ((writer & kFlagNonReusableFieldIds) != 0)) {
    return Corrupt("version ", manifest.version, ": feature flag ", kFlagNonReusableFieldIds,
                   " and the largest field id ever given go together; one is missing");
  }
  return arrow::Status::OK();
}

arrow::Status SetFeatureFlags(Manifest* manifest, const std::vector<IndexInfo>& indices,
                              bool stable_row_ids, bool no_transaction_files) {
  uint64_t both = manifest->reader_feature_flags & kStickyFlags;
  uint64_t writer_only = 0;
  uint64_t with_row_ids = 0;
  for (const FragmentMetadata& fragment : manifest->fragments) {
    if (fragment.deletion_file) both |= kFlagDeletionFiles;
    if (!fragment.row_ids.empty()) ++with_row_ids;
    if (fragment.row_ids.in_hidden_column || fragment.created_at_versions.in_hidden_column ||
        fragment.last_updated_at_versions.in_hidden_column) {
      both |= kFlagSpilledRowLineage;
    }
  }
  const uint64_t wanted = stable_row_ids ? manifest->fragments.size() : 0;
  if (with_row_ids != wanted) {
    return InvalidInput(with_row_ids, " of ", manifest->fragments.size(),
                        " fragments have row ids in a table ", stable_row_ids ? "with" : "without",
                        " stable row ids");
  }
  if (stable_row_ids) both |= kFlagStableRowIds;
  if (!manifest->base_paths.empty()) both |= kFlagBasePaths;
  for (const IndexInfo& index : indices) {
    if (!index.covering_fields.empty()) both |= kFlagCoveringIndexColumns;
  }
  if (!manifest->config.empty()) writer_only |= kFlagTableConfig;
  if (no_transaction_files) writer_only |= kFlagNoTransactionFiles;
  if (manifest->max_allocated_field_id) writer_only |= kFlagNonReusableFieldIds;
  manifest->reader_feature_flags = both;
  manifest->writer_feature_flags = both | writer_only;
  return arrow::Status::OK();
}

}  // namespace lancea
