// Feature flags: what a reader or writer of a manifest must understand.
//
// Each manifest has a word for readers and a word for writers. A client that does not know a bit of
// its word must refuse the table. Source: table.proto and pylance 14.0.2.
#pragma once

#include <cstdint>
#include <vector>

#include "arrow/status.h"
#include "lancea/index_info.h"

namespace lancea {

struct Manifest;

constexpr uint64_t kFlagDeletionFiles = 1 << 0;
constexpr uint64_t kFlagStableRowIds = 1 << 1;
constexpr uint64_t kFlagUseV2Format = 1 << 2;  // no longer written
constexpr uint64_t kFlagTableConfig = 1 << 3;
constexpr uint64_t kFlagBasePaths = 1 << 4;
constexpr uint64_t kFlagNoTransactionFiles = 1 << 5;
constexpr uint64_t kFlagDataOverlayFiles = 1 << 6;
constexpr uint64_t kFlagCoveringIndexColumns = 1 << 7;
constexpr uint64_t kFlagMixedFileVersions = 1 << 8;
constexpr uint64_t kFlagStableRowIdsWithFragmentReuse = 1 << 9;
constexpr uint64_t kFlagFragmentReuseIndex = 1 << 10;
constexpr uint64_t kFlagSpilledRowLineage = 1 << 11;
constexpr uint64_t kFlagFragmentTree = 1 << 12;
constexpr uint64_t kFlagIndependentCoveringFields = 1 << 13;
constexpr uint64_t kFlagManagedBlobs = 1 << 14;
constexpr uint64_t kFlagNonReusableFieldIds = 1 << 15;
constexpr uint64_t kFlagZoneWriteSeeds = 1 << 16;
constexpr uint64_t kFlagObjectMetadata = 1 << 17;

/// Reader bits this build understands. Left out are those pylance 14.0.2 does not read either:
/// overlays, stable row ids with a fragment reuse index, fragment trees, independent covering
/// fields and zone seeds.
constexpr uint64_t kReadableFlags =
    kFlagDeletionFiles | kFlagStableRowIds | kFlagUseV2Format | kFlagTableConfig | kFlagBasePaths |
    kFlagNoTransactionFiles | kFlagCoveringIndexColumns | kFlagMixedFileVersions |
    kFlagFragmentReuseIndex | kFlagSpilledRowLineage | kFlagManagedBlobs | kFlagNonReusableFieldIds;

/// Writer bits this build keeps true when it writes. Left out are a tagged fragment reuse index,
/// whose records every rewrite would have to extend, and managed blobs, whose objects cleaning up
/// would have to know.
constexpr uint64_t kWritableFlags = kReadableFlags & ~(kFlagFragmentReuseIndex | kFlagManagedBlobs);

/// Capabilities a table once had keep standing in both words, even if nothing uses them now.
constexpr uint64_t kStickyFlags =
    kFlagMixedFileVersions | kFlagFragmentReuseIndex | kFlagManagedBlobs | kFlagZoneWriteSeeds;

/// \return Unsupported naming the first unknown flag and the version; Corrupt when flags that only
///   make sense in both words are in one
arrow::Status CheckReadable(uint64_t reader_flags, uint64_t writer_flags, uint64_t version);

/// \return Unsupported naming the first writer flag this build does not keep; Corrupt when flags
///   that go together do not
arrow::Status CheckWritable(const Manifest& manifest);

/// Set both words from the contents; sticky flags already set stay.
/// \param no_transaction_files  only manifests carry the transactions of this table
/// \return InvalidInput when only some fragments have row ids
arrow::Status SetFeatureFlags(Manifest* manifest, const std::vector<IndexInfo>& indices,
                              bool stable_row_ids, bool no_transaction_files);

}  // namespace lancea
