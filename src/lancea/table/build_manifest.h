// Building a manifest: the previous version + a transaction = the next version. No I/O.
//
// The transaction has been checked against everything committed since it was made and rebased on
// `previous` (conflict_rules.h); here its effect is carried out.
//
//   Append, Merge's and Update's new fragments   ids from max_fragment_id + 1 where the id is 0,
//                                                stable row ids from next_row_id
//   Delete            deletion files of the updated fragments; emptied fragments leave
//   Overwrite         new fragments and schema, no indices; config, versions and counters go on
//   CreateIndex       entries replaced by uuid
//   Rewrite           each group's old fragments replaced in place; indices remapped
//   Merge, Project    new schema; indices and files without a field left in it leave
//   Update            fragments replaced, removed and added; indices forget rewritten columns
//   DataReplacement   the file of some columns exchanged
//   Restore           the restored version's contents under today's counters
//   Clone             the source's contents, every file under a base path; same version number
//   the others        metadata only
//
// Invariants of the result: fragment ids unique, none above max_fragment_id, which never decreases;
// row ids below next_row_id, which never decreases; every fragment has physical rows and, in tables
// with stable row ids, as many row ids; each data file has a field of the schema; every base path
// named exists; feature flags are those of the contents.
// Source: transaction.proto; table-format notes; versions committed by pylance 14.0.2.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/table/manifest.h"
#include "lancea/table/row_id_sequence.h"
#include "lancea/table/row_version_sequence.h"
#include "lancea/transaction.h"

namespace lancea {

/// What this library calls itself in the manifests it writes.
WriterVersion OwnWriterVersion();

/// Row lineage of a fragment that lies in a hidden column, read by the caller.
struct SpilledLineage {
  std::shared_ptr<const RowIdSequence> row_ids;
  std::shared_ptr<const RowVersionSequence> created_at_versions;
  std::shared_ptr<const RowVersionSequence> last_updated_at_versions;
};

/// What a commit adds to its transaction.
struct CommitSettings {
  int64_t timestamp_nanos = 0;  ///< of the new version, ns since the epoch UTC
  /// Create and Overwrite: "2.0" .. "2.3"; nullopt: as the files say, else as the previous version.
  std::optional<std::string> data_storage_version;
  bool stable_row_ids = false;  ///< when creating a table; an existing one stays as it is
  /// When creating a table: ids of dropped fields are never given again.
  bool non_reusable_field_ids = false;
  std::string transaction_file;       ///< name below _transactions/; empty: none is written
  bool no_transaction_files = false;  ///< sets the feature flag of that name
  WriterVersion writer_version = OwnWriterVersion();
  /// By fragment id. Update needs it where `previous` has fragments with spilled lineage.
  std::map<uint64_t, SpilledLineage> spilled_lineage;
};

/// A version's manifest and the entries of its index section.
struct BuiltManifest {
  Manifest manifest;
  std::vector<IndexInfo> indices;
};

/// The version that `transaction` makes of `previous`.
///
/// \param previous  the latest version; nullptr when there is no table yet (Overwrite, Clone)
/// \param source  Restore: the version restored. Clone: the version cloned. Else nullptr
/// \return InvalidInput when the transaction contradicts the table or itself; Unsupported when the
///   table needs a writer feature this build does not have, or for operation::Unknown
arrow::Result<BuiltManifest> BuildManifest(const Manifest* previous,
                                           const std::vector<IndexInfo>& previous_indices,
                                           const Transaction& transaction,
                                           const CommitSettings& settings,
                                           const BuiltManifest* source = nullptr);

/// The invariants above that can be seen in a manifest alone.
/// \return InvalidInput naming the fragment or file
arrow::Status ValidateManifest(const Manifest& manifest);

}  // namespace lancea
