// Comparisons, IN, BETWEEN and IS DISTINCT FROM.
#include <array>

#include "arrow/array/builder_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/util/float16.h"
#include "lancea/expr/literal_coercion.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/type_coercion.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::array<std::string_view, 6> kSymbols = {"=", "!=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 6> kNames = {"equal",      "not_equal", "less",
                                                    "less_equal", "greater",   "greater_equal"};

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

std::string NameOf(Comparison comparison) {
  return std::string(kNames[static_cast<size_t>(comparison)]);
}

double NumberOf(const arrow::Scalar& scalar) {
  switch (scalar.type->id()) {
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleScalar&>(scalar).value;
    case arrow::Type::FLOAT:
      return static_cast<double>(static_cast<const arrow::FloatScalar&>(scalar).value);
    default:
      return arrow::util::Float16::FromBits(
                 static_cast<const arrow::HalfFloatScalar&>(scalar).value)
          .ToDouble();
  }
}

bool IsZero(const Typed& value) {
  return arrow::is_floating(value.type->id()) && value.literal() != nullptr &&
         value.literal()->is_valid && NumberOf(*value.literal()) == 0;
}

std::shared_ptr<arrow::Scalar> ZeroOf(const arrow::DataType& type, bool negative) {
  switch (type.id()) {
    case arrow::Type::DOUBLE:
      return std::make_shared<arrow::DoubleScalar>(negative ? -0.0 : 0.0);
    case arrow::Type::FLOAT:
      return std::make_shared<arrow::FloatScalar>(negative ? -0.0F : 0.0F);
    default:
      return std::make_shared<arrow::HalfFloatScalar>(
          arrow::util::Float16::FromFloat(negative ? -0.0F : 0.0F).bits());
  }
}

bool IsEquality(Comparison comparison) {
  return comparison == Comparison::kEqual || comparison == Comparison::kNotEqual;
}

arrow::Result<Typed> CompareFloats(Comparison comparison, Typed left, Typed right) {
  if (left.literal() != nullptr && right.literal() == nullptr) {
    std::swap(left, right);
    comparison = Mirrored(comparison);
  }
  const bool zero = IsZero(right);
  const bool half = right.type->id() == arrow::Type::HALF_FLOAT;
  if (IsEquality(comparison)) {
    // For a number both orders agree, and both zeros are equal to zero: Arrow's function will do.
    const bool number = right.literal() != nullptr && right.literal()->is_valid &&
                        NumberOf(*right.literal()) == NumberOf(*right.literal());
    if (number && !half) {
      return CallOf(NameOf(comparison), {std::move(left), std::move(right)}, arrow::boolean());
    }
    if (zero) {
      // Not below the one zero and not above the other. (Arrow's simplifications take the two zeros for
      // the same, so neither `= -0 OR = +0` nor a set of both would last.)
      const bool equal = comparison == Comparison::kEqual;
      std::vector<Typed> terms;
      for (bool negative : {true, false}) {
        const Comparison half_line = negative
                                         ? (equal ? Comparison::kGreaterEqual : Comparison::kLess)
                                         : (equal ? Comparison::kLessEqual : Comparison::kGreater);
        ARROW_ASSIGN_OR_RAISE(
            Typed term, CallOf("lancea_" + NameOf(half_line),
                               {left, LiteralOf(ZeroOf(*right.type, negative))}, arrow::boolean()));
        terms.push_back(std::move(term));
      }
      return Combine(std::move(terms), !equal);
    }
  } else if (zero) {
    // The zero of the sign that leaves both of them on the right side.
    const bool negative =
        comparison == Comparison::kLess || comparison == Comparison::kGreaterEqual;
    right = LiteralOf(ZeroOf(*right.type, negative));
  }
  return CallOf("lancea_" + NameOf(comparison), {std::move(left), std::move(right)},
                arrow::boolean());
}

// A literal beside a column of a narrower type takes that type if it holds it: the column stays as it is.
void NarrowLiteral(Typed* left, Typed* right) {
  for (auto [literal, other] : {std::pair(left, right), std::pair(right, left)}) {
    if (literal->literal() == nullptr || other->literal() != nullptr) continue;
    const bool integers =
        arrow::is_integer(literal->type->id()) && arrow::is_integer(other->type->id());
    const bool texts = IsText(*literal->type) && IsText(*other->type);
    const bool decimal =
        arrow::is_integer(literal->type->id()) && arrow::is_decimal(other->type->id());
    if (!integers && !texts && !decimal) continue;
    if (auto narrow = CoerceLiteral(literal->expression.literal()->scalar(), other->type)) {
      *literal = LiteralOf(std::move(narrow));
    }
  }
}

arrow::Status CannotCompare(std::string_view symbol, const Typed& left, const Typed& right) {
  return InvalidInput("cannot compare ", TypeName(*left.type), " ", symbol, " ",
                      TypeName(*right.type), ": the types have nothing in common");
}

// What value sets of Arrow hold.
bool HasLookup(const arrow::DataType& type) {
  return !IsNested(type) && type.id() != arrow::Type::HALF_FLOAT && type.id() != arrow::Type::NA &&
         type.id() != arrow::Type::DECIMAL256;
}

arrow::Result<Typed> Lookup(Typed value, const std::vector<Typed>& list) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), value.type, &builder));
  for (const Typed& element : list) {
    if (IsZero(element)) {
      ARROW_RETURN_NOT_OK(builder->AppendScalar(*ZeroOf(*element.type, true)));
      ARROW_RETURN_NOT_OK(builder->AppendScalar(*ZeroOf(*element.type, false)));
    } else {
      ARROW_RETURN_NOT_OK(builder->AppendScalar(*element.literal()));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto values, builder->Finish());
  return CallOf("is_in", {std::move(value)}, arrow::boolean(),
                std::make_shared<arrow::compute::SetLookupOptions>(
                    std::move(values), arrow::compute::SetLookupOptions::INCONCLUSIVE));
}

}  // namespace

std::string_view SymbolOf(Comparison comparison) {
  return kSymbols[static_cast<size_t>(comparison)];
}

arrow::Result<Typed> Compare(Comparison comparison, Typed left, Typed right) {
  NarrowLiteral(&left, &right);
  const TypePointer type = ComparisonType(left.type, right.type);
  if (type == nullptr) return CannotCompare(SymbolOf(comparison), left, right);
  if (type->id() == arrow::Type::NA || left.is_null_literal() || right.is_null_literal()) {
    return NullOf(arrow::boolean());
  }
  ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), type));
  ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), type));
  if (arrow::is_floating(type->id())) {
    return CompareFloats(comparison, std::move(left), std::move(right));
  }
  if (IsNested(*type)) {
    if (!IsEquality(comparison)) {
      return InvalidInput("values of type ", TypeName(*type), " have no order");
    }
    ARROW_ASSIGN_OR_RAISE(
        Typed equal,
        CallOf("lancea_equal_nested", {std::move(left), std::move(right)}, arrow::boolean()));
    return comparison == Comparison::kEqual ? equal : Not(std::move(equal));
  }
  return CallOf(NameOf(comparison), {std::move(left), std::move(right)}, arrow::boolean());
}

arrow::Result<Typed> IsDistinct(Typed left, Typed right, bool negated) {
  const TypePointer type = ComparisonType(left.type, right.type);
  if (type == nullptr) return CannotCompare("IS DISTINCT FROM", left, right);
  // Where both are values, whether they differ; else whether just one is null.
  ARROW_ASSIGN_OR_RAISE(Typed differ, Compare(Comparison::kNotEqual, left, right));
  ARROW_ASSIGN_OR_RAISE(left, IsNull(std::move(left), false));
  ARROW_ASSIGN_OR_RAISE(right, IsNull(std::move(right), false));
  ARROW_ASSIGN_OR_RAISE(Typed one,
                        CallOf("xor", {std::move(left), std::move(right)}, arrow::boolean()));
  ARROW_ASSIGN_OR_RAISE(Typed out,
                        CallOf("coalesce", {std::move(differ), std::move(one)}, arrow::boolean()));
  return negated ? Not(std::move(out)) : out;
}

arrow::Result<Typed> IsIn(Typed value, std::vector<Typed> list, bool negated) {
  // Literals of a narrower column stay out of the common type.
  bool constant = value.literal() == nullptr;
  for (Typed& element : list) {
    NarrowLiteral(&value, &element);
    constant = constant && element.literal() != nullptr;
  }
  TypePointer type = value.type;
  for (const Typed& element : list) {
    const TypePointer next = ComparisonType(type, element.type);
    if (next == nullptr) return CannotCompare("IN", Typed{value.expression, type}, element);
    type = next;
  }
  ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), type));
  for (Typed& element : list) {
    ARROW_ASSIGN_OR_RAISE(element, CastTo(std::move(element), type));
  }
  Typed out;
  if (constant && HasLookup(*type)) {
    ARROW_ASSIGN_OR_RAISE(out, Lookup(std::move(value), list));
  } else {
    std::vector<Typed> terms;
    for (Typed& element : list) {
      ARROW_ASSIGN_OR_RAISE(Typed term, Compare(Comparison::kEqual, value, std::move(element)));
      terms.push_back(std::move(term));
    }
    ARROW_ASSIGN_OR_RAISE(out, Combine(std::move(terms), /*any=*/true));
  }
  return negated ? Not(std::move(out)) : out;
}

arrow::Result<Typed> IsBetween(Typed value, Typed low, Typed high, bool negated) {
  ARROW_ASSIGN_OR_RAISE(
      Typed first,
      Compare(negated ? Comparison::kLess : Comparison::kGreaterEqual, value, std::move(low)));
  ARROW_ASSIGN_OR_RAISE(Typed second,
                        Compare(negated ? Comparison::kGreater : Comparison::kLessEqual,
                                std::move(value), std::move(high)));
  std::vector<Typed> terms;
  terms.push_back(std::move(first));
  terms.push_back(std::move(second));
  return Combine(std::move(terms), negated);
}

}  // namespace lancea
