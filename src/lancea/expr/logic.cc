// Three-valued logic, CASE and COALESCE.
#include "arrow/compute/api_scalar.h"
#include "lancea/expr/guard.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/type_coercion.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

bool IsLiteral(const Typed& value, bool truth) {
  return value.literal() != nullptr && value.literal()->is_valid &&
         static_cast<const arrow::BooleanScalar&>(*value.literal()).value == truth;
}

// Never null: null counts as false.
arrow::Result<Typed> Decided(Typed condition) {
  return CallOf("coalesce", {std::move(condition), BooleanOf(false)}, arrow::boolean());
}

bool IsNeverNull(const Typed& value) {
  const auto* call = value.expression.call();
  if (call == nullptr) return false;
  if (call->function_name == "is_null" || call->function_name == "is_valid") return true;
  // As Decided and IsTruth make it.
  const auto* last = call->function_name == "coalesce" ? call->arguments.back().literal() : nullptr;
  return last != nullptr && last->is_scalar() && last->scalar()->is_valid;
}

}  // namespace

arrow::Result<Typed> AsBoolean(Typed value, std::string_view what) {
  if (value.type->id() == arrow::Type::NA) return NullOf(arrow::boolean());
  if (value.type->id() == arrow::Type::BOOL) return value;
  return InvalidInput(what, " takes conditions, not a value of type ", TypeName(*value.type));
}

arrow::Result<Typed> Combine(std::vector<Typed> terms, bool any) {
  const char* name = any ? "or_kleene" : "and_kleene";
  // What decides nothing is left out; what decides everything is all that stays.
  std::vector<Typed> kept;
  for (Typed& term : terms) {
    ARROW_ASSIGN_OR_RAISE(Typed condition, AsBoolean(std::move(term), any ? "OR" : "AND"));
    if (IsLiteral(condition, any)) return BooleanOf(any);
    if (!IsLiteral(condition, !any)) kept.push_back(std::move(condition));
  }
  if (kept.empty()) return BooleanOf(!any);
  // Neighbours first, so that a thousand terms are ten levels deep.
  while (kept.size() > 1) {
    std::vector<Typed> next;
    for (size_t i = 0; i + 1 < kept.size(); i += 2) {
      ARROW_ASSIGN_OR_RAISE(
          Typed pair, CallOf(name, {std::move(kept[i]), std::move(kept[i + 1])}, arrow::boolean()));
      next.push_back(std::move(pair));
    }
    if (kept.size() % 2 == 1) next.push_back(std::move(kept.back()));
    kept = std::move(next);
  }
  return std::move(kept.front());
}

arrow::Result<Typed> Not(Typed value) {
  ARROW_ASSIGN_OR_RAISE(value, AsBoolean(std::move(value), "NOT"));
  return CallOf("invert", {std::move(value)}, arrow::boolean());
}

arrow::Result<Typed> IsTruth(Typed value, bool truth, bool negated) {
  ARROW_ASSIGN_OR_RAISE(value, AsBoolean(std::move(value), truth ? "IS TRUE" : "IS FALSE"));
  if (truth == negated) {
    ARROW_ASSIGN_OR_RAISE(value, Not(std::move(value)));
  }
  return CallOf("coalesce", {std::move(value), BooleanOf(negated)}, arrow::boolean());
}

arrow::Result<Typed> IsNull(Typed value, bool negated) {
  if (IsNeverNull(value)) return BooleanOf(negated);
  if (negated) return CallOf("is_valid", {std::move(value)}, arrow::boolean());
  return CallOf("is_null", {std::move(value)}, arrow::boolean(),
                std::make_shared<arrow::compute::NullOptions>(/*nan_is_null=*/false));
}

arrow::Result<std::vector<Typed>> ToOneType(std::vector<Typed> values, bool text_wins) {
  TypePointer type = arrow::null();
  for (const Typed& value : values) {
    const TypePointer next =
        text_wins ? UnionType(type, value.type) : ComparisonType(type, value.type);
    if (next == nullptr) {
      return InvalidInput("values of types ", TypeName(*type), " and ", TypeName(*value.type),
                          " have no common type");
    }
    type = next;
  }
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), type));
  }
  return values;
}

arrow::Result<Typed> Case(std::vector<Typed> conditions, std::vector<Typed> values,
                          Typed otherwise) {
  values.push_back(std::move(otherwise));
  ARROW_ASSIGN_OR_RAISE(values, ToOneType(std::move(values), /*text_wins=*/true));
  Typed out = std::move(values.back());
  const TypePointer type = out.type;
  // From the last condition to the first: the inner one is asked where the outer ones do not hold. Arrow
  // evaluates both branches for all rows, so what may fail in one sees null where it is not asked.
  for (size_t i = conditions.size(); i-- > 0;) {
    ARROW_ASSIGN_OR_RAISE(Typed condition, AsBoolean(std::move(conditions[i]), "CASE"));
    ARROW_ASSIGN_OR_RAISE(condition, Decided(std::move(condition)));
    if (condition.literal() != nullptr) {
      if (IsLiteral(condition, true)) out = std::move(values[i]);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Typed opposite, Not(condition));
    std::vector<Typed> arguments = {condition, Guarded(std::move(values[i]), condition),
                                    Guarded(std::move(out), opposite)};
    ARROW_ASSIGN_OR_RAISE(out, CallOf("if_else", std::move(arguments), type));
  }
  return out;
}

arrow::Result<Typed> Coalesce(std::vector<Typed> values) {
  ARROW_ASSIGN_OR_RAISE(values, ToOneType(std::move(values)));
  std::vector<Typed> kept;
  for (Typed& value : values) {
    if (value.is_null_literal()) continue;
    const bool last = value.literal() != nullptr;
    kept.push_back(std::move(value));
    if (last) break;
  }
  if (kept.empty()) return NullOf(values.front().type);
  if (kept.size() == 1) return std::move(kept.front());
  // Later ones are asked only where those before are null.
  for (size_t i = 1; i < kept.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Typed null, IsNull(kept[i - 1], false));
    kept[i] = Guarded(std::move(kept[i]), null);
  }
  const TypePointer type = kept.front().type;
  return CallOf("coalesce", std::move(kept), type);
}

}  // namespace lancea
