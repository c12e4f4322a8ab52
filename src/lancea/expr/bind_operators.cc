// Operators, CASE and calls.
#include <algorithm>

#include "arrow/compute/function.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/binder.h"
#include "lancea/expr/lexer.h"
#include "lancea/expr/literal_coercion.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/sql_types.h"
#include "lancea/expr/user_functions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Kind = Ast::Kind;

bool IsLiteral(const Ast& ast) {
  switch (ast.kind) {
    case Kind::kNull:
    case Kind::kBoolean:
    case Kind::kNumber:
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kArray:
      return true;
    default:
      return false;
  }
}

bool IsArithmetic(const std::string& symbol) {
  return symbol.size() == 1 && std::string_view("+-*/%").find(symbol[0]) != std::string_view::npos;
}

// Arithmetic on nothing but literals.
bool IsLiteralOnly(const Ast& ast) {
  if (ast.kind != Kind::kBinary) return IsLiteral(ast);
  const bool operation =
      IsArithmetic(ast.text) || ast.text == "||" || ast.text == "<<" || ast.text == ">>";
  return operation && IsLiteralOnly(*ast.children[0]) && IsLiteralOnly(*ast.children[1]);
}

bool IsColumnPath(const Ast& ast) {
  return ast.kind == Kind::kColumn || (ast.kind == Kind::kField && IsColumnPath(*ast.children[0]));
}

const Comparison* FindComparison(const std::string& symbol) {
  static constexpr Comparison kAll[] = {Comparison::kEqual,   Comparison::kNotEqual,
                                        Comparison::kLess,    Comparison::kLessEqual,
                                        Comparison::kGreater, Comparison::kGreaterEqual};
  const auto* found = std::find_if(std::begin(kAll), std::end(kAll), [&](Comparison comparison) {
    return SymbolOf(comparison) == symbol;
  });
  return found == std::end(kAll) ? nullptr : found;
}

arrow::Result<Typed> Operate(const std::string& symbol, Typed left, Typed right) {
  if (const Comparison* comparison = FindComparison(symbol)) {
    return Compare(*comparison, std::move(left), std::move(right));
  }
  if (IsArithmetic(symbol)) return Arithmetic(symbol, std::move(left), std::move(right));
  if (symbol == "||") return Concatenate(std::move(left), std::move(right));
  if (symbol.find('~') != std::string::npos) {
    TypedVector arguments = {std::move(left), std::move(right)};
    if (symbol.ends_with('*')) arguments.push_back(TextOf("i"));
    ARROW_ASSIGN_OR_RAISE(Typed out, FindSqlFunction("regexp_like")->bind(std::move(arguments)));
    return symbol[0] == '!' ? Not(std::move(out)) : out;
  }
  return Bitwise(symbol, std::move(left), std::move(right));
}

bool IsRegexpMatch(const Ast& ast) {
  return ast.kind == Kind::kCall && EqualInAnyCase(ast.text, "regexp_match");
}

std::string Number(int count) { return count == 0 ? "no" : std::to_string(count); }

std::string WrongCount(const SqlFunction& function, size_t given) {
  std::string wanted = Number(function.least_arguments);
  if (function.most_arguments == kAnyNumber) {
    wanted += " or more";
  } else if (function.most_arguments != function.least_arguments) {
    wanted += " to " + Number(function.most_arguments);
  }
  return "function '" + std::string(function.name) + "' takes " + wanted + " arguments, got " +
         std::to_string(given);
}

constexpr std::string_view kAggregates[] = {"sum", "count",     "min",        "max",
                                            "avg", "mean",      "median",     "stddev",
                                            "var", "array_agg", "string_agg", "row_number"};

}  // namespace

arrow::Status Binder::At(const Ast& ast, const arrow::Status& status) const {
  if (!status.IsInvalid() || status.message().find(", at position ") != std::string::npos) {
    return status;
  }
  return SqlError(sql_, ast.place, status.message());
}

arrow::Result<Typed> Binder::Bind(const Ast& ast, bool strict) {
  auto out = BindUnchecked(ast, strict);
  if (!out.ok()) return At(ast, out.status());
  return out;
}

arrow::Result<Typed> Binder::BindUnchecked(const Ast& ast, bool strict) {
  switch (ast.kind) {
    case Kind::kNull:
      return NullOf(arrow::null());
    case Kind::kBoolean:
      return BooleanOf(ast.text == "true");
    case Kind::kNumber:
      return BindNumber(ast);
    case Kind::kString:
      return TextOf(ast.text);
    case Kind::kBytes:
      return LiteralOf(std::make_shared<arrow::BinaryScalar>(ast.text));
    case Kind::kTyped:
      return BindTyped(ast);
    case Kind::kInterval:
      return BindInterval(ast);
    case Kind::kArray:
      return BindArray(ast);
    case Kind::kColumn:
      return BindColumn(ast);
    case Kind::kAnd:
    case Kind::kOr:
      return BindLogical(ast, strict, /*condition=*/false);
    case Kind::kBinary:
    case Kind::kDistinct:
      return BindBinary(ast, strict);
    case Kind::kIn:
      return BindIn(ast, strict);
    case Kind::kBetween:
      return BindBetween(ast, strict);
    case Kind::kCase:
      return BindCase(ast);
    case Kind::kCall:
      return BindCall(ast);
    default:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(TypedVector values, BindAll(ast));
  Typed value = std::move(values[0]);
  switch (ast.kind) {
    case Kind::kField:
      return FieldOf(std::move(value), ast.text, ast.place);
    case Kind::kElement:
      return FindSqlFunction("array_element")->bind({std::move(value), std::move(values[1])});
    case Kind::kSlice:
      return FindSqlFunction("array_slice")
          ->bind({std::move(value), std::move(values[1]), std::move(values[2])});
    case Kind::kNegate:
      return Negate(std::move(value));
    case Kind::kNot:
      return Not(std::move(value));
    case Kind::kIs:
      if (ast.text == "null" || ast.text == "unknown") {
        return IsNull(std::move(value), ast.negated);
      }
      return IsTruth(std::move(value), ast.text == "true", ast.negated);
    case Kind::kLike:
      return Like(std::move(value), std::move(values[1]), ast.text, ast.ignore_case, ast.negated);
    case Kind::kCast: {
      if (ast.type_name == "json" || ast.type_name == "jsonb") {
        return CallOf("lancea_json_from_text", {std::move(value)}, arrow::large_binary());
      }
      ARROW_ASSIGN_OR_RAISE(TypePointer type, TypeOfSqlName(ast.type_name));
      return CastTo(std::move(value), type, ast.try_cast);
    }
    default:
      return SqlError(sql_, ast.place, "this expression is not supported");
  }
}

arrow::Result<TypedVector> Binder::BindAll(const Ast& ast, size_t from) {
  TypedVector out;
  for (size_t i = from; i < ast.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Bind(*ast.children[i], /*strict=*/false));
    out.push_back(std::move(value));
  }
  return out;
}

arrow::Result<Typed> Binder::BindCondition(const Ast& ast, bool strict) {
  if (IsRegexpMatch(ast)) {
    ARROW_ASSIGN_OR_RAISE(TypedVector arguments, BindAll(ast));
    auto matches = FindSqlFunction("regexp_like")->bind(std::move(arguments));
    if (!matches.ok()) return At(ast, matches.status());
    return IsTruth(std::move(matches).ValueUnsafe(), true, false);
  }
  if (ast.kind == Kind::kAnd || ast.kind == Kind::kOr) {
    return BindLogical(ast, strict, /*condition=*/true);
  }
  if (ast.kind == Kind::kNot) {
    ARROW_ASSIGN_OR_RAISE(Typed inner, BindCondition(*ast.children[0], /*strict=*/false));
    auto out = Not(std::move(inner));
    if (!out.ok()) return At(ast, out.status());
    return out;
  }
  return Bind(ast, strict);
}

arrow::Result<Typed> Binder::BindLogical(const Ast& ast, bool strict, bool condition) {
  TypedVector terms;
  for (const auto& child : ast.children) {
    ARROW_ASSIGN_OR_RAISE(Typed term,
                          condition ? BindCondition(*child, strict) : Bind(*child, strict));
    auto boolean = AsBoolean(std::move(term), ast.kind == Kind::kOr ? "OR" : "AND");
    if (!boolean.ok()) return At(*child, boolean.status());
    terms.push_back(std::move(boolean).ValueUnsafe());
  }
  return Combine(std::move(terms), ast.kind == Kind::kOr);
}

arrow::Result<Typed> Binder::Fit(Typed literal, const Ast& ast, const TypePointer& type) {
  const std::string written = ast.kind == Kind::kNumber ? ast.text : "";
  auto fitting = CoerceLiteral(literal.expression.literal()->scalar(), type, written);
  if (fitting != nullptr) return LiteralOf(std::move(fitting));
  return SqlError(sql_, ast.place,
                  "Received literal " +
                      std::string(sql_.substr(ast.place.begin, ast.place.end - ast.place.begin)) +
                      " of type " + TypeName(*literal.type) +
                      " and could not convert to literal of type '" + TypeName(*type) + "'");
}

arrow::Result<Typed> Binder::FitAll(const Ast& ast, const TypePointer& type) {
  if (IsLiteral(ast)) {
    ARROW_ASSIGN_OR_RAISE(Typed literal, Bind(ast, /*strict=*/false));
    return Fit(std::move(literal), ast, type);
  }
  ARROW_ASSIGN_OR_RAISE(Typed left, FitAll(*ast.children[0], type));
  ARROW_ASSIGN_OR_RAISE(Typed right, FitAll(*ast.children[1], type));
  auto out = Operate(ast.text, std::move(left), std::move(right));
  if (!out.ok()) return At(ast, out.status());
  return out;
}

arrow::Result<Typed> Binder::BindBinary(const Ast& ast, bool strict) {
  const Ast& left_ast = *ast.children[0];
  const Ast& right_ast = *ast.children[1];
  ARROW_ASSIGN_OR_RAISE(Typed left, Bind(left_ast, /*strict=*/false));
  ARROW_ASSIGN_OR_RAISE(Typed right, Bind(right_ast, /*strict=*/false));
  // What is added to a moment is no moment.
  const bool times = arrow::is_temporal(left.type->id()) && IsArithmetic(ast.text);
  if (strict && !times) {
    if (IsColumnPath(left_ast)) {
      if (IsLiteralOnly(right_ast)) {
        ARROW_ASSIGN_OR_RAISE(right, FitAll(right_ast, left.type));
      }
    } else if (IsColumnPath(right_ast) && IsLiteral(left_ast)) {
      ARROW_ASSIGN_OR_RAISE(left, Fit(std::move(left), left_ast, right.type));
    }
  }
  if (ast.kind == Kind::kDistinct) {
    return IsDistinct(std::move(left), std::move(right), ast.negated);
  }
  return Operate(ast.text, std::move(left), std::move(right));
}

arrow::Result<Typed> Binder::BindIn(const Ast& ast, bool strict) {
  const Ast& value_ast = *ast.children[0];
  ARROW_ASSIGN_OR_RAISE(Typed value, Bind(value_ast, /*strict=*/false));
  const bool column = value_ast.kind == Kind::kColumn && value_ast.path.size() == 1;
  TypedVector list;
  for (size_t i = 1; i < ast.children.size(); ++i) {
    const Ast& element_ast = *ast.children[i];
    ARROW_ASSIGN_OR_RAISE(Typed element, Bind(element_ast, /*strict=*/false));
    if (strict && column && IsLiteral(element_ast)) {
      ARROW_ASSIGN_OR_RAISE(element, Fit(std::move(element), element_ast, value.type));
    }
    list.push_back(std::move(element));
  }
  return IsIn(std::move(value), std::move(list), ast.negated);
}

arrow::Result<Typed> Binder::BindBetween(const Ast& ast, bool strict) {
  ARROW_ASSIGN_OR_RAISE(TypedVector values, BindAll(ast));
  if (strict && IsColumnPath(*ast.children[0])) {
    for (size_t i : {1, 2}) {
      if (!IsLiteralOnly(*ast.children[i])) continue;
      ARROW_ASSIGN_OR_RAISE(values[i], FitAll(*ast.children[i], values[0].type));
    }
  }
  return IsBetween(std::move(values[0]), std::move(values[1]), std::move(values[2]), ast.negated);
}

arrow::Result<Typed> Binder::BindCase(const Ast& ast) {
  ARROW_ASSIGN_OR_RAISE(TypedVector children, BindAll(ast));
  size_t next = 0;
  Typed operand;
  if (ast.has_operand) operand = std::move(children[next++]);
  Typed otherwise = NullOf(arrow::null());
  if (ast.has_else) {
    otherwise = std::move(children.back());
    children.pop_back();
  }
  TypedVector conditions, values;
  for (; next + 1 < children.size(); next += 2) {
    Typed condition = std::move(children[next]);
    if (ast.has_operand) {
      ARROW_ASSIGN_OR_RAISE(condition, Compare(Comparison::kEqual, operand, std::move(condition)));
    }
    conditions.push_back(std::move(condition));
    values.push_back(std::move(children[next + 1]));
  }
  return Case(std::move(conditions), std::move(values), std::move(otherwise));
}

arrow::Result<Typed> Binder::BindCall(const Ast& ast) {
  const std::string name = LowerCase(ast.text);
  // A user's function goes before one of ours.
  if (const auto user = FindUserFunction(name)) return BindUserFunction(*user, ast);
  const SqlFunction* function = FindSqlFunction(name);
  if (function == nullptr) {
    if (std::find(std::begin(kAggregates), std::end(kAggregates), name) != std::end(kAggregates)) {
      return SqlError(sql_, ast.place,
                      "'" + ast.text + "' is an aggregate; expressions look at one row at a time");
    }
    std::vector<std::string> names = SqlFunctionNames();
    for (std::string& user : UserFunctionNames()) names.push_back(std::move(user));
    const std::string nearest = NearestName(name, names);
    return SqlError(sql_, ast.place,
                    "Invalid function '" + ast.text + "'" +
                        (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
  }
  const auto given = static_cast<int>(ast.children.size());
  if (given < function->least_arguments ||
      (function->most_arguments != kAnyNumber && given > function->most_arguments)) {
    return SqlError(sql_, ast.place, WrongCount(*function, ast.children.size()));
  }
  ARROW_ASSIGN_OR_RAISE(TypedVector arguments, BindAll(ast));
  return function->bind(std::move(arguments));
}

arrow::Result<Typed> Binder::BindUserFunction(const std::string& name, const Ast& ast) {
  ARROW_ASSIGN_OR_RAISE(TypedVector arguments, BindAll(ast));
  std::vector<arrow::compute::Expression> expressions;
  std::string types;
  for (Typed& argument : arguments) {
    types += (types.empty() ? "" : ", ") + TypeName(*argument.type);
    expressions.push_back(std::move(argument.expression));
  }
  auto call = arrow::compute::call(name, std::move(expressions));
  auto bound = call.Bind(schema_);
  if (!bound.ok()) {
    return SqlError(
        sql_, ast.place,
        "function '" + ast.text + "' does not take (" + types + "): " + bound.status().message());
  }
  return Typed{std::move(call), bound->type()->GetSharedPtr()};
}

}  // namespace lancea
