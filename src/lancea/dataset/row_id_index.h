// Stable row id -> row address.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset/dataset_impl.h"

namespace lancea {

/// The row-id sequences of all fragments, searched by their bounds. Immutable, thread-safe.
class RowIdIndex {
 public:
  /// The index of the dataset's version, kept by the session.
  static arrow::Result<std::shared_ptr<const RowIdIndex>> Get(const Dataset::Impl& dataset);

  /// Address of the live row with this id; nothing when there is none. An id may stand in several
  /// fragments (its row was moved by an update): the copy that is not deleted counts.
  arrow::Result<std::optional<uint64_t>> Find(const Dataset::Impl& dataset, uint64_t row_id) const;

 private:
  struct Entry {
    uint64_t min, max;
    size_t fragment;
    std::shared_ptr<const RowIdSequence> ids;
  };
  std::vector<Entry> entries_;        // by min
  std::vector<uint64_t> max_so_far_;  // largest max of entries_[0..i]
};

}  // namespace lancea
