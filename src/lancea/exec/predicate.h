// One condition of a filter, asked of decoded or of encoded values.
//
// A condition on a single column is asked of dictionary-encoded values once per distinct value and once
// for null; the answer for a row is then looked up by its index:
//
//   dictionary  "AIR" "RAIL" "SHIP"     mode LIKE '%AI%'  ->  true true false, null -> null
//   indices     2 0 0 1 -               answers 0 1 1 1 -
//
// A page's dictionary is the same object for all its rows, so the answers for it are kept. A constant
// page comes as a dictionary of one value.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_condition.h"

namespace lancea {

/// `array` as expressions see it: storage of extension types, dictionaries resolved.
arrow::Result<std::shared_ptr<arrow::Array>> AsEvaluated(std::shared_ptr<arrow::Array> array,
                                                         arrow::MemoryPool* pool);

/// Immutable but for the answers it keeps; thread-safe.
class Predicate {
 public:
  /// \param condition  not bound
  /// \param columns    what it reads, in the order given to Evaluate, with the types evaluated
  static arrow::Result<std::shared_ptr<const Predicate>> Make(
      const arrow::compute::Expression& condition, std::shared_ptr<arrow::Schema> columns);

  /// The answer for each of `num_rows` rows.
  /// \param columns  one array per column; dictionary-encoded ones stay so if there is but one
  arrow::Result<std::shared_ptr<arrow::BooleanArray>> Evaluate(arrow::ArrayVector columns,
                                                               int64_t num_rows,
                                                               arrow::MemoryPool* pool) const;

  const arrow::compute::Expression& condition() const { return bound_; }
  /// The same as pages can be asked, if it is of that kind: of one column, and never true of null.
  const ValueCondition* value_condition() const {
    return value_condition_.has_value() ? &*value_condition_ : nullptr;
  }
  size_t num_columns() const;

 private:
  struct Answers {
    std::vector<uint8_t> of_value;  // 1: true
    bool of_null = false;
    int64_t num_true = 0;
  };
  struct Kept {
    std::shared_ptr<arrow::ArrayData> dictionary;
    std::shared_ptr<const Answers> answers;
  };
  Predicate(arrow::compute::Expression bound, std::shared_ptr<arrow::Schema> columns,
            std::optional<ValueCondition> value_condition)
      : bound_(std::move(bound)),
        columns_(std::move(columns)),
        value_condition_(std::move(value_condition)) {}
  arrow::Result<std::shared_ptr<arrow::BooleanArray>> Plain(const arrow::ArrayVector& columns,
                                                            int64_t num_rows,
                                                            arrow::MemoryPool* pool) const;
  arrow::Result<std::shared_ptr<arrow::BooleanArray>> OfDictionary(const arrow::ArrayData& column,
                                                                   arrow::MemoryPool* pool) const;
  arrow::Result<std::shared_ptr<const Answers>> AnswersOf(
      const std::shared_ptr<arrow::ArrayData>& dictionary, arrow::MemoryPool* pool) const;

  const arrow::compute::Expression bound_;
  const std::shared_ptr<arrow::Schema> columns_;
  const std::optional<ValueCondition> value_condition_;
  mutable std::mutex mutex_;
  mutable std::vector<Kept> kept_;
};

}  // namespace lancea
