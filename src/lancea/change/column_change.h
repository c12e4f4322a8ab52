// What adding, merging, casting and updating columns have in common: the rows of each fragment read, new
// columns of theirs written, and the result committed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "lancea/change/column_file_writer.h"
#include "lancea/change/column_schema.h"
#include "lancea/change/join_rows.h"
#include "lancea/change_columns.h"
#include "lancea/util/memory_shares.h"
#include "lancea/write/write_context.h"

namespace lancea {

/// Fragments with new files, which go with this unless they are kept.
struct ChangedFragments {
  std::vector<FragmentMetadata> fragments;
  std::vector<std::unique_ptr<ColumnFileWriter>> writers;
  void Keep() {
    for (const auto& writer : writers) writer->Release();
  }
};

/// A change of columns under way.
class ColumnChange {
 public:
  /// \param fragment_id  nullopt: all fragments
  static arrow::Result<ColumnChange> Make(const std::shared_ptr<const Dataset>& dataset,
                                          std::optional<uint64_t> fragment_id,
                                          const ColumnOptions& options);

  const WriteContext& context() const { return context_; }
  const Dataset& dataset() const { return *context_.dataset; }
  const ColumnOptions& options() const { return options_; }
  const std::vector<size_t>& fragments() const { return fragments_; }
  const FragmentMetadata& fragment(size_t index) const { return dataset().fragments()[index]; }
  arrow::MemoryPool* pool() const { return dataset().impl().memory_pool(); }

  /// What one of the fragments under way may hold.
  MemoryShares Shares() const {
    return MemoryShares(context_.session->memory_limit(), NumFragmentsAtOnce());
  }

  /// What the right side of a join may hold.
  JoinMemory JoinMemoryOf() const;

  /// Options of a scan of one fragment, with batches of a bounded size.
  /// \param added_row_bytes  that come to each row
  ScanOptions ScanOf(size_t fragment, uint64_t added_row_bytes = 0) const;

  /// The new columns of one fragment's live rows, as a stream.
  using Source =
      std::function<arrow::Result<std::shared_ptr<arrow::RecordBatchReader>>(size_t fragment)>;

  /// Write a file for each fragment, several fragments at a time.
  arrow::Result<ChangedFragments> WriteAll(const Schema& written, const Source& source) const;

  /// The fragment with a file for the new columns of `rows`.
  arrow::Status WriteOne(size_t fragment, const Schema& written, arrow::RecordBatchReader* rows,
                         FragmentMetadata* changed,
                         std::unique_ptr<ColumnFileWriter>* writer) const;

  /// Commit; files are kept unless they are certainly not needed.
  arrow::Result<std::shared_ptr<Dataset>> Commit(Operation operation,
                                                 ChangedFragments* changed = nullptr) const;

 private:
  ColumnChange() = default;
  size_t NumFragmentsAtOnce() const;
  WriteContext context_;
  ColumnOptions options_;
  std::vector<size_t> fragments_;  ///< indices into the manifest's
};

/// A stream of `function` applied to each batch.
std::shared_ptr<arrow::RecordBatchReader> MapBatches(
    std::shared_ptr<arrow::RecordBatchReader> rows, std::shared_ptr<arrow::Schema> schema,
    std::function<arrow::Result<std::shared_ptr<arrow::RecordBatch>>(
        const std::shared_ptr<arrow::RecordBatch>&)>
        function);

/// Append a file and mark its fields as dead in the files before it.
void AppendFile(DataFile file, FragmentMetadata* fragment);

}  // namespace lancea
