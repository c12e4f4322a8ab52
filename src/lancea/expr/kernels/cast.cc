#include "lancea/expr/kernels/cast.h"

#include <cmath>
#include <limits>

#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/registry.h"
#include "arrow/util/float16.h"
#include "lancea/expr/kernels/cast_text.h"
#include "lancea/expr/kernels/number_types.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

bool IsText(arrow::Type::type id) {
  return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING;
}
bool IsWideDecimal(arrow::Type::type id) {
  return id == arrow::Type::DECIMAL128 || id == arrow::Type::DECIMAL256;
}
bool IsPlainNumber(arrow::Type::type id) {
  return arrow::is_integer(id) || IsWideDecimal(id) || id == arrow::Type::FLOAT ||
         id == arrow::Type::DOUBLE;
}
bool IsTemporal(arrow::Type::type id) { return arrow::is_temporal(id); }

template <typename From, typename To>
arrow::Result<ArrayPointer> CutFractions(const arrow::NumericArray<From>& numbers,
                                         const arrow::DataType& to, bool or_null,
                                         arrow::MemoryPool* pool) {
  using T = typename To::c_type;
  // Both bounds are exact: powers of two, or their successor.
  const double low = static_cast<double>(std::numeric_limits<T>::min());
  const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
  arrow::NumericBuilder<To> builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(numbers.length()));
  for (int64_t row = 0; row < numbers.length(); ++row) {
    if (numbers.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const double number = std::trunc(static_cast<double>(numbers.Value(row)));
    if (number >= low && number < beyond) {
      builder.UnsafeAppend(static_cast<T>(number));
    } else if (or_null) {
      builder.UnsafeAppendNull();
    } else {
      return InvalidInput("Can't cast value ", numbers.Value(row), " to type ", to.ToString());
    }
  }
  return builder.Finish();
}

arrow::Result<ArrayPointer> FloatToInteger(const ArrayPointer& array, const TypePointer& to,
                                           bool or_null, arrow::MemoryPool* pool) {
  ArrayPointer out;
  ARROW_RETURN_NOT_OK(VisitNumberType(*to, [&](auto type) -> arrow::Status {
    using To = decltype(type);
    if constexpr (std::is_integral_v<typename To::c_type>) {
      if (array->type_id() == arrow::Type::FLOAT) {
        ARROW_ASSIGN_OR_RAISE(
            out, (CutFractions<arrow::FloatType, To>(static_cast<const arrow::FloatArray&>(*array),
                                                     *to, or_null, pool)));
      } else {
        ARROW_ASSIGN_OR_RAISE(
            out, (CutFractions<arrow::DoubleType, To>(
                     static_cast<const arrow::DoubleArray&>(*array), *to, or_null, pool)));
      }
    }
    return arrow::Status::OK();
  }));
  return out;
}

arrow::compute::CastOptions ArrowOptions(const TypePointer& to, arrow::Type::type from) {
  auto options = arrow::compute::CastOptions::Safe(to);
  options.allow_time_truncate = true;
  options.allow_decimal_truncate = true;
  // Integers beyond 2^53 are rounded.
  options.allow_float_truncate = arrow::is_integer(from);
  return options;
}

arrow::Result<ArrayPointer> ArrowCast(const ArrayPointer& array, const TypePointer& to,
                                      bool or_null, arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  const auto options = ArrowOptions(to, array->type_id());
  auto whole = arrow::compute::Cast(array, options, &context);
  if (whole.ok()) return whole->make_array();
  if (!or_null || whole.status().IsNotImplemented()) {
    return InvalidInput(whole.status().message());
  }
  arrow::ArrayVector rows;
  for (int64_t row = 0; row < array->length(); ++row) {
    auto one = arrow::compute::Cast(array->Slice(row, 1), options, &context);
    if (one.ok()) {
      rows.push_back(one->make_array());
    } else {
      ARROW_ASSIGN_OR_RAISE(auto null, arrow::MakeArrayOfNull(to, 1, pool));
      rows.push_back(std::move(null));
    }
  }
  return arrow::Concatenate(rows, pool);
}

arrow::Result<ArrayPointer> LocalToZone(const ArrayPointer& array, const TypePointer& to,
                                        arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  const arrow::compute::AssumeTimezoneOptions options(
      static_cast<const arrow::TimestampType&>(*to).timezone(),
      arrow::compute::AssumeTimezoneOptions::AMBIGUOUS_EARLIEST,
      arrow::compute::AssumeTimezoneOptions::NONEXISTENT_EARLIEST);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum out, arrow::compute::CallFunction("assume_timezone", {array},
                                                                       &options, &context));
  return out.make_array();
}

// The type to pass through when there is no direct way; nullptr when there is one.
TypePointer Between(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == arrow::Type::HALF_FLOAT && to.id() != arrow::Type::FLOAT)
    return arrow::float32();
  if (to.id() == arrow::Type::HALF_FLOAT && from.id() != arrow::Type::FLOAT && !IsText(from.id())) {
    return arrow::float32();
  }
  if (IsTemporal(from.id()) && arrow::is_integer(to.id())) {
    const bool narrow = from.id() == arrow::Type::DATE32 || from.id() == arrow::Type::TIME32;
    const TypePointer storage = narrow ? arrow::int32() : arrow::int64();
    return *storage == to ? nullptr : storage;
  }
  if (arrow::is_integer(from.id()) && IsTemporal(to.id())) {
    const bool narrow = to.id() == arrow::Type::DATE32 || to.id() == arrow::Type::TIME32;
    const TypePointer storage = narrow ? arrow::int32() : arrow::int64();
    return *storage == from ? nullptr : storage;
  }
  // Moments count their units.
  const bool to_float = to.id() == arrow::Type::FLOAT || to.id() == arrow::Type::DOUBLE;
  const bool from_float = from.id() == arrow::Type::FLOAT || from.id() == arrow::Type::DOUBLE;
  if (from.id() == arrow::Type::TIMESTAMP && to_float) return arrow::int64();
  if (from_float && to.id() == arrow::Type::TIMESTAMP) return arrow::int64();
  return nullptr;
}

template <bool or_null>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(ArrayPointer array, ArgumentArray(batch[0], &stride));
  ARROW_ASSIGN_OR_RAISE(ArrayPointer answer, CastArray(array, batch[1].type()->GetSharedPtr(),
                                                       or_null, context->memory_pool()));
  if (answer->length() != batch.length) {
    ARROW_ASSIGN_OR_RAISE(auto scalar, answer->GetScalar(0));
    ARROW_ASSIGN_OR_RAISE(
        answer, arrow::MakeArrayFromScalar(*scalar, batch.length, context->memory_pool()));
  }
  out->value = answer->data();
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<ArrayPointer> CastArray(const ArrayPointer& array, const TypePointer& to,
                                      bool or_null, arrow::MemoryPool* pool) {
  const arrow::DataType& from = *array->type();
  if (from.Equals(*to)) return array;
  if (from.id() == arrow::Type::NA) return arrow::MakeArrayOfNull(to, array->length(), pool);
  if (const TypePointer between = Between(from, *to)) {
    ARROW_ASSIGN_OR_RAISE(auto passed, CastArray(array, between, or_null, pool));
    return CastArray(passed, to, or_null, pool);
  }
  ArrayPointer out;
  if (IsText(from.id())) {
    ARROW_ASSIGN_OR_RAISE(out, CastFromText(*array, to, or_null, pool));
  } else if (IsText(to->id())) {
    ARROW_ASSIGN_OR_RAISE(out, CastToText(array, to, pool));
  } else if (IsWideDecimal(to->id()) && IsPlainNumber(from.id())) {
    return CastToDecimal(*array, to, or_null, pool);
  } else if (arrow::is_floating(from.id()) && arrow::is_integer(to->id())) {
    return FloatToInteger(array, to, or_null, pool);
  } else if (from.id() == arrow::Type::TIMESTAMP && to->id() == arrow::Type::TIMESTAMP) {
    const auto& a = static_cast<const arrow::TimestampType&>(from);
    const auto& b = static_cast<const arrow::TimestampType&>(*to);
    if (a.timezone().empty() && !b.timezone().empty() && b.timezone() != "UTC") {
      ARROW_ASSIGN_OR_RAISE(auto local,
                            ArrowCast(array, arrow::timestamp(b.unit()), or_null, pool));
      return LocalToZone(local, to, pool);
    }
  }
  return out != nullptr ? out : ArrowCast(array, to, or_null, pool);
}

bool CanCast(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to) || from.id() == arrow::Type::NA) return true;
  if (const TypePointer between = Between(from, to)) {
    return CanCast(from, *between) && CanCast(*between, to);
  }
  return arrow::compute::CanCast(from, to);
}

arrow::Status AddCasts(arrow::compute::FunctionRegistry* registry) {
  ARROW_RETURN_NOT_OK(AddFunction(
      registry, {.name = "lancea_cast", .type = SameAs(1), .run = Run<false>, .num_arguments = 2}));
  return AddFunction(
      registry,
      {.name = "lancea_try_cast", .type = SameAs(1), .run = Run<true>, .num_arguments = 2});
}

}  // namespace lancea
