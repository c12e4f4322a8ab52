// What a legacy file knows of the values of each page of a field: how many are null, the least and the
// greatest.
//
//   statistics schema   "7": struct<null_count: i64, min_value, max_value>    for field 7; bounds have its type
//   pages               plain or var-binary as any other; a value for each batch
//
// Bounds are of the values that were written, not of nulls: which a plain page holds as 0, and a var-binary
// page as no bytes. Bounds of floats leave out NaN, too. Bounds of more than 64 bytes are cut: the lower one
// to a prefix, the upper one to the next greater prefix. A bound of no bytes reads as null: not known.
// Source: files written by pylance 14.0.2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/v0_1/legacy_file.h"
#include "lancea/encoding/value_condition.h"

namespace lancea::v0_1 {

/// Immutable, thread-safe.
class PageStatistics {
 public:
  /// \param type  of the field as it is stored
  /// \return nullptr when the file has none of the field
  static arrow::Result<std::shared_ptr<const PageStatistics>> Read(
      const LegacyFile& file, const Field& field, const std::shared_ptr<arrow::DataType>& type);

  /// Whether a value for which the condition is true may be in the field's page of a batch.
  bool MayHold(size_t batch, const ValueCondition& condition) const;

 private:
  PageStatistics() = default;
  bool MayHoldNumber(size_t batch, const NumberCondition& condition) const;
  bool MayHoldText(size_t batch, const TextCondition& condition) const;

  std::shared_ptr<arrow::Array> null_counts_, least_, greatest_;  // by batch
};

}  // namespace lancea::v0_1
