// Ast -> typed expressions over the columns of a schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lancea/expr/ast.h"
#include "lancea/expr/sql_functions.h"
#include "lancea/expr/typed.h"

namespace lancea {

class Binder {
 public:
  /// \param sql     what the Ast was made of, for messages
  /// \param schema  as StorageSchema gives it
  Binder(std::string_view sql, const arrow::Schema& schema) : sql_(sql), schema_(schema) {}

  /// A value: at the top, literals beside columns take their types or are refused.
  arrow::Result<Typed> BindValue(const Ast& ast) { return Bind(ast, /*strict=*/true); }

  /// A condition: regexp_match counts as true where it finds something.
  arrow::Result<Typed> BindCondition(const Ast& ast, bool strict = true);

 private:
  // strict: `ast` stands at the top or below AND and OR only. There a literal beside a column must fit
  // the column's type; deeper, both are brought to a common type.
  arrow::Result<Typed> Bind(const Ast& ast, bool strict);
  arrow::Result<Typed> BindUnchecked(const Ast& ast, bool strict);
  arrow::Result<TypedVector> BindAll(const Ast& ast, size_t from = 0);

  // bind_leaves.cc
  arrow::Result<Typed> BindNumber(const Ast& ast);
  arrow::Result<Typed> BindTyped(const Ast& ast);
  arrow::Result<Typed> BindInterval(const Ast& ast);
  arrow::Result<Typed> BindArray(const Ast& ast);
  arrow::Result<Typed> BindColumn(const Ast& ast);
  arrow::Result<Typed> FieldOf(Typed value, const std::string& name, TextSpan place);
  arrow::Result<Typed> Seen(Typed value);
  arrow::Status NoSuchColumn(const std::string& name, TextSpan place) const;

  // bind_operators.cc
  arrow::Result<Typed> BindBinary(const Ast& ast, bool strict);
  arrow::Result<Typed> BindIn(const Ast& ast, bool strict);
  arrow::Result<Typed> BindBetween(const Ast& ast, bool strict);
  arrow::Result<Typed> BindLogical(const Ast& ast, bool strict, bool condition);
  arrow::Result<Typed> BindCase(const Ast& ast);
  arrow::Result<Typed> BindCall(const Ast& ast);
  arrow::Result<Typed> BindUserFunction(const std::string& name, const Ast& ast);
  arrow::Result<Typed> Fit(Typed literal, const Ast& ast, const TypePointer& type);
  arrow::Result<Typed> FitAll(const Ast& ast, const TypePointer& type);

  // The error with the place of `ast`, unless it has one.
  arrow::Status At(const Ast& ast, const arrow::Status& status) const;

  const std::string_view sql_;
  const arrow::Schema& schema_;
};

}  // namespace lancea
