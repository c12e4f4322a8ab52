// Totals over the fragments of a manifest, and a way to have them without building the manifest.
//
// Listing a thousand versions reads a thousand manifests for a timestamp and seven sums each.
// SkimManifest walks the message's wire format and builds nothing.
// Source: what pylance 14.0.2 shows in `LanceDataset.versions()`.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Rows of fragments whose row count or number of deletions is not recorded do not count.
struct ManifestSummary {
  uint64_t total_fragments = 0;
  uint64_t total_data_files = 0;
  uint64_t total_files_size = 0;  ///< bytes
  uint64_t total_deletion_files = 0;
  uint64_t total_deletion_file_rows = 0;
  uint64_t total_rows = 0;  ///< not deleted

  void Add(const FragmentMetadata& fragment);
  std::map<std::string, std::string> ToMap() const;
  bool operator==(const ManifestSummary&) const = default;
};

/// What the version history needs of a manifest.
struct SkimmedManifest {
  uint64_t version = 0;
  int64_t timestamp_nanos = 0;
  ManifestSummary summary;
};

/// \return Corrupt when the message is not well-formed
arrow::Result<SkimmedManifest> SkimManifest(Bytes message);

}  // namespace lancea
