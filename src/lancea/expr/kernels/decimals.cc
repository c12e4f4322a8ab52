#include <algorithm>

#include "arrow/array/builder_decimal.h"
#include "arrow/compute/registry.h"
#include "arrow/util/decimal.h"
#include "lancea/expr/kernels/decimal_types.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::Decimal256;
using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::ExecValue;
using arrow::compute::KernelContext;

constexpr int32_t kMaxDigits = arrow::Decimal256Type::kMaxPrecision;

// Decimals of either width, widened.
class DecimalArgument {
 public:
  static arrow::Result<DecimalArgument> Make(const ExecValue& value) {
    DecimalArgument out;
    ARROW_ASSIGN_OR_RAISE(out.array_, ArgumentArray(value, &out.stride_));
    out.width_ = static_cast<const arrow::DecimalType&>(*out.array_->type()).byte_width();
    const auto& buffer = out.array_->data()->buffers[1];
    out.bytes_ = buffer == nullptr ? nullptr : buffer->data() + out.array_->offset() * out.width_;
    return out;
  }
  bool valid(int64_t row) const { return array_->IsValid(row * stride_); }
  Decimal256 operator[](int64_t row) const {
    const uint8_t* bytes = bytes_ + row * stride_ * width_;
    if (width_ == 32) return Decimal256(bytes);
    return Decimal256(arrow::Decimal128(bytes));
  }

 private:
  std::shared_ptr<arrow::Array> array_;
  int64_t stride_ = 1;
  int64_t width_ = 16;
  const uint8_t* bytes_ = nullptr;
};

int32_t NumDigits(const Decimal256& number) {
  int32_t digits = 1;
  while (digits < kMaxDigits && !number.FitsInPrecision(digits)) ++digits;
  return digits;
}

arrow::Result<Decimal256> Shifted(const Decimal256& number, int32_t by) {
  if (by == 0 || number == Decimal256(0)) return number;
  if (NumDigits(number) + by > kMaxDigits) return InvalidInput("decimal overflow");
  return Decimal256(number.IncreaseScaleBy(by));
}

struct Scales {
  int32_t left;
  int32_t right;
  int32_t result;
};

arrow::Result<Decimal256> Apply(DecimalOperation operation, Decimal256 left, Decimal256 right,
                                Scales scale) {
  const bool same_scale = operation == DecimalOperation::kAdd ||
                          operation == DecimalOperation::kSubtract ||
                          operation == DecimalOperation::kModulo;
  if (same_scale) {
    ARROW_ASSIGN_OR_RAISE(left, Shifted(left, scale.result - scale.left));
    ARROW_ASSIGN_OR_RAISE(right, Shifted(right, scale.result - scale.right));
  }
  const bool divides =
      operation == DecimalOperation::kDivide || operation == DecimalOperation::kModulo;
  if (divides && right == Decimal256(0)) return InvalidInput("Divide by zero error");
  switch (operation) {
    case DecimalOperation::kAdd:
      return Decimal256(left + right);
    case DecimalOperation::kSubtract:
      return Decimal256(left + -right);
    case DecimalOperation::kMultiply:
      if (NumDigits(left) + NumDigits(right) > kMaxDigits) return InvalidInput("decimal overflow");
      return Decimal256(left * right);
    case DecimalOperation::kDivide: {
      const int32_t by = scale.result - scale.left + scale.right;
      if (by >= 0) {
        ARROW_ASSIGN_OR_RAISE(left, Shifted(left, by));
      } else {
        ARROW_ASSIGN_OR_RAISE(right, Shifted(right, -by));
      }
      return Decimal256(left / right);
    }
    case DecimalOperation::kModulo:
      return Decimal256(left % right);
  }
  return left;
}

template <DecimalOperation operation>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto type,
                        DecimalResultType(operation, *batch[0].type(), *batch[1].type()));
  const auto& result = static_cast<const arrow::DecimalType&>(*type);
  const Scales scales = {static_cast<const arrow::DecimalType&>(*batch[0].type()).scale(),
                         static_cast<const arrow::DecimalType&>(*batch[1].type()).scale(),
                         result.scale()};
  ARROW_ASSIGN_OR_RAISE(auto left, DecimalArgument::Make(batch[0]));
  ARROW_ASSIGN_OR_RAISE(auto right, DecimalArgument::Make(batch[1]));
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(context->memory_pool(), type, &builder));
  ARROW_RETURN_NOT_OK(builder->Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!left.valid(row) || !right.valid(row)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Decimal256 answer, Apply(operation, left[row], right[row], scales));
    if (!answer.FitsInPrecision(result.precision())) {
      return InvalidInput("decimal overflow: ", answer.ToString(result.scale()),
                          " does not fit in ", type->ToString());
    }
    if (type->id() == arrow::Type::DECIMAL256) {
      ARROW_RETURN_NOT_OK(static_cast<arrow::Decimal256Builder&>(*builder).Append(answer));
    } else {
      const auto& words = answer.little_endian_array();
      ARROW_RETURN_NOT_OK(static_cast<arrow::Decimal128Builder&>(*builder).Append(
          arrow::Decimal128(static_cast<int64_t>(words[1]), words[0])));
    }
  }
  return FinishInto(builder.get(), out);
}

template <DecimalOperation operation>
arrow::Status Add(arrow::compute::FunctionRegistry* registry, const char* name) {
  auto type = [](const TypeVector& types) {
    return DecimalResultType(operation, *types[0].type, *types[1].type);
  };
  return AddFunction(registry,
                     {.name = name, .type = type, .run = Run<operation>, .num_arguments = 2});
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::DataType>> DecimalResultType(DecimalOperation operation,
                                                                  const arrow::DataType& left,
                                                                  const arrow::DataType& right) {
  auto is_wide = [](const arrow::DataType& type) { return type.id() == arrow::Type::DECIMAL256; };
  if (!arrow::is_decimal(left.id()) || !arrow::is_decimal(right.id())) {
    return arrow::Status::TypeError("expected decimals, got ", left.ToString(), " and ",
                                    right.ToString());
  }
  const auto& a = static_cast<const arrow::DecimalType&>(left);
  const auto& b = static_cast<const arrow::DecimalType&>(right);
  const bool wide = is_wide(left) || is_wide(right);
  const int32_t most = wide ? kMaxDigits : arrow::Decimal128Type::kMaxPrecision;
  const int32_t whole_a = a.precision() - a.scale();
  const int32_t whole_b = b.precision() - b.scale();
  int32_t scale = std::max(a.scale(), b.scale());
  int32_t precision = 0;
  switch (operation) {
    case DecimalOperation::kAdd:
    case DecimalOperation::kSubtract:
      precision = scale + std::max(whole_a, whole_b) + 1;
      break;
    case DecimalOperation::kMultiply:
      scale = a.scale() + b.scale();
      precision = a.precision() + b.precision() + 1;
      break;
    case DecimalOperation::kDivide:
      scale = std::min(a.scale() + 4, most);
      precision = scale - a.scale() + b.scale() + a.precision();
      break;
    case DecimalOperation::kModulo:
      precision = scale + std::min(whole_a, whole_b);
      break;
  }
  if (scale > most) {
    return InvalidInput("the product of ", left.ToString(), " and ", right.ToString(),
                        " has more than ", most, " digits after the point");
  }
  precision = std::clamp(precision, 1, most);
  return wide ? arrow::decimal256(precision, scale) : arrow::decimal128(precision, scale);
}

arrow::Status AddDecimals(arrow::compute::FunctionRegistry* registry) {
  ARROW_RETURN_NOT_OK(Add<DecimalOperation::kAdd>(registry, "lancea_decimal_add"));
  ARROW_RETURN_NOT_OK(Add<DecimalOperation::kSubtract>(registry, "lancea_decimal_subtract"));
  ARROW_RETURN_NOT_OK(Add<DecimalOperation::kMultiply>(registry, "lancea_decimal_multiply"));
  ARROW_RETURN_NOT_OK(Add<DecimalOperation::kDivide>(registry, "lancea_decimal_divide"));
  return Add<DecimalOperation::kModulo>(registry, "lancea_decimal_modulo");
}

}  // namespace lancea
