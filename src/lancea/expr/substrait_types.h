// Types and literals of Substrait -> Arrow's.
//
// Substrait has no unsigned integers, half floats and large texts; Arrow declares them as extension types by
// name ("u8", "fp16", "large_string"), and their literals are wrapped: { type, Any{ UInt64Value } }.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/proto/substrait.pb.h"

namespace lancea {

class SubstraitTypes {
 public:
  explicit SubstraitTypes(const ::substrait::ExtendedExpression& message);

  /// \return NotImplemented for types without names: structs, maps, and those nobody declared
  arrow::Result<std::shared_ptr<arrow::DataType>> TypeOf(const ::substrait::Type& type) const;

  arrow::Result<std::shared_ptr<arrow::Scalar>> ValueOf(
      const ::substrait::Expression::Literal& literal) const;

 private:
  arrow::Result<std::shared_ptr<arrow::DataType>> Declared(uint32_t anchor) const;
  arrow::Result<std::shared_ptr<arrow::Scalar>> Wrapped(
      const ::substrait::Expression::Literal::UserDefined& literal) const;

  std::map<uint32_t, std::string> names_;  // of extension types by anchor
};

}  // namespace lancea
