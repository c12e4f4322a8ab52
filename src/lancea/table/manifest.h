// Manifest: everything one version of a table is, in one immutable value and one file.
//
//   [u32 length | IndexSection]? [u32 length | Transaction]? u32 length | Manifest | footer
//   footer, 16 bytes:  u64 position of the manifest's length | u16 0 | u16 2 | "LANC"
//
// Tables of version 0.1 with dictionary columns put the dictionaries' pages first. Section offsets
// are absolute and 0 is a valid one, so presence is what counts. The transaction's offset is field
// 23 (21 in manifests written before 12.0).
// All integers little-endian. Source: table.proto and manifests pylance 0.10 to 14.0.2 wrote.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/fragment.h"
#include "lancea/object_store.h"
#include "lancea/schema.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

constexpr uint64_t kManifestFooterBytes = 16;

/// The library that wrote a manifest.
struct WriterVersion {
  std::string library;
  std::string version;
  std::optional<std::string> prerelease;
  std::optional<std::string> build_metadata;
  bool operator==(const WriterVersion&) const = default;
};

/// One version of a table. A plain value, shared as `std::shared_ptr<const Manifest>`.
struct Manifest {
  Schema schema;
  std::vector<FragmentMetadata> fragments;  ///< in reading order; ids are unique
  uint64_t version = 0;
  uint64_t version_aux_data = 0;
  std::optional<std::string> branch;  ///< none: main
  std::optional<std::string> tag;
  int64_t timestamp_nanos = 0;  ///< commit time, ns since the epoch UTC; 0: not recorded
  uint64_t reader_feature_flags = 0;
  uint64_t writer_feature_flags = 0;
  std::optional<uint32_t> max_fragment_id;
  std::optional<int32_t> max_allocated_field_id;
  std::optional<WriterVersion> writer_version;
  std::string transaction_file;                 ///< below _transactions/; empty: none
  std::optional<uint64_t> index_section;        ///< offset in the manifest file, bytes
  std::optional<uint64_t> transaction_section;  ///< offset in the manifest file, bytes
  uint64_t next_row_id = 0;
  std::string data_storage_version;  ///< "0.1", "2.0" ... "2.3"
  std::map<std::string, std::string> config;
  std::map<std::string, std::string> table_metadata;
  std::vector<BasePath> base_paths;

  bool has_stable_row_ids() const;
  /// The fragment with this id, or nullptr. O(log n) when ids ascend, as they nearly always do.
  const FragmentMetadata* FindFragment(uint64_t id) const;
  /// The largest field id of the schema and of every data file; -1 if there is none.
  int32_t max_field_id() const;
  /// Totals over the fragments, as pylance shows them in `versions()[i]["metadata"]`.
  std::map<std::string, std::string> Summary() const;
};

/// True for a version of the last ten minutes: none that young is removed while newer ones stay, unless by
/// a cleanup that was told to keep nothing.
bool IsRecent(const Manifest& manifest);

/// Parse the bytes of a Manifest message.
/// \return Unsupported naming the flag when a reader feature is not known; Corrupt otherwise
arrow::Result<Manifest> ParseManifest(Bytes message);

/// The last bytes of a manifest file that hold the message and the footer.
struct ManifestTail {
  std::shared_ptr<arrow::Buffer> buffer;
  Bytes message;  ///< of the Manifest, inside `buffer`
};

/// Read and bounds-check the Manifest message: two reads at most, one for small manifests.
arrow::Result<ManifestTail> ReadManifestTail(ObjectReader& reader);

/// Read and parse the manifest in a file; errors name the file.
arrow::Result<std::shared_ptr<const Manifest>> ReadManifest(ObjectReader& reader);

/// The indices listed in the manifest's file; none when it has no index section.
arrow::Result<std::vector<IndexInfo>> ReadIndexSection(ObjectReader& reader,
                                                       const Manifest& manifest);

/// The bytes of a length-prefixed message at `offset` of a manifest file.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadSection(ObjectReader& reader, uint64_t offset,
                                                          const char* what);

}  // namespace lancea
