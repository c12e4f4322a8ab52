// A filter taken apart: the conditions that must all hold, and what each of them reads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// The conditions joined by AND at the top of `filter`, in order.
std::vector<arrow::compute::Expression> SplitConjuncts(const arrow::compute::Expression& filter);

/// The alternatives joined by OR at the top of `condition`, in order.
std::vector<arrow::compute::Expression> SplitAlternatives(
    const arrow::compute::Expression& condition);

/// The same expression, not bound, so that it can be bound to another schema with these columns.
arrow::compute::Expression Unbound(const arrow::compute::Expression& expression);

/// Paths of the fields it refers to, each once: {"a"}, {"st", "x"}.
std::vector<std::vector<std::string>> FieldPaths(const arrow::compute::Expression& expression);

/// Whether it may fail on values it was not meant for: division, checked arithmetic, casts. Such a
/// condition is asked only where those before it hold.
bool MayFail(const arrow::compute::Expression& expression);

/// How often it calls a function, roughly weighted by what the function costs.
int CostOf(const arrow::compute::Expression& expression);

/// The numbers that the named field must be one of for `condition` to hold; nullopt when it is no such
/// condition. Understands `=`, IN, and OR of those.
std::optional<std::vector<uint64_t>> NumbersOf(const arrow::compute::Expression& condition,
                                               const std::string& field);

/// The type that expressions see of a column: storage of extension types, values of dictionaries, at any
/// depth of structs.
std::shared_ptr<arrow::DataType> EvaluatedType(const std::shared_ptr<arrow::DataType>& type);

/// The schema that expressions see.
std::shared_ptr<arrow::Schema> EvaluatedSchema(const arrow::Schema& schema);

}  // namespace lancea
