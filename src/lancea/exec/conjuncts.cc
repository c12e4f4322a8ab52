#include "lancea/exec/conjuncts.h"

#include <algorithm>
#include <set>

#include "arrow/array/array_base.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/cast.h"
#include "arrow/extension_type.h"
#include "arrow/scalar.h"
#include "arrow/type.h"

namespace lancea {
namespace {

using arrow::compute::Expression;

bool IsCall(const Expression& expression, std::initializer_list<const char*> names) {
  const Expression::Call* call = expression.call();
  return call != nullptr && std::any_of(names.begin(), names.end(), [&](const char* name) {
           return call->function_name == name;
         });
}

constexpr std::string_view kOwnPrefix = "lancea_";

// Functions that give an answer, or null, for any values. Sorted.
constexpr std::string_view kHarmless[] = {
    "add",
    "and",
    "and_kleene",
    "array_length",
    "btrim",
    "coalesce",
    "contains",
    "contains_tokens",
    "ends_with",
    "equal",
    "equal_nested",
    "greater",
    "greater_equal",
    "if_else",
    "ilike",
    "in_set",
    "index_in",
    "invert",
    "is_in",
    "is_nan",
    "is_null",
    "is_valid",
    "json_exists",
    "less",
    "less_equal",
    "like",
    "ltrim",
    "multiply",
    "negate",
    "not_equal",
    "or",
    "or_kleene",
    "rtrim",
    "starts_with",
    "strpos",
    "struct_field",
    "subtract",
    "true_unless_null",
};
static_assert(std::ranges::is_sorted(kHarmless));

// `expression` without what makes null false around it: where only true counts they are the same.
const Expression& WithoutNullAsFalse(const Expression& expression) {
  if (!IsCall(expression, {"coalesce"})) return expression;
  const auto& arguments = expression.call()->arguments;
  if (arguments.size() != 2) return expression;
  const arrow::Datum* literal = arguments[1].literal();
  const bool is_false = literal != nullptr && literal->is_scalar() &&
                        literal->scalar()->Equals(arrow::BooleanScalar(false));
  return is_false ? WithoutNullAsFalse(arguments[0]) : expression;
}

// The operands of calls of `names` at the top of `filter`, however they are nested.
void AddOperands(const Expression& given, std::initializer_list<const char*> names,
                 std::vector<Expression>* out) {
  const Expression& filter = WithoutNullAsFalse(given);
  if (IsCall(filter, names)) {
    for (const Expression& argument : filter.call()->arguments) AddOperands(argument, names, out);
  } else {
    out->push_back(filter);
  }
}

void AddPath(const arrow::FieldRef& ref, std::vector<std::string>* path) {
  if (const std::string* name = ref.name()) {
    path->push_back(*name);
  } else if (const auto* nested = ref.nested_refs()) {
    for (const arrow::FieldRef& part : *nested) AddPath(part, path);
  }
}

// The path that `expression` steps along when it is a field or a field inside one.
std::optional<std::vector<std::string>> PathOf(const Expression& expression) {
  if (const arrow::FieldRef* ref = expression.field_ref()) {
    std::vector<std::string> path;
    AddPath(*ref, &path);
    return path;
  }
  if (!IsCall(expression, {"struct_field"})) return std::nullopt;
  const Expression::Call& call = *expression.call();
  auto path = PathOf(call.arguments[0]);
  const auto* options = dynamic_cast<const arrow::compute::StructFieldOptions*>(call.options.get());
  if (!path.has_value() || options == nullptr) return std::nullopt;
  const size_t before = path->size();
  AddPath(options->field_ref, &*path);
  return path->size() > before ? path : std::nullopt;
}

void AddPaths(const Expression& expression, std::set<std::vector<std::string>>* out) {
  if (auto path = PathOf(expression)) {
    out->insert(std::move(*path));
  } else if (const Expression::Call* call = expression.call()) {
    for (const Expression& argument : call->arguments) AddPaths(argument, out);
  }
}

// Steps over casts between integers.
const Expression& WithoutCast(const Expression& expression) {
  if (!IsCall(expression, {"cast"})) return expression;
  const auto* options =
      dynamic_cast<const arrow::compute::CastOptions*>(expression.call()->options.get());
  if (options == nullptr || !arrow::is_integer(options->to_type.id())) return expression;
  return WithoutCast(expression.call()->arguments[0]);
}

bool IsField(const Expression& expression, const std::string& field) {
  const arrow::FieldRef* ref = WithoutCast(expression).field_ref();
  return ref != nullptr && ref->name() != nullptr && *ref->name() == field;
}

// Appends the number a literal stands for, if a row can have it. False when it is no integer.
bool AddNumber(const arrow::Scalar& scalar, std::vector<uint64_t>* out) {
  if (!scalar.is_valid) return true;
  if (!arrow::is_integer(scalar.type->id())) return false;
  if (arrow::is_unsigned_integer(scalar.type->id())) {
    auto number = scalar.CastTo(arrow::uint64());
    if (!number.ok()) return false;
    out->push_back(static_cast<const arrow::UInt64Scalar&>(**number).value);
    return true;
  }
  auto number = scalar.CastTo(arrow::int64());
  if (!number.ok()) return false;
  const int64_t value = static_cast<const arrow::Int64Scalar&>(**number).value;
  if (value >= 0) out->push_back(static_cast<uint64_t>(value));
  return true;
}

bool AddNumbers(const Expression& given, const std::string& field, std::vector<uint64_t>* out) {
  const Expression& condition = WithoutNullAsFalse(given);
  if (IsCall(condition, {"or_kleene", "or"})) {
    return std::all_of(condition.call()->arguments.begin(), condition.call()->arguments.end(),
                       [&](const Expression& part) { return AddNumbers(part, field, out); });
  }
  if (IsCall(condition, {"equal"})) {
    const auto& arguments = condition.call()->arguments;
    for (int i : {0, 1}) {
      const arrow::Datum* literal = WithoutCast(arguments[1 - i]).literal();
      if (IsField(arguments[i], field) && literal != nullptr && literal->is_scalar()) {
        return AddNumber(*literal->scalar(), out);
      }
    }
    return false;
  }
  if (!IsCall(condition, {"is_in"}) || !IsField(condition.call()->arguments[0], field)) {
    return false;
  }
  const auto* options =
      dynamic_cast<const arrow::compute::SetLookupOptions*>(condition.call()->options.get());
  if (options == nullptr || !options->value_set.is_array()) return false;
  const auto values = options->value_set.make_array();
  for (int64_t i = 0; i < values->length(); ++i) {
    auto scalar = values->GetScalar(i);
    if (!scalar.ok() || !AddNumber(**scalar, out)) return false;
  }
  return true;
}

}  // namespace

std::vector<Expression> SplitConjuncts(const Expression& filter) {
  std::vector<Expression> out;
  AddOperands(filter, {"and_kleene", "and"}, &out);
  return out;
}

std::vector<Expression> SplitAlternatives(const Expression& condition) {
  std::vector<Expression> out;
  AddOperands(condition, {"or_kleene", "or"}, &out);
  return out;
}

Expression Unbound(const Expression& expression) {
  if (const arrow::FieldRef* ref = expression.field_ref()) return arrow::compute::field_ref(*ref);
  const Expression::Call* call = expression.call();
  if (call == nullptr) return expression;
  std::vector<Expression> arguments;
  for (const Expression& argument : call->arguments) arguments.push_back(Unbound(argument));
  return arrow::compute::call(call->function_name, std::move(arguments), call->options);
}

std::vector<std::vector<std::string>> FieldPaths(const Expression& expression) {
  std::set<std::vector<std::string>> paths;
  AddPaths(expression, &paths);
  std::vector<std::vector<std::string>> out;
  for (const auto& path : paths) {
    // What lies inside a field that is read anyway is no path of its own; the set has prefixes first.
    const bool inside = std::any_of(out.begin(), out.end(), [&](const auto& other) {
      return other.size() <= path.size() && std::equal(other.begin(), other.end(), path.begin());
    });
    if (!inside) out.push_back(path);
  }
  return out;
}

bool MayFail(const Expression& expression) {
  const Expression::Call* call = expression.call();
  if (call == nullptr) return false;
  const std::string_view full_name = call->function_name;
  // Ours that do what SQL says have the names of Arrow's, or of SQL, behind a prefix.
  const bool ours = full_name.starts_with(kOwnPrefix);
  const std::string_view name = ours ? full_name.substr(kOwnPrefix.size()) : full_name;
  const bool harmless = std::ranges::binary_search(kHarmless, name) || name.starts_with("match_") ||
                        name.starts_with("utf8_") || name.starts_with("binary_") ||
                        (ours && (name.starts_with("array_has") || name.starts_with("json_get")));
  return !harmless || std::ranges::any_of(call->arguments, MayFail);
}

int CostOf(const Expression& expression) {
  const Expression::Call* call = expression.call();
  if (call == nullptr) return 0;
  const std::string& name = call->function_name;
  int cost = 1;
  if (name.find("regex") != std::string::npos) {
    cost = 20;
  } else if (name.starts_with("match_") || name.starts_with("utf8_") || name == "is_in" ||
             name.starts_with(kOwnPrefix)) {
    cost = 4;
  }
  for (const Expression& argument : call->arguments) cost += CostOf(argument);
  return cost;
}

std::optional<std::vector<uint64_t>> NumbersOf(const Expression& condition,
                                               const std::string& field) {
  std::vector<uint64_t> out;
  if (!AddNumbers(condition, field, &out)) return std::nullopt;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::shared_ptr<arrow::DataType> EvaluatedType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::EXTENSION) {
    return EvaluatedType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
  }
  if (type->id() == arrow::Type::DICTIONARY) {
    return EvaluatedType(static_cast<const arrow::DictionaryType&>(*type).value_type());
  }
  if (type->id() == arrow::Type::STRUCT) {
    arrow::FieldVector fields;
    bool changed = false;
    for (const auto& field : type->fields()) {
      fields.push_back(field->WithType(EvaluatedType(field->type())));
      changed |= fields.back()->type() != field->type();
    }
    if (changed) return arrow::struct_(std::move(fields));
  }
  return type;
}

std::shared_ptr<arrow::Schema> EvaluatedSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(field->WithType(EvaluatedType(field->type())));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace lancea
