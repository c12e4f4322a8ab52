#include "lancea/table/feature_flags.h"

#include <bit>

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

}  // namespace lancea
