// Reads one top-level field (with everything nested in it) of one data file.
//
// Every file version implements this interface: v0_1, v2_0 and, for 2.1 and up, structural. Take and
// scan are the same call with other row ranges.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/read_task.h"
#include "lancea/encoding/value_condition.h"
#include "lancea/io/row_range.h"

namespace lancea {

/// Immutable after it was made, except for internally synchronised caches of page metadata;
/// thread-safe.
class FieldReader {
 public:
  virtual ~FieldReader() = default;

  /// The Arrow field that tasks produce (a projection may have pruned children).
  virtual const std::shared_ptr<arrow::Field>& field() const = 0;

  /// Rows in the file.
  virtual uint64_t num_rows() const = 0;

  /// Bytes that the field's pages take in the file; 0 when not known. For sizing work, not exact.
  virtual uint64_t encoded_bytes() const { return 0; }

  /// Pages of the field, of all its columns; items of lists may be left out. For measuring.
  virtual uint64_t num_pages() const { return 0; }

  /// What of `ranges` may hold rows for which the condition is true, by what is known of whole pages
  /// without reading values: statistics, pages of one value.
  virtual arrow::Result<std::vector<RowRange>> RowsThatMay(std::span<const RowRange> ranges,
                                                           const ValueCondition&) const {
    return std::vector<RowRange>(ranges.begin(), ranges.end());
  }

  /// Begin reading `ranges`: ascending, disjoint, each non-empty, all within num_rows().
  virtual arrow::Result<std::unique_ptr<ReadTask>> Read(std::span<const RowRange> ranges,
                                                        arrow::MemoryPool* pool) const = 0;

  /// The same, but values that the file stores by a dictionary, and constant ones, may come as arrays of a
  /// dictionary type over the field's. The dictionary of a page is the same object every time.
  virtual arrow::Result<std::unique_ptr<ReadTask>> ReadEncoded(std::span<const RowRange> ranges,
                                                               arrow::MemoryPool* pool) const {
    return Read(ranges, pool);
  }

  /// The same, but pages that can ask the condition themselves give boolean arrays: true where the value is
  /// no null and the condition holds. The others give arrays as those of ReadEncoded. (No field that
  /// has such a condition is boolean itself.)
  /// \param condition  of the field's values; outlives the task
  virtual arrow::Result<std::unique_ptr<ReadTask>> ReadAnswers(std::span<const RowRange> ranges,
                                                               const ValueCondition&,
                                                               arrow::MemoryPool* pool) const {
    return ReadEncoded(ranges, pool);
  }
};

}  // namespace lancea
