#include "lancea/dataset/scan_filter.h"

#include <algorithm>

#include "arrow/scalar.h"
#include "arrow/type.h"
#include "lancea/dataset/table_expression.h"
#include "lancea/exec/conjuncts.h"
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
  int64_t cost = 0;
  std::vector<std::pair<int, std::shared_ptr<const Predicate>>> predicates;  // by cost
};

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
    std::vector<size_t> columns;
    arrow::FieldVector fields;
    for (const auto& path : FieldPaths(condition)) {
      const int column = seen->GetFieldIndex(path[0]);
      if (column < 0) return NotFound("no column \"", path[0], "\"");
      columns.push_back(static_cast<size_t>(column));
    }
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    int64_t cost = 0;
    for (const size_t column : columns) {
      fields.push_back(seen->field(static_cast<int>(column)));
      cost += ReadCost(out->plan_->columns()[column]);
    }
    ARROW_ASSIGN_OR_RAISE(auto predicate, Predicate::Make(condition, arrow::schema(fields)));
    if (const auto answer = ConstantAnswer(*predicate)) {
      out->is_never_ |= !*answer;
      continue;
    }
    const bool may_fail = MayFail(condition);
    auto same = std::find_if(steps.begin(), steps.end(), [&](const OrderedStep& step) {
      return step.step.columns == columns && step.step.may_fail == may_fail;
    });
    if (same == steps.end()) {
      same = steps.insert(steps.end(), {{columns, {}, may_fail}, cost, {}});
    }
    same->predicates.emplace_back(CostOf(condition), std::move(predicate));
  }
  std::stable_sort(steps.begin(), steps.end(), [](const OrderedStep& a, const OrderedStep& b) {
    if (a.step.may_fail != b.step.may_fail) return b.step.may_fail;
    return a.cost < b.cost;
  });
  for (OrderedStep& step : steps) {
    std::stable_sort(step.predicates.begin(), step.predicates.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [cost, predicate] : step.predicates) {
      step.step.predicates.push_back(std::move(predicate));
    }
    out->steps_.push_back(std::move(step.step));
  }
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
