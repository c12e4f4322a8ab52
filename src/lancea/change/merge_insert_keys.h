// The key columns of a merge: read from batches, hashed, shown in messages.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/transaction.h"

namespace lancea {

/// The keys of some rows, one array per key column, in the types that are compared: of structs and lists
/// their bytes.
struct KeyRows {
  arrow::ArrayVector columns;
  int64_t num_rows = 0;

  /// Rows none of whose keys is null; they are all of them if this is empty and `all_valid` is set.
  std::vector<int32_t> valid;
  bool all_valid = true;
};

/// How keys are found and compared. Immutable, thread-safe.
class MergeKeyColumns {
 public:
  /// \param on       paths, as the table spells them
  /// \param schema   of the table, as scans return it
  /// \return InvalidInput for columns of a type that cannot be compared
  static arrow::Result<MergeKeyColumns> Make(std::vector<std::string> on,
                                             const arrow::Schema& schema);

  const std::vector<std::string>& paths() const { return paths_; }
  /// As they are compared.
  const std::vector<std::shared_ptr<arrow::DataType>>& types() const { return types_; }
  /// As the table has them.
  const std::vector<std::shared_ptr<arrow::DataType>>& stored_types() const {
    return stored_types_;
  }

  /// The keys of source rows, which have whole top-level columns.
  arrow::Result<KeyRows> OfSource(const arrow::RecordBatch& rows, arrow::MemoryPool* pool) const;

  /// The keys of rows whose first columns are the keys.
  arrow::Result<KeyRows> OfTarget(const arrow::RecordBatch& rows, arrow::MemoryPool* pool) const;

  /// "id = 1, name = \"a\"", for messages.
  std::string Format(const KeyRows& keys, int64_t row) const;

 private:
  arrow::Result<KeyRows> Normalize(arrow::ArrayVector columns, int64_t num_rows,
                                   arrow::MemoryPool* pool) const;

  std::vector<std::string> paths_;
  std::vector<std::vector<std::string>> names_;
  std::vector<std::shared_ptr<arrow::DataType>> types_, stored_types_;
};

/// A hash of each row's keys; what rows with null keys get does not matter.
std::vector<uint64_t> HashKeys(const KeyRows& keys);

/// A cheap hash of each row's first key; what nulls get does not matter.
void HashFirstKey(const KeyRows& keys, uint64_t* out);

/// The keys a merge inserted, for other writers to see: a split-block Bloom filter of 16 KiB.
/// Source: the Parquet format's Bloom filters; transactions of pylance 14.0.2.
class InsertedKeyFilter {
 public:
  explicit InsertedKeyFilter(std::vector<int32_t> field_ids);
  /// \param rows  all without null keys
  void Insert(const KeyRows& keys, int64_t row);
  operation::KeyExistenceFilter Finish() const;

 private:
  std::vector<int32_t> field_ids_;
  std::vector<uint32_t> words_;
};

}  // namespace lancea
