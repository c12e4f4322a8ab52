// What delete, update and merge insert have in common: rows collected by address, new deletion files, a
// writer for rows that move, and the loop that makes a change again when another writer was first.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/change_rows.h"
#include "lancea/table/conflict_rules.h"
#include "lancea/write/fragment_writer.h"
#include "lancea/write/write_context.h"

namespace lancea {

/// Row addresses in any order, each once, gathered as ranges by fragment. Cheap when they ascend.
class RowCollector {
 public:
  void Add(uint64_t address);
  uint64_t num_rows() const { return num_rows_; }
  /// The rows; this is empty then.
  AffectedRows Finish();

 private:
  AffectedRows rows_;
  uint64_t num_rows_ = 0;
  bool ascending_ = true;
};

/// Files a change wrote. What is not kept is removed: nothing refers to it yet.
class WrittenFiles {
 public:
  WrittenFiles() = default;
  WrittenFiles(WrittenFiles&&) = default;
  WrittenFiles& operator=(WrittenFiles&&) = default;
  ~WrittenFiles() { Remove(); }
  void Add(std::shared_ptr<ObjectStore> store, std::string path);
  /// The data files of a writer that is complete.
  void Add(std::unique_ptr<FragmentWriter> writer) { writers_.push_back(std::move(writer)); }
  void Add(WrittenFiles others);
  void Keep();
  void Remove();

 private:
  std::vector<std::pair<std::shared_ptr<ObjectStore>, std::string>> files_;
  std::vector<std::unique_ptr<FragmentWriter>> writers_;
};

/// What deleting rows does to fragments.
struct DeletedRows {
  std::vector<FragmentMetadata> updated_fragments;
  std::vector<uint64_t> removed_fragment_ids;
};

/// Write a deletion file for each fragment that loses some of its rows, in the manifest's order.
arrow::Result<DeletedRows> ApplyDeletions(const WriteContext& context, const AffectedRows& rows,
                                          const arrow::StopToken& stop, WrittenFiles* written);

/// The rows of a scan for which the filter is true, without any column.
arrow::Result<RowCollector> CollectRows(const Dataset& dataset, const RowFilter& filter,
                                        const std::optional<std::vector<uint64_t>>& fragment_ids,
                                        const arrow::StopToken& stop);

/// Set the filter of a scan.
void SetFilter(const RowFilter& filter, ScanOptions* scan);

struct RowWriterOptions {
  std::vector<std::string> target_bases;  ///< names or paths; none: the table's own directory
  uint64_t max_rows_per_file = uint64_t{1} << 20;
  uint64_t memory_limit = UINT64_MAX;  ///< of the change; the writer takes a part of it
};

/// A writer for whole rows of the table.
arrow::Result<std::unique_ptr<FragmentWriter>> MakeRowWriter(const WriteContext& context,
                                                             const ChangeOptions& options,
                                                             const RowWriterOptions& writer,
                                                             const arrow::Schema& rows);

/// Give the first fragments the ids of the rows they begin with. Rows behind them get theirs at commit.
void SetRowIds(const std::vector<uint64_t>& row_ids, std::vector<FragmentMetadata>* fragments);

/// One attempt at a change, ready to be committed.
struct PreparedChange {
  Transaction transaction;
  std::shared_ptr<const AffectedRows> affected_rows;  ///< nullptr: not known
  WrittenFiles written;
};

struct CommittedChange {
  std::shared_ptr<Dataset> dataset;
  Transaction transaction;
  uint64_t num_attempts = 0;
};

/// Prepare and commit until no other writer was first, as `options` allow.
/// \param prepare  called with the version to change
/// \return RetryableConflict when the attempts or the time have run out
arrow::Result<CommittedChange> CommitWithRetries(
    std::shared_ptr<const Dataset> dataset, const ChangeOptions& options,
    const std::function<arrow::Result<PreparedChange>(const WriteContext&)>& prepare);

/// A transaction on the context's version.
Transaction NewTransaction(const WriteContext& context, const ChangeOptions& options,
                           Operation operation);

}  // namespace lancea
