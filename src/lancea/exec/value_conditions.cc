#include "lancea/exec/value_conditions.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/number_type.h"
#include "lancea/exec/in_set.h"
#include "lancea/util/byte_reader.h"

namespace lancea {
namespace {

using arrow::Type;
using arrow::compute::Expression;
using Wide = NumberCondition::Wide;

Wide NumberOf(const NumberType& type, const arrow::Scalar& scalar) {
  return NumberAt(type,
                  static_cast<const uint8_t*>(
                      static_cast<const arrow::internal::PrimitiveScalarBase&>(scalar).data()));
}

enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

constexpr std::pair<std::string_view, Comparison> kComparisons[] = {
    {"equal", Comparison::kEqual},     {"not_equal", Comparison::kNotEqual},
    {"less", Comparison::kLess},       {"less_equal", Comparison::kLessEqual},
    {"greater", Comparison::kGreater}, {"greater_equal", Comparison::kGreaterEqual},
};

Comparison Mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess:
      return Comparison::kGreater;
    case Comparison::kLessEqual:
      return Comparison::kGreaterEqual;
    case Comparison::kGreater:
      return Comparison::kLess;
    case Comparison::kGreaterEqual:
      return Comparison::kLessEqual;
    default:
      return comparison;
  }
}

Comparison Opposite(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return Comparison::kNotEqual;
    case Comparison::kNotEqual:
      return Comparison::kEqual;
    case Comparison::kLess:
      return Comparison::kGreaterEqual;
    case Comparison::kLessEqual:
      return Comparison::kGreater;
    case Comparison::kGreater:
      return Comparison::kLessEqual;
    default:
      return Comparison::kLess;
  }
}

// \param first, last  places that compare equal to the literal: one, or those of both zeros
ValueCondition Interval(const NumberType& type, Comparison comparison, Wide first, Wide last,
                        Wide lowest, Wide highest, bool negated) {
  Wide low = lowest, high = highest;
  switch (comparison) {
    case Comparison::kEqual:
    case Comparison::kNotEqual:
      low = first;
      high = last;
      negated ^= comparison == Comparison::kNotEqual;
      break;
    case Comparison::kLess:
      high = first - 1;
      break;
    case Comparison::kLessEqual:
      high = last;
      break;
    case Comparison::kGreater:
      low = last + 1;
      break;
    case Comparison::kGreaterEqual:
      low = first;
      break;
  }
  return ValueCondition(NumberCondition::Between(type.order, type.width, low, high, negated));
}

std::optional<ValueCondition> CompareNumber(const NumberType& type, Comparison comparison,
                                            const arrow::Scalar& literal, bool by_total_order,
                                            bool negated) {
  const Wide number = NumberOf(type, literal);
  if (type.order != NumberCondition::Order::kFloat) {
    // The opposite of an interval that reaches an end is another.
    if (negated) comparison = Opposite(comparison);
    return Interval(type, comparison, number, number, type.low, type.high, false);
  }
  if (by_total_order) {
    const Wide end = (Wide{1} << (8 * type.width - 1)) - 1;
    return Interval(type, comparison, number, number, -end - 1, end, negated);
  }
  // Arrow's comparisons are false of a NaN on either side, or true if they ask for a difference.
  if (number < type.low || number > type.high) {
    return Interval(type, Comparison::kEqual, 1, 0, 1, 0,
                    negated ^ (comparison == Comparison::kNotEqual));
  }
  const Wide minus_zero = PlaceOf(type, -0.0), plus_zero = PlaceOf(type, 0.0);
  const bool is_zero = number == minus_zero || number == plus_zero;
  return Interval(type, comparison, is_zero ? minus_zero : number, is_zero ? plus_zero : number,
                  type.low, type.high, negated);
}

std::string TextOf(const arrow::Scalar& scalar) {
  return std::string(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
}

std::optional<TextCondition::Kind> TextKindOf(const std::string& function) {
  if (function == "lancea_starts_with") return TextCondition::Kind::kPrefix;
  if (function == "lancea_ends_with") return TextCondition::Kind::kSuffix;
  if (function == "lancea_contains") return TextCondition::Kind::kContains;
  if (function == "equal" || function == "not_equal") return TextCondition::Kind::kEqual;
  return std::nullopt;
}

// The literal's scalar if there is one with a value.
const arrow::Scalar* ScalarOf(const Expression& expression) {
  const arrow::Datum* literal = expression.literal();
  if (literal == nullptr || !literal->is_scalar() || !literal->scalar()->is_valid) return nullptr;
  return literal->scalar().get();
}

bool IsColumn(const Expression& expression) {
  const arrow::FieldRef* ref = expression.field_ref();
  return ref != nullptr && !ref->IsNested() && expression.type() != nullptr;
}

std::optional<ValueCondition> OfComparison(const Expression::Call& call, bool negated) {
  const bool mirrored = !IsColumn(call.arguments[0]);
  const Expression& column = call.arguments[mirrored ? 1 : 0];
  const arrow::Scalar* literal = ScalarOf(call.arguments[mirrored ? 0 : 1]);
  if (!IsColumn(column) || literal == nullptr) return std::nullopt;
  const arrow::DataType& type = *column.type();
  if (!literal->type->Equals(type)) return std::nullopt;
  if (arrow::is_base_binary_like(type.id())) {
    const auto kind = TextKindOf(call.function_name);
    if (!kind || (mirrored && *kind != TextCondition::Kind::kEqual)) return std::nullopt;
    return ValueCondition(
        TextCondition(*kind, TextOf(*literal), negated ^ (call.function_name == "not_equal")));
  }
  const auto number = NumberTypeOf(type);
  if (!number) return std::nullopt;
  std::string_view name = call.function_name;
  const bool by_total_order = name.starts_with("lancea_");
  if (by_total_order) name.remove_prefix(std::string_view("lancea_").size());
  for (const auto& [known, comparison] : kComparisons) {
    if (known == name) {
      return CompareNumber(*number, mirrored ? Mirrored(comparison) : comparison, *literal,
                           by_total_order, negated);
    }
  }
  return std::nullopt;
}

std::optional<ValueCondition> OfLookup(const Expression::Call& call, bool negated) {
  const auto* options = dynamic_cast<const arrow::compute::SetLookupOptions*>(call.options.get());
  if (options == nullptr || !IsColumn(call.arguments[0]) || !options->value_set.is_array()) {
    return std::nullopt;
  }
  const arrow::DataType& type = *call.arguments[0].type();
  const auto values = options->value_set.make_array();
  if (!values->type()->Equals(type)) return std::nullopt;
  const bool has_null = values->null_count() > 0;
  const bool inconclusive =
      options->null_matching_behavior == arrow::compute::SetLookupOptions::INCONCLUSIVE;
  // A null among the values makes "not in" never true; or null is one of the values; or null is in no
  // set, so that "not in" is true of it.
  if (has_null ? !inconclusive || negated : negated && !inconclusive) return std::nullopt;
  std::vector<std::string> texts;
  std::vector<Wide> numbers;
  const auto number = NumberTypeOf(type);
  const bool is_text = arrow::is_base_binary_like(type.id());
  // Sets of floats tell zeros apart, or not, as their hashes do.
  if (!is_text && (!number || number->order == NumberCondition::Order::kFloat)) {
    return std::nullopt;
  }
  for (int64_t i = 0; i < values->length(); ++i) {
    if (values->IsNull(i)) continue;
    if (!is_text) {
      numbers.push_back(NumberAt(*number, *values->data(), i));
      continue;
    }
    auto scalar = values->GetScalar(i);
    if (!scalar.ok()) return std::nullopt;
    texts.push_back(TextOf(**scalar));
  }
  if (is_text) return ValueCondition(TextCondition::AnyOf(std::move(texts), negated));
  return ValueCondition(
      NumberCondition::AnyOf(number->order, number->width, std::move(numbers), negated));
}

// Arrow's own functions, which have the text among their options.
std::optional<ValueCondition> OfTextMatch(const Expression::Call& call, bool negated) {
  const auto* options =
      dynamic_cast<const arrow::compute::MatchSubstringOptions*>(call.options.get());
  if (options == nullptr || options->ignore_case || !IsColumn(call.arguments[0]) ||
      !arrow::is_base_binary_like(call.arguments[0].type()->id())) {
    return std::nullopt;
  }
  std::optional<TextCondition::Kind> kind;
  if (call.function_name == "starts_with") kind = TextCondition::Kind::kPrefix;
  if (call.function_name == "ends_with") kind = TextCondition::Kind::kSuffix;
  if (call.function_name == "match_substring") kind = TextCondition::Kind::kContains;
  if (!kind) return std::nullopt;
  return ValueCondition(TextCondition(*kind, options->pattern, negated));
}

std::optional<ValueCondition> OfSet(const Expression::Call& call, bool negated) {
  const auto* options = dynamic_cast<const InSetOptions*>(call.options.get());
  if (options == nullptr || negated || !IsColumn(call.arguments[0]) ||
      !call.arguments[0].type()->Equals(*options->type())) {
    return std::nullopt;
  }
  return options->condition();
}

std::optional<ValueCondition> Of(const Expression& condition, bool negated) {
  const Expression::Call* call = condition.call();
  if (call == nullptr) return std::nullopt;
  const std::string& name = call->function_name;
  if (name == kInSet) return OfSet(*call, negated);
  if (name == "invert") return Of(call->arguments[0], !negated);
  if (name == "is_in") return OfLookup(*call, negated);
  if (call->arguments.size() == 1) return OfTextMatch(*call, negated);
  if (call->arguments.size() == 2 && (name == "and_kleene" || name == "and") && !negated) {
    const auto left = Of(call->arguments[0], false);
    const auto right = Of(call->arguments[1], false);
    if (!left || !right || left->number() == nullptr || right->number() == nullptr) {
      return std::nullopt;
    }
    auto both = left->number()->And(*right->number());
    if (!both) return std::nullopt;
    return ValueCondition(*std::move(both));
  }
  return call->arguments.size() == 2 ? OfComparison(*call, negated) : std::nullopt;
}

}  // namespace

std::optional<ValueCondition> AsValueCondition(const Expression& condition) {
  return Of(condition, false);
}

}  // namespace lancea
