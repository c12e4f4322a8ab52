#include "lancea/expr/sql_expression.h"

#include <algorithm>

#include "arrow/compute/initialize.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "lancea/expr/binder.h"
#include "lancea/expr/lexer.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/parser.h"
#include "lancea/expr/rebind.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::Expression;

TypePointer StorageType(const TypePointer& type) {
  if (type->id() == arrow::Type::EXTENSION) {
    return StorageType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
  }
  if (type->id() == arrow::Type::DICTIONARY) {
    return StorageType(static_cast<const arrow::DictionaryType&>(*type).value_type());
  }
  return type;
}

arrow::Result<Expression> Bound(const Typed& value, const arrow::Schema& schema) {
  auto bound = value.expression.Bind(schema);
  // Operands were brought to types that functions take; what Arrow has no kernel for is the user's matter.
  if (!bound.ok()) return InvalidInput("Invalid user input: ", bound.status().message());
  return bound;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

void AddPath(const arrow::FieldRef& ref, std::vector<std::string>* path) {
  if (const std::string* name = ref.name()) {
    path->push_back(*name);
  } else if (const auto* nested = ref.nested_refs()) {
    for (const arrow::FieldRef& part : *nested) AddPath(part, path);
  }
}

}  // namespace

arrow::Result<Expression> ParseFilter(std::string_view sql, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  ARROW_ASSIGN_OR_RAISE(auto ast, ParseSql(sql));
  const auto storage = StorageSchema(schema);
  ARROW_ASSIGN_OR_RAISE(Typed condition, Binder(sql, *storage).BindCondition(*ast));
  if (condition.type->id() != arrow::Type::BOOL) {
    return InvalidInput("Invalid user input: The filter ", sql,
                        " does not return a boolean, it is of type ", TypeName(*condition.type));
  }
  return Bound(condition, *storage);
}

arrow::Result<Expression> ParseExpression(std::string_view sql, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  const auto storage = StorageSchema(schema);
  // A column's whole name goes before what it would mean as an expression: "a.b", "order".
  const std::string name(Trimmed(sql));
  if (storage->GetFieldByName(name) != nullptr) {
    return Bound({arrow::compute::field_ref(arrow::FieldRef(name)), nullptr}, *storage);
  }
  ARROW_ASSIGN_OR_RAISE(auto ast, ParseSql(sql));
  ARROW_ASSIGN_OR_RAISE(Typed value, Binder(sql, *storage).BindValue(*ast));
  return Bound(value, *storage);
}

arrow::Result<Expression> BindExpression(const Expression& expression, const arrow::Schema& schema,
                                         bool must_be_boolean) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  const auto storage = StorageSchema(schema);
  ARROW_ASSIGN_OR_RAISE(Typed value, Rebind(expression, *storage));
  if (must_be_boolean) {
    if (value.type->id() == arrow::Type::NA) value = NullOf(arrow::boolean());
    if (value.type->id() != arrow::Type::BOOL) {
      return InvalidInput("Invalid user input: The filter ", expression.ToString(),
                          " does not return a boolean, it is of type ", TypeName(*value.type));
    }
  }
  return Bound(value, *storage);
}

std::shared_ptr<arrow::Schema> StorageSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(field->WithType(StorageType(field->type())));
  }
  return arrow::schema(std::move(fields));
}

std::vector<std::vector<std::string>> ColumnsOf(const Expression& expression) {
  std::vector<std::vector<std::string>> out;
  for (const arrow::FieldRef& ref : arrow::compute::FieldsInExpression(expression)) {
    std::vector<std::string> path;
    AddPath(ref, &path);
    if (std::find(out.begin(), out.end(), path) == out.end()) out.push_back(std::move(path));
  }
  return out;
}

}  // namespace lancea
