// Temporary: until expr/*.cc is there.
#include "arrow/type.h"
#include "arrow/compute/initialize.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/expr/sql_expression.h"
#include "lancea/util/errors.h"
namespace lancea {
__attribute__((weak)) arrow::Result<arrow::compute::Expression> ParseFilter(std::string_view,
                                                                            const arrow::Schema&) {
  return Unsupported("no SQL yet");
}
__attribute__((weak)) arrow::Result<arrow::compute::Expression> ParseExpression(
    std::string_view, const arrow::Schema&) {
  return Unsupported("no SQL yet");
}
__attribute__((weak)) arrow::Result<arrow::compute::Expression> BindExpression(
    const arrow::compute::Expression& e, const arrow::Schema& s, bool) {
  (void)arrow::compute::Initialize();
  return e.Bind(s);
}
__attribute__((weak)) std::vector<std::vector<std::string>> ColumnsOf(
    const arrow::compute::Expression& e) {
  return FieldPaths(e);
}
__attribute__((weak)) std::shared_ptr<arrow::Schema> StorageSchema(const arrow::Schema& s) {
  return EvaluatedSchema(s);
}
}  // namespace lancea
