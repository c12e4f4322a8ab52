// The source's keys as a hash table: which source rows have the keys of a target row.
//
//   keys   7 9 7 null 9     groups  0 1 0 - 1     first of group  0 1     next of row  2 4 - - -
//
// Most target rows match nothing. A bit per key, by a cheap hash of the first key column, answers for them
// before the table is asked.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/change/key_groups.h"
#include "lancea/change/merge_insert_keys.h"

namespace lancea {

/// Memory: the distinct keys, and 16 bytes a row. Not thread-safe.
class MergeKeyTable {
 public:
  static constexpr uint32_t kNone = KeyGroups::kNone;

  static arrow::Result<std::unique_ptr<MergeKeyTable>> Make(
      const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool);

  /// Add the rows behind those added before, all before the first Lookup.
  /// \return InvalidInput for 2^32 rows
  arrow::Status Add(const KeyRows& keys);

  struct Hit {
    int32_t row;
    uint32_t group;
  };
  /// The rows whose keys some source row has, ascending.
  /// \param most_match  whether most rows are expected to be among them
  arrow::Status Lookup(const KeyRows& keys, bool most_match, std::vector<Hit>* hits);

  uint32_t GroupOfRow(uint64_t row) const { return groups_[row]; }
  uint32_t FirstRow(uint32_t group) const { return first_[group]; }
  /// The next source row with the same keys; kNone: no more.
  uint32_t NextRow(uint32_t row) const { return has_duplicates_ ? next_[row] : kNone; }
  bool has_duplicates() const { return has_duplicates_; }
  uint64_t num_rows() const { return groups_.size(); }

  void SetMatched(uint32_t group) { matched_[group] = 1; }
  bool IsMatched(uint32_t group) const { return matched_[group] != 0; }

 private:
  MergeKeyTable() = default;
  // Sets candidates_: rows that may have keys of this table, among those without null keys.
  void FindCandidates(const KeyRows& keys);

  std::unique_ptr<KeyGroups> keys_;
  std::vector<uint32_t> groups_, first_, last_, next_;
  std::vector<uint8_t> matched_;
  bool has_duplicates_ = false;
  std::vector<uint64_t>
      hashes_;  ///< of the rows added until the bits are made of them, then of lookups
  std::vector<int32_t> candidates_;
  std::vector<uint32_t> found_;
  std::vector<uint64_t> bits_;  ///< a power of two; made by the first lookup
};

}  // namespace lancea
