// Comparisons of floats by total order, as the reference compares.
//
//   -NaN < -inf < … < -0.0 < +0.0 < … < +inf < NaN,   and NaN = NaN
//
// A float's bits read as a signed integer are in that order once the lower bits of negative ones are
// inverted. Comparisons with a literal zero are given the zero that makes them answer as SQL does, by
// whoever binds them (compare.cc).
#include <bit>
#include <cstring>
#include <functional>

#include "arrow/buffer.h"
#include "arrow/compute/registry.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::ExecValue;
using arrow::compute::KernelContext;

template <typename Int>
Int Ordered(Int bits) {
  using Unsigned = std::make_unsigned_t<Int>;
  constexpr int kShift = sizeof(Int) * 8 - 1;
  return static_cast<Int>(bits ^ static_cast<Int>(static_cast<Unsigned>(bits >> kShift) >> 1));
}

template <typename Int, typename Left, typename Right, typename Compare>
void CompareInto(int64_t num_rows, Left left, Right right, Compare compare, uint8_t* out) {
  const int64_t whole = num_rows / 8;
  for (int64_t byte = 0; byte < whole; ++byte) {
    uint8_t bits = 0;
    for (int i = 0; i < 8; ++i) {
      bits = static_cast<uint8_t>(bits | compare(left(byte * 8 + i), right(byte * 8 + i)) << i);
    }
    out[byte] = bits;
  }
  for (int64_t i = whole * 8; i < num_rows; ++i) {
    arrow::bit_util::SetBitTo(out, i, compare(left(i), right(i)));
  }
}

template <typename Int, typename Compare>
void CompareValues(const ExecValue& left, const ExecValue& right, int64_t num_rows, uint8_t* out) {
  auto values = [](const ExecValue& value) {
    return [numbers = value.array.GetValues<Int>(1)](int64_t i) { return Ordered(numbers[i]); };
  };
  auto constant = [](const ExecValue& value) {
    Int bits = 0;
    const auto& scalar = static_cast<const arrow::internal::PrimitiveScalarBase&>(*value.scalar);
    std::memcpy(&bits, scalar.data(), sizeof(Int));
    return [number = Ordered(bits)](int64_t) { return number; };
  };
  if (left.is_array() && right.is_array()) {
    CompareInto<Int>(num_rows, values(left), values(right), Compare(), out);
  } else if (left.is_array()) {
    CompareInto<Int>(num_rows, values(left), constant(right), Compare(), out);
  } else if (right.is_array()) {
    CompareInto<Int>(num_rows, constant(left), values(right), Compare(), out);
  } else {
    CompareInto<Int>(num_rows, constant(left), constant(right), Compare(), out);
  }
}

// Rows where both are valid; nullptr for all.
arrow::Result<std::shared_ptr<arrow::Buffer>> BothValid(const ExecSpan& batch,
                                                        arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Buffer> out;
  for (const ExecValue& value : batch.values) {
    if (value.is_scalar()) {
      if (value.scalar->is_valid) continue;
      return arrow::AllocateEmptyBitmap(batch.length, pool);
    }
    if (!value.array.MayHaveNulls()) continue;
    const uint8_t* bits = value.array.buffers[0].data;
    if (out == nullptr) {
      ARROW_ASSIGN_OR_RAISE(
          out, arrow::internal::CopyBitmap(pool, bits, value.array.offset, batch.length));
    } else {
      arrow::internal::BitmapAnd(out->data(), 0, bits, value.array.offset, batch.length, 0,
                                 out->mutable_data());
    }
  }
  return out;
}

template <typename Compare>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  arrow::MemoryPool* pool = context->memory_pool();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity, BothValid(batch, pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(batch.length, pool));
  const bool no_value = (batch[0].is_scalar() && !batch[0].scalar->is_valid) ||
                        (batch[1].is_scalar() && !batch[1].scalar->is_valid);
  if (!no_value) {
    uint8_t* data = bits->mutable_data();
    switch (batch[0].type()->id()) {
      case arrow::Type::DOUBLE:
        CompareValues<int64_t, Compare>(batch[0], batch[1], batch.length, data);
        break;
      case arrow::Type::FLOAT:
        CompareValues<int32_t, Compare>(batch[0], batch[1], batch.length, data);
        break;
      default:
        CompareValues<int16_t, Compare>(batch[0], batch[1], batch.length, data);
    }
  }
  out->value = arrow::ArrayData::Make(arrow::boolean(), batch.length,
                                      {std::move(validity), std::move(bits)});
  return arrow::Status::OK();
}

arrow::Result<TypePointer> BooleanOfFloats(const TypeVector& types) {
  if (*types[0].type != *types[1].type || !arrow::is_floating(types[0].id())) {
    return arrow::Status::TypeError("cannot compare ", types[0].ToString(), " with ",
                                    types[1].ToString(), " by total order");
  }
  return arrow::boolean();
}

}  // namespace

arrow::Status AddTotalOrder(arrow::compute::FunctionRegistry* registry) {
  const std::pair<const char*, arrow::compute::ArrayKernelExec> functions[] = {
      {"lancea_equal", Run<std::equal_to<>>},  {"lancea_not_equal", Run<std::not_equal_to<>>},
      {"lancea_less", Run<std::less<>>},       {"lancea_less_equal", Run<std::less_equal<>>},
      {"lancea_greater", Run<std::greater<>>}, {"lancea_greater_equal", Run<std::greater_equal<>>},
  };
  for (const auto& [name, run] : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(
        registry, {.name = name, .type = BooleanOfFloats, .run = run, .num_arguments = 2}));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
