#include "lancea/scan/scan_filter.h"

#include <algorithm>

#include "arrow/scalar.h"
#include "arrow/type.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/scan/table_expression.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::Expression;

constexpr size_t kMaxKeptFilters = 64;

// What reading a value costs, roughly in bytes decoded; values of any size cost most.
int64_t ReadCost(const PlanColumn& column) {
  if (column.kind != PlanColumn::Kind::kField) return 0;
  const arrow::DataType& type = *column.output->type();
  if (arrow::is_fixed_width(type.id()) && type.num_fields() == 0) {
    return std::max(1, type.bit_width() / 8);
  }
  if (arrow::is_base_binary_like(type.id()) || type.id() == arrow::Type::DICTIONARY) return 40;
  return 200;
}

// False for null as for false: neither keeps a row.
std::optional<bool> ConstantAnswer(const Predicate& predicate) {
  const arrow::Datum* literal = predicate.condition().literal();
  if (literal == nullptr || !literal->is_scalar()) return std::nullopt;
  const arrow::Scalar& scalar = *literal->scalar();
  if (!scalar.is_valid || scalar.type->id() != arrow::Type::BOOL) return false;
  return static_cast<const arrow::BooleanScalar&>(scalar).value;
}

struct PinnedColumn {
  const char* name;
  PlanColumn::Kind kind;
};
constexpr PinnedColumn kPinnedColumns[] = {
    {"_rowid", PlanColumn::Kind::kRowId},
    {"_rowaddr", PlanColumn::Kind::kRowAddress},
    {"_rowoffset", PlanColumn::Kind::kRowOffset},
};

std::optional<ScanFilter::Pin> AsPin(const Expression& condition) {
  for (const PinnedColumn& column : kPinnedColumns) {
    if (auto numbers = NumbersOf(condition, column.name)) {
      return ScanFilter::Pin{column.kind, *std::move(numbers)};
    }
  }
  return std::nullopt;
}

struct OrderedStep {
  ScanFilter::Step step;
  std::vector<std::pair<int, ScanFilter::Condition>> conditions;  // by cost
};

// Columns of `seen` that an expression reads, ascending.
arrow::Result<std::vector<size_t>> ColumnsRead(const Expression& expression,
                                               const arrow::Schema& seen) {
  std::vector<size_t> out;
  for (const auto& path : FieldPaths(expression)) {
    const int column = seen.GetFieldIndex(path[0]);
    if (column < 0) return NotFound("no column \"", path[0], "\"");
    out.push_back(static_cast<size_t>(column));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Bind a condition; one over several columns is taken apart at its ANDs and ORs.
arrow::Result<ScanFilter::Condition> BindCondition(const Expression& expression,
                                                   const arrow::Schema& seen,
                                                   const std::vector<size_t>& step_columns) {
  using Condition = ScanFilter::Condition;
  Condition out;
  ARROW_ASSIGN_OR_RAISE(const std::vector<size_t> columns, ColumnsRead(expression, seen));
  if (columns.size() > 1) {
    std::vector<Expression> parts = SplitConjuncts(expression);
    out.kind = Condition::Kind::kAll;
    if (parts.size() == 1) {
      parts = SplitAlternatives(expression);
      out.kind = Condition::Kind::kAny;
    }
    if (parts.size() > 1 && !MayFail(expression)) {
      for (const Expression& part : parts) {
        ARROW_ASSIGN_OR_RAISE(auto bound, BindCondition(part, seen, step_columns));
        out.parts.push_back(std::move(bound));
      }
      return out;
    }
    out.kind = Condition::Kind::kPredicate;
  }
  arrow::FieldVector fields;
  for (const size_t column : columns) {
    fields.push_back(seen.field(static_cast<int>(column)));
    out.columns.push_back(static_cast<size_t>(
        std::find(step_columns.begin(), step_columns.end(), column) - step_columns.begin()));
  }
  ARROW_ASSIGN_OR_RAISE(out.predicate, Predicate::Make(expression, arrow::schema(fields)));
  return out;
}

// A condition that says both as one, for pages to be asked at once: lower and upper bound of a range.
arrow::Result<std::optional<ScanFilter::Condition>> JoinConditions(
    const ScanFilter::Condition& first, const ScanFilter::Condition& second,
    const arrow::Schema& seen, const std::vector<size_t>& step_columns) {
  auto is_number = [](const ScanFilter::Condition& condition) {
    return condition.predicate != nullptr && condition.predicate->value_condition() != nullptr &&
           condition.predicate->value_condition()->number() != nullptr;
  };
  if (!is_number(first) || !is_number(second) || first.columns != second.columns) {
    return std::nullopt;
  }
  const Expression both = arrow::compute::call(
      "and_kleene",
      {Unbound(first.predicate->condition()), Unbound(second.predicate->condition())});
  ARROW_ASSIGN_OR_RAISE(auto bound, BindCondition(both, seen, step_columns));
  if (!is_number(bound)) return std::nullopt;
  return bound;
}

// Note for each column of a step who reads it.
void CollectReaders(const ScanFilter::Condition& condition, const ScanFilter::Step& step,
                    std::vector<std::vector<const Predicate*>>* readers) {
  for (const auto& part : condition.parts) CollectReaders(part, step, readers);
  if (condition.predicate == nullptr) return;
  for (const size_t i : condition.columns) {
    (*readers)[step.columns[i]].push_back(condition.predicate.get());
  }
}

// Find the columns that only one condition reads.
void SetAsked(size_t num_columns, std::vector<ScanFilter::Step>* steps) {
  std::vector<std::vector<const Predicate*>> readers(num_columns);
  for (const auto& step : *steps) {
    for (const auto& condition : step.conditions) CollectReaders(condition, step, &readers);
  }
  for (auto& step : *steps) {
    for (const size_t column : step.columns) {
      const auto& of_column = readers[column];
      step.asked.push_back(of_column.size() == 1 ? of_column[0]->value_condition() : nullptr);
    }
  }
}

}  // namespace

arrow::Result<std::shared_ptr<const ScanFilter>> ScanFilter::Make(const Dataset::Impl& dataset,
                                                                  const Expression& filter) {
  std::shared_ptr<ScanFilter> out(new ScanFilter());
  out->text_ = filter.ToString();
  std::vector<Expression> conditions;
  for (Expression& condition : SplitConjuncts(filter)) {
    if (auto pin = AsPin(condition)) {
      out->pins_.push_back(*std::move(pin));
    } else {
      conditions.push_back(std::move(condition));
    }
  }
  std::vector<std::string> names;
  for (const Expression& condition : conditions) {
    for (const auto& path : FieldPaths(condition)) names.push_back(FormatFieldPath(path));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  ScanOptions reads;
  reads.columns = names;
  ARROW_ASSIGN_OR_RAISE(out->plan_, ReadPlan::Make(dataset, reads, ReadPlan::Nested::kInsideStruct,
                                                   ReadPlan::Dictionaries::kKept));
  const std::shared_ptr<arrow::Schema> seen = EvaluatedSchema(*out->plan_->schema());

  std::vector<OrderedStep> steps;
  for (const Expression& condition : conditions) {
    ARROW_ASSIGN_OR_RAISE(std::vector<size_t> columns, ColumnsRead(condition, *seen));
    int64_t cost = 0;
    for (const size_t column : columns) cost += ReadCost(out->plan_->columns()[column]);
    ARROW_ASSIGN_OR_RAISE(Condition bound, BindCondition(condition, *seen, columns));
    if (bound.predicate != nullptr) {
      if (const auto answer = ConstantAnswer(*bound.predicate)) {
        out->is_never_ |= !*answer;
        continue;
      }
    }
    const bool may_fail = MayFail(condition);
    auto same = std::find_if(steps.begin(), steps.end(), [&](const OrderedStep& step) {
      return step.step.columns == columns && step.step.may_fail == may_fail;
    });
    if (same == steps.end()) {
      OrderedStep fresh;
      fresh.step.columns = std::move(columns);
      fresh.step.may_fail = may_fail;
      fresh.step.cost = cost;
      same = steps.insert(steps.end(), std::move(fresh));
    }
    bool joined = false;
    for (auto& [before_cost, before] : same->conditions) {
      ARROW_ASSIGN_OR_RAISE(auto both, JoinConditions(before, bound, *seen, same->step.columns));
      if (!both.has_value()) continue;
      before = *std::move(both);
      joined = true;
      break;
    }
    if (joined) continue;
    same->conditions.emplace_back(CostOf(condition), std::move(bound));
  }
  std::stable_sort(steps.begin(), steps.end(), [](const OrderedStep& a, const OrderedStep& b) {
    if (a.step.may_fail != b.step.may_fail) return b.step.may_fail;
    return a.step.cost < b.step.cost;
  });
  for (OrderedStep& step : steps) {
    std::stable_sort(step.conditions.begin(), step.conditions.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [cost, condition] : step.conditions) {
      step.step.conditions.push_back(std::move(condition));
    }
    out->steps_.push_back(std::move(step.step));
  }
  SetAsked(out->plan_->columns().size(), &out->steps_);
  return out;
}

arrow::Result<std::shared_ptr<const ScanFilter>> ScanFilter::Get(const Dataset::Impl& dataset,
                                                                 const ScanOptions& options) {
  if (!options.filter.has_value()) {
    if (options.filter_expression == nullptr) return nullptr;
    ARROW_ASSIGN_OR_RAISE(auto bound, BindTableFilter(*options.filter_expression, dataset));
    return Make(dataset, bound);
  }
  if (options.filter_expression != nullptr) {
    return InvalidInput("a scan takes one filter: SQL or an Arrow expression, not both");
  }
  return dataset.Filter(*options.filter, [&]() -> arrow::Result<std::shared_ptr<const ScanFilter>> {
    ARROW_ASSIGN_OR_RAISE(auto filter, ParseTableFilter(*options.filter, dataset));
    return Make(dataset, filter);
  });
}

arrow::Result<std::shared_ptr<const ScanFilter>> Dataset::Impl::Filter(
    const std::string& text,
    const std::function<arrow::Result<std::shared_ptr<const ScanFilter>>()>& make) const {
  {
    std::lock_guard<std::mutex> lock(plans_mutex_);
    auto it = filters_.find(text);
    if (it != filters_.end()) return it->second;
  }
  ARROW_ASSIGN_OR_RAISE(auto filter, make());
  std::lock_guard<std::mutex> lock(plans_mutex_);
  if (filters_.size() >= kMaxKeptFilters) filters_.clear();
  return filters_.emplace(text, std::move(filter)).first->second;
}

}  // namespace lancea
