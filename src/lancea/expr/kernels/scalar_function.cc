#include "lancea/expr/kernels/scalar_function.h"

#include <algorithm>

#include "arrow/array/array_nested.h"
#include "arrow/array/builder_base.h"
#include "arrow/array/util.h"
#include "arrow/compute/registry.h"

namespace lancea {

using arrow::compute::ExecValue;

arrow::Status AddFunction(arrow::compute::FunctionRegistry* registry, RowFunction function) {
  using arrow::compute::Arity;
  using arrow::compute::InputType;
  using arrow::compute::KernelSignature;
  std::vector<std::string> arguments;
  for (int i = 0; i < function.num_arguments; ++i) {
    arguments.push_back("argument" + std::to_string(i + 1));
  }
  if (function.varargs) arguments.push_back("more");
  const Arity arity =
      function.varargs ? Arity::VarArgs(function.num_arguments) : Arity(function.num_arguments);
  auto made = std::make_shared<arrow::compute::ScalarFunction>(
      function.name, arity,
      arrow::compute::FunctionDoc("Evaluate SQL's " + function.name + " as lancea does.",
                                  "Meant for bound SQL expressions only.", std::move(arguments)),
      nullptr, function.is_pure);
  auto resolve = [type = std::move(function.type)](
                     arrow::compute::KernelContext*,
                     const TypeVector& types) -> arrow::Result<arrow::TypeHolder> {
    ARROW_ASSIGN_OR_RAISE(TypePointer out, type(types));
    return arrow::TypeHolder(std::move(out));
  };
  std::vector<InputType> inputs(
      static_cast<size_t>(function.varargs ? std::max(1, function.num_arguments)
                                           : function.num_arguments),
      InputType());
  arrow::compute::ScalarKernel kernel(
      KernelSignature::Make(std::move(inputs), arrow::compute::OutputType(std::move(resolve)),
                            function.varargs),
      function.run);
  kernel.null_handling = arrow::compute::NullHandling::COMPUTED_NO_PREALLOCATE;
  kernel.mem_allocation = arrow::compute::MemAllocation::NO_PREALLOCATE;
  ARROW_RETURN_NOT_OK(made->AddKernel(std::move(kernel)));
  return registry->AddFunction(std::move(made), /*allow_overwrite=*/true);
}

std::function<arrow::Result<TypePointer>(const TypeVector&)> Always(TypePointer type) {
  return [type = std::move(type)](const TypeVector&) -> arrow::Result<TypePointer> { return type; };
}

std::function<arrow::Result<TypePointer>(const TypeVector&)> SameAs(size_t index) {
  return [index](const TypeVector& types) -> arrow::Result<TypePointer> {
    return types[index].GetSharedPtr();
  };
}

TextArgument::TextArgument(const ExecValue& value) {
  if (value.is_scalar()) {
    constant_ = true;
    constant_valid_ = value.scalar->is_valid;
    if (constant_valid_) {
      text_ = static_cast<const arrow::BaseBinaryScalar&>(*value.scalar).view();
    }
    return;
  }
  const arrow::ArraySpan& array = value.array;
  large_ = arrow::is_large_binary_like(array.type->id());
  validity_ = array.MayHaveNulls() ? array.buffers[0].data : nullptr;
  offset_ = array.offset;
  if (large_) {
    large_offsets_ = array.GetValues<int64_t>(1);
  } else {
    offsets_ = array.GetValues<int32_t>(1);
  }
  bytes_ = reinterpret_cast<const char*>(array.buffers[2].data);
}

arrow::Result<std::shared_ptr<arrow::Array>> ArgumentArray(const ExecValue& value,
                                                           int64_t* stride) {
  *stride = value.is_scalar() ? 0 : 1;
  if (value.is_scalar()) {
    return arrow::MakeArrayFromScalar(*value.scalar, 1);
  }
  return value.array.ToArray();
}

arrow::Result<ListArgument> ListArgument::Make(const ExecValue& value, int64_t) {
  ListArgument out;
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(out.list_, ArgumentArray(value, &stride));
  out.constant_ = stride == 0;
  switch (out.list_->type_id()) {
    case arrow::Type::LIST:
      out.values_ = static_cast<const arrow::ListArray&>(*out.list_).values();
      break;
    case arrow::Type::MAP:
      out.values_ = static_cast<const arrow::MapArray&>(*out.list_).values();
      break;
    case arrow::Type::LARGE_LIST:
      out.values_ = static_cast<const arrow::LargeListArray&>(*out.list_).values();
      break;
    case arrow::Type::FIXED_SIZE_LIST:
      out.values_ = static_cast<const arrow::FixedSizeListArray&>(*out.list_).values();
      break;
    default:
      return arrow::Status::TypeError("expected a list, got ", out.list_->type()->ToString());
  }
  return out;
}

int64_t ListArgument::begin(int64_t row) const {
  if (constant_) row = 0;
  switch (list_->type_id()) {
    case arrow::Type::LARGE_LIST:
      return static_cast<const arrow::LargeListArray&>(*list_).value_offset(row);
    case arrow::Type::FIXED_SIZE_LIST:
      return static_cast<const arrow::FixedSizeListArray&>(*list_).value_offset(row);
    default:
      return static_cast<const arrow::ListArray&>(*list_).value_offset(row);
  }
}

int64_t ListArgument::length(int64_t row) const {
  if (constant_) row = 0;
  switch (list_->type_id()) {
    case arrow::Type::LARGE_LIST:
      return static_cast<const arrow::LargeListArray&>(*list_).value_length(row);
    case arrow::Type::FIXED_SIZE_LIST:
      return static_cast<const arrow::FixedSizeListArray&>(*list_).value_length(row);
    default:
      return static_cast<const arrow::ListArray&>(*list_).value_length(row);
  }
}

arrow::Status FinishInto(arrow::ArrayBuilder* builder, arrow::compute::ExecResult* out) {
  std::shared_ptr<arrow::ArrayData> data;
  ARROW_RETURN_NOT_OK(builder->FinishInternal(&data));
  out->value = std::move(data);
  return arrow::Status::OK();
}

}  // namespace lancea
