// From a DataType to the C++ class of a number type.
#pragma once

#include "arrow/status.h"
#include "arrow/type.h"

namespace lancea {

/// Call visit(Type{}) with Int8Type … UInt64Type, FloatType or DoubleType.
template <typename Visit>
arrow::Status VisitNumberType(const arrow::DataType& type, Visit visit) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return visit(arrow::Int8Type());
    case arrow::Type::INT16:
      return visit(arrow::Int16Type());
    case arrow::Type::INT32:
      return visit(arrow::Int32Type());
    case arrow::Type::INT64:
      return visit(arrow::Int64Type());
    case arrow::Type::UINT8:
      return visit(arrow::UInt8Type());
    case arrow::Type::UINT16:
      return visit(arrow::UInt16Type());
    case arrow::Type::UINT32:
      return visit(arrow::UInt32Type());
    case arrow::Type::UINT64:
      return visit(arrow::UInt64Type());
    case arrow::Type::FLOAT:
      return visit(arrow::FloatType());
    case arrow::Type::DOUBLE:
      return visit(arrow::DoubleType());
    default:
      return arrow::Status::TypeError("expected a number, got ", type.ToString());
  }
}

}  // namespace lancea
