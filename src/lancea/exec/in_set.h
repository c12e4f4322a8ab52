// Whether a number is in a set that was made before: Arrow's is_in makes its own each time that an
// expression is bound, which for thousands of values takes longer than to ask a million rows.
#pragma once

#include <memory>

#include "arrow/compute/expression.h"
#include "arrow/compute/function_options.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_condition.h"

namespace lancea {

inline constexpr char kInSet[] = "lancea_in_set";

/// The set. Immutable; copies share it.
class InSetOptions : public arrow::compute::FunctionOptions {
 public:
  InSetOptions(std::shared_ptr<arrow::Array> values, ValueCondition condition);

  const std::shared_ptr<arrow::Array>& values() const { return values_; }
  const std::shared_ptr<arrow::DataType>& type() const;
  const ValueCondition& condition() const { return condition_; }

 private:
  std::shared_ptr<arrow::Array> values_;
  ValueCondition condition_;
};

/// An expression that is true of the rows whose `value` is one of `values`, false of
/// null ones.
/// \param value   of the same type
/// \param values  integers; nulls among them count for nothing
/// \return InvalidInput for values of another type
arrow::Result<arrow::compute::Expression> InSet(arrow::compute::Expression value,
                                                std::shared_ptr<arrow::Array> values);

/// Whether an expression is what InSet makes.
bool IsInSet(const arrow::compute::Expression& expression);

}  // namespace lancea
