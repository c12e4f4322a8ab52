#include "lancea/expr/rebind.h"

#include <map>
#include <string_view>

#include "arrow/array/array_base.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/cast.h"
#include "arrow/extension_type.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/sql_error.h"
#include "lancea/expr/sql_functions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::Expression;

const Comparison* FindComparison(const std::string& name) {
  static const std::map<std::string_view, Comparison> kComparisons = {
      {"equal", Comparison::kEqual},     {"not_equal", Comparison::kNotEqual},
      {"less", Comparison::kLess},       {"less_equal", Comparison::kLessEqual},
      {"greater", Comparison::kGreater}, {"greater_equal", Comparison::kGreaterEqual}};
  const auto found = kComparisons.find(name);
  return found == kComparisons.end() ? nullptr : &found->second;
}

std::string_view ArithmeticSymbol(const std::string& name) {
  static const std::map<std::string_view, std::string_view> kSymbols = {
      {"add", "+"},      {"add_checked", "+"},      {"subtract", "-"}, {"subtract_checked", "-"},
      {"multiply", "*"}, {"multiply_checked", "*"}, {"divide", "/"},   {"divide_checked", "/"},
      {"modulus", "%"}};
  const auto found = kSymbols.find(name);
  return found == kSymbols.end() ? std::string_view() : found->second;
}

std::string_view BitwiseSymbol(const std::string& name) {
  static const std::map<std::string_view, std::string_view> kSymbols = {{"bit_wise_and", "&"},
                                                                        {"bit_wise_or", "|"},
                                                                        {"bit_wise_xor", "^"},
                                                                        {"shift_left", "<<"},
                                                                        {"shift_right", ">>"}};
  const auto found = kSymbols.find(name);
  return found == kSymbols.end() ? std::string_view() : found->second;
}

arrow::Result<Typed> Field(const arrow::FieldRef& ref, const arrow::Schema& schema) {
  auto path = ref.FindOne(schema);
  if (!path.ok()) {
    const std::string name = ref.name() != nullptr ? *ref.name() : ref.ToString();
    std::vector<std::string> names;
    for (const auto& field : schema.fields()) names.push_back(field->name());
    const std::string nearest = NearestName(name, names);
    return InvalidInput("Invalid user input: No field named ", name, ".",
                        nearest.empty() ? "" : " Did you mean " + nearest + "?");
  }
  // By names, so that it can be bound again elsewhere.
  std::vector<arrow::FieldRef> names;
  const arrow::FieldVector* fields = &schema.fields();
  std::shared_ptr<arrow::Field> field;
  for (int index : path->indices()) {
    field = (*fields)[static_cast<size_t>(index)];
    names.emplace_back(field->name());
    fields = &field->type()->fields();
  }
  return Typed{
      arrow::compute::field_ref(names.size() == 1 ? names[0] : arrow::FieldRef(std::move(names))),
      field->type()};
}

arrow::Result<Typed> ValueSet(Typed value, const arrow::compute::SetLookupOptions& options) {
  std::shared_ptr<arrow::Array> array;
  if (options.value_set.is_array()) {
    array = options.value_set.make_array();
  } else if (options.value_set.is_chunked_array()) {
    return InvalidInput("the values of is_in must be one array");
  }
  // A null is never in a list, and never surely not in one, as SQL has it.
  const bool is_ready = array != nullptr && array->length() > 0 && value.literal() == nullptr &&
                        arrow::is_integer(array->type_id()) && array->type()->Equals(*value.type);
  if (is_ready) {
    using arrow::compute::SetLookupOptions;
    return Typed{arrow::compute::call("is_in", {std::move(value.expression)},
                                      SetLookupOptions(array, SetLookupOptions::INCONCLUSIVE)),
                 arrow::boolean()};
  }
  std::vector<Typed> list;
  for (int64_t i = 0; array != nullptr && i < array->length(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(i));
    list.push_back(LiteralOf(std::move(scalar)));
  }
  if (list.empty()) return BooleanOf(false);
  return IsIn(std::move(value), std::move(list), false);
}

// What keeps its function: types by Arrow's own binding.
arrow::Result<Typed> Keep(const Expression::Call& call, std::vector<Typed> arguments,
                          const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(RequireFunction(call.function_name));
  std::vector<Expression> expressions;
  for (Typed& argument : arguments) expressions.push_back(std::move(argument.expression));
  Expression out = arrow::compute::call(call.function_name, std::move(expressions), call.options);
  auto bound = out.Bind(schema);
  if (!bound.ok()) return InvalidInput("Invalid user input: ", bound.status().message());
  return Typed{std::move(out), bound->type()->GetSharedPtr()};
}

arrow::Result<Typed> RemakePair(const std::string& name, Typed left, Typed right) {
  if (const Comparison* comparison = FindComparison(name)) {
    return Compare(*comparison, std::move(left), std::move(right));
  }
  if (const auto symbol = ArithmeticSymbol(name); !symbol.empty()) {
    return Arithmetic(symbol, std::move(left), std::move(right));
  }
  if (const auto symbol = BitwiseSymbol(name); !symbol.empty()) {
    return Bitwise(symbol, std::move(left), std::move(right));
  }
  if (name == "like") return Like(std::move(left), std::move(right), "\\", false, false);
  return IsDistinct(std::move(left), std::move(right), /*negated=*/name == "is_not_distinct_from");
}

bool IsPair(const std::string& name) {
  return FindComparison(name) != nullptr || !ArithmeticSymbol(name).empty() ||
         !BitwiseSymbol(name).empty() || name == "like" || name == "is_distinct_from" ||
         name == "is_not_distinct_from";
}

bool Takes(const SqlFunction& function, size_t num_arguments) {
  const auto given = static_cast<int>(num_arguments);
  return given >= function.least_arguments &&
         (function.most_arguments == kAnyNumber || given <= function.most_arguments);
}

arrow::Result<Typed> Remake(const Expression::Call& call, std::vector<Typed> arguments,
                            const arrow::Schema& schema) {
  const std::string& name = call.function_name;
  if (arguments.size() == 2 && IsPair(name)) {
    return RemakePair(name, std::move(arguments[0]), std::move(arguments[1]));
  }
  if (name == "and_kleene" || name == "and") return Combine(std::move(arguments), false);
  if (name == "or_kleene" || name == "or") return Combine(std::move(arguments), true);
  if (name == "invert" && arguments.size() == 1) return Not(std::move(arguments[0]));
  if (name == "if_else" && arguments.size() == 3) {
    return Case({std::move(arguments[0])}, {std::move(arguments[1])}, std::move(arguments[2]));
  }
  if (name == kInListCall && arguments.size() > 1) {
    Typed value = std::move(arguments[0]);
    arguments.erase(arguments.begin());
    return IsIn(std::move(value), std::move(arguments), false);
  }
  if (name == "is_in" && arguments.size() == 1) {
    if (const auto* options =
            dynamic_cast<const arrow::compute::SetLookupOptions*>(call.options.get())) {
      return ValueSet(std::move(arguments[0]), *options);
    }
  }
  if (name == "cast" && arguments.size() == 1) {
    const auto* options = dynamic_cast<const arrow::compute::CastOptions*>(call.options.get());
    if (options != nullptr && options->to_type.type != nullptr) {
      return CastTo(std::move(arguments[0]), options->to_type.GetSharedPtr());
    }
  }
  if (call.options == nullptr) {
    const SqlFunction* function = FindSqlFunction(name);
    if (function != nullptr && Takes(*function, arguments.size())) {
      return function->bind(std::move(arguments));
    }
  }
  return Keep(call, std::move(arguments), schema);
}

}  // namespace

arrow::Result<Typed> Rebind(const Expression& expression, const arrow::Schema& schema) {
  if (const arrow::FieldRef* ref = expression.field_ref()) return Field(*ref, schema);
  if (const arrow::Datum* literal = expression.literal()) {
    if (!literal->is_scalar()) return Typed{expression, literal->type()};
    std::shared_ptr<arrow::Scalar> scalar = literal->scalar();
    if (scalar->type->id() == arrow::Type::EXTENSION && scalar->is_valid) {
      scalar = static_cast<const arrow::ExtensionScalar&>(*scalar).value;
    }
    return LiteralOf(std::move(scalar));
  }
  const Expression::Call* call = expression.call();
  if (call == nullptr) return InvalidInput("Invalid user input: an empty expression");
  std::vector<Typed> arguments;
  for (const Expression& argument : call->arguments) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Rebind(argument, schema));
    arguments.push_back(std::move(value));
  }
  return Remake(*call, std::move(arguments), schema);
}

}  // namespace lancea
