// Making Arrow compute functions of plain loops over rows.
//
// A function of ours takes arguments of the types its SQL binding gives it and no others, answers with a
// whole new array, and handles nulls itself. An argument is an array or one value for all rows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/function.h"
#include "arrow/compute/kernel.h"
#include "arrow/result.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"

namespace arrow::compute {
class FunctionRegistry;
}

namespace lancea {

using TypePointer = std::shared_ptr<arrow::DataType>;
using TypeVector = std::vector<arrow::TypeHolder>;

/// A scalar function as a loop.
struct RowFunction {
  std::string name;  ///< in Arrow's registry
  /// Type of the answer for these types of arguments.
  std::function<arrow::Result<TypePointer>(const TypeVector&)> type;
  arrow::compute::ArrayKernelExec run;  ///< sets out->value to an ArrayData
  int num_arguments = 1;
  bool varargs = false;  ///< num_arguments or more
  bool is_pure = true;   ///< false: every call may answer differently
};

arrow::Status AddFunction(arrow::compute::FunctionRegistry* registry, RowFunction function);

/// The same type for whatever arguments.
std::function<arrow::Result<TypePointer>(const TypeVector&)> Always(TypePointer type);

/// The type of argument `index`.
std::function<arrow::Result<TypePointer>(const TypeVector&)> SameAs(size_t index);

/// Text arguments: utf8, large_utf8, binary or large_binary. Views are valid while the arguments are.
class TextArgument {
 public:
  explicit TextArgument(const arrow::compute::ExecValue& value);

  bool is_constant() const { return constant_; }
  bool valid(int64_t row) const {
    return constant_ ? constant_valid_
                     : validity_ == nullptr || arrow::bit_util::GetBit(validity_, offset_ + row);
  }
  std::string_view operator[](int64_t row) const {
    if (constant_) return text_;
    if (large_) return View(large_offsets_, row);
    return View(offsets_, row);
  }

 private:
  template <typename Offset>
  std::string_view View(const Offset* offsets, int64_t row) const {
    return {bytes_ + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  bool constant_ = false;
  bool constant_valid_ = false;
  bool large_ = false;
  std::string_view text_;
  const uint8_t* validity_ = nullptr;
  int64_t offset_ = 0;
  const int32_t* offsets_ = nullptr;
  const int64_t* large_offsets_ = nullptr;
  const char* bytes_ = nullptr;
};

/// Numbers of exactly one C type, also days and timestamps by their storage.
template <typename T>
class NumberArgument {
 public:
  explicit NumberArgument(const arrow::compute::ExecValue& value) {
    if (value.is_scalar()) {
      constant_ = true;
      constant_valid_ = value.scalar->is_valid;
      const auto& primitive =
          static_cast<const arrow::internal::PrimitiveScalarBase&>(*value.scalar);
      if (constant_valid_) number_ = *static_cast<const T*>(primitive.data());
    } else {
      validity_ = value.array.MayHaveNulls() ? value.array.buffers[0].data : nullptr;
      offset_ = value.array.offset;
      numbers_ = value.array.GetValues<T>(1);
    }
  }
  bool is_constant() const { return constant_; }
  bool valid(int64_t row) const {
    return constant_ ? constant_valid_
                     : validity_ == nullptr || arrow::bit_util::GetBit(validity_, offset_ + row);
  }
  T operator[](int64_t row) const { return constant_ ? number_ : numbers_[row]; }

 private:
  bool constant_ = false;
  bool constant_valid_ = false;
  T number_{};
  const uint8_t* validity_ = nullptr;
  int64_t offset_ = 0;
  const T* numbers_ = nullptr;
};

/// Lists of any kind: list, large_list, fixed_size_list.
class ListArgument {
 public:
  static arrow::Result<ListArgument> Make(const arrow::compute::ExecValue& value, int64_t num_rows);

  bool valid(int64_t row) const { return list_->IsValid(constant_ ? 0 : row); }
  int64_t begin(int64_t row) const;  ///< of its elements in values()
  int64_t length(int64_t row) const;
  const std::shared_ptr<arrow::Array>& values() const { return values_; }

 private:
  bool constant_ = false;
  std::shared_ptr<arrow::Array> list_;
  std::shared_ptr<arrow::Array> values_;
};

/// Any argument as an array of num_rows rows, or of one row when it is constant.
arrow::Result<std::shared_ptr<arrow::Array>> ArgumentArray(const arrow::compute::ExecValue& value,
                                                           int64_t* stride);

/// What `builder` has built as the answer.
arrow::Status FinishInto(arrow::ArrayBuilder* builder, arrow::compute::ExecResult* out);

}  // namespace lancea
