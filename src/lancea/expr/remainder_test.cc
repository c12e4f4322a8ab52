// The fast way of remainders by one divisor agrees with the plain one.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <type_traits>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "lancea/expr/kernels/register.h"

namespace lancea {
namespace {

template <typename Type>
class RemainderTest : public testing::Test {};
using IntegerTypes = testing::Types<arrow::Int8Type, arrow::Int32Type, arrow::Int64Type,
                                    arrow::UInt8Type, arrow::UInt32Type, arrow::UInt64Type>;
TYPED_TEST_SUITE(RemainderTest, IntegerTypes);

TYPED_TEST(RemainderTest, HasTheSignOfTheDividend) {
  using T = typename TypeParam::c_type;
  using Limits = std::numeric_limits<T>;
  ASSERT_TRUE(RegisterFunctions().ok());
  arrow::NumericBuilder<TypeParam> builder;
  for (const T edge : {Limits::min(), T{0}, Limits::max(), static_cast<T>(UINT32_MAX),
                       static_cast<T>(uint64_t{1} << 33)}) {
    for (int i = -5; i <= 5; ++i) {
      using Unsigned = std::make_unsigned_t<T>;
      const auto shifted = static_cast<Unsigned>(static_cast<Unsigned>(edge) + i);
      ASSERT_TRUE(builder.Append(static_cast<T>(shifted)).ok());
    }
  }
  const auto numbers =
      std::static_pointer_cast<typename arrow::TypeTraits<TypeParam>::ArrayType>(*builder.Finish());
  for (const T divisor : {T{1}, T{2}, T{3}, T{100}, static_cast<T>(Limits::max() - 1),
                          Limits::max(), static_cast<T>(UINT32_MAX)}) {
    if (divisor <= T{0}) continue;
    auto answer = arrow::compute::CallFunction(
        "lancea_modulo",
        {numbers, std::make_shared<typename arrow::TypeTraits<TypeParam>::ScalarType>(divisor)});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const auto remainders =
        std::static_pointer_cast<typename arrow::TypeTraits<TypeParam>::ArrayType>(
            answer->make_array());
    for (int64_t i = 0; i < numbers->length(); ++i) {
      ASSERT_EQ(remainders->Value(i), static_cast<T>(numbers->Value(i) % divisor))
          << +numbers->Value(i) << " % " << +divisor;
    }
  }
}

}  // namespace
}  // namespace lancea
