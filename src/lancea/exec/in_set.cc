#include "lancea/exec/in_set.h"

#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_primitive.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/compute/function.h"
#include "arrow/compute/initialize.h"
#include "arrow/compute/kernel.h"
#include "arrow/compute/registry.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/ask_array.h"
#include "lancea/encoding/number_type.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::Expression;
using arrow::compute::FunctionOptions;

class OptionsType : public arrow::compute::FunctionOptionsType {
 public:
  const char* type_name() const override { return "InSetOptions"; }
  std::string Stringify(const FunctionOptions& options) const override {
    const auto& values = *static_cast<const InSetOptions&>(options).values();
    std::string out = std::to_string(values.length());
    out += " values of ";
    out += values.type()->ToString();
    return out;
  }
  bool Compare(const FunctionOptions& a, const FunctionOptions& b) const override {
    const auto& left = static_cast<const InSetOptions&>(a).values();
    const auto& right = static_cast<const InSetOptions&>(b).values();
    return left == right || left->Equals(*right);
  }
  std::unique_ptr<FunctionOptions> Copy(const FunctionOptions& options) const override {
    return std::make_unique<InSetOptions>(static_cast<const InSetOptions&>(options));
  }
};

const OptionsType* TheOptionsType() {
  static const OptionsType kType;
  return &kType;
}

struct InSetState : public arrow::compute::KernelState {
  explicit InSetState(const InSetOptions& options) : condition(options.condition()) {}
  const ValueCondition condition;
};

arrow::Status Run(arrow::compute::KernelContext* context, const arrow::compute::ExecSpan& batch,
                  arrow::compute::ExecResult* out) {
  const ValueCondition& condition = static_cast<const InSetState*>(context->state())->condition;
  std::shared_ptr<arrow::ArrayData> values;
  if (batch[0].is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(auto repeated, arrow::MakeArrayFromScalar(*batch[0].scalar, batch.length,
                                                                    context->memory_pool()));
    values = repeated->data();
  } else {
    values = batch[0].array.ToArrayData();
  }
  ARROW_ASSIGN_OR_RAISE(auto answers, AskArray(condition, *values, context->memory_pool()));
  if (answers == nullptr) return InvalidInput(kInSet, " is asked of ", values->type->ToString());
  out->value = answers->data();
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<arrow::compute::KernelState>> Init(
    arrow::compute::KernelContext*, const arrow::compute::KernelInitArgs& args) {
  const auto* options = dynamic_cast<const InSetOptions*>(args.options);
  if (options == nullptr) return InvalidInput(kInSet, " needs the set among its options");
  return std::make_unique<InSetState>(*options);
}

arrow::Status Register() {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  using arrow::compute::InputType;
  auto function = std::make_shared<arrow::compute::ScalarFunction>(
      kInSet, arrow::compute::Arity::Unary(),
      arrow::compute::FunctionDoc("Whether a number is in a set made before.",
                                  "False of null. Meant for expressions of lancea's own only.",
                                  {"value"}, "InSetOptions", /*options_required=*/true));
  arrow::compute::ScalarKernel kernel({InputType()}, arrow::boolean(), Run, Init);
  kernel.null_handling = arrow::compute::NullHandling::COMPUTED_NO_PREALLOCATE;
  kernel.mem_allocation = arrow::compute::MemAllocation::NO_PREALLOCATE;
  ARROW_RETURN_NOT_OK(function->AddKernel(std::move(kernel)));
  return arrow::compute::GetFunctionRegistry()->AddFunction(std::move(function),
                                                            /*allow_overwrite=*/true);
}

}  // namespace

InSetOptions::InSetOptions(std::shared_ptr<arrow::Array> values, ValueCondition condition)
    : FunctionOptions(TheOptionsType()),
      values_(std::move(values)),
      condition_(std::move(condition)) {}

const std::shared_ptr<arrow::DataType>& InSetOptions::type() const { return values_->type(); }

arrow::Result<Expression> InSet(Expression value, std::shared_ptr<arrow::Array> values) {
  static const arrow::Status registered = Register();
  ARROW_RETURN_NOT_OK(registered);
  const arrow::DataType& type = *values->type();
  const auto number = NumberTypeOf(type);
  if (!number || !arrow::is_integer(type.id())) {
    return InvalidInput(kInSet, " takes integers, not ", type.ToString());
  }
  std::vector<NumberCondition::Wide> numbers;
  numbers.reserve(static_cast<size_t>(values->length()));
  for (int64_t i = 0; i < values->length(); ++i) {
    if (values->IsValid(i)) numbers.push_back(NumberAt(*number, *values->data(), i));
  }
  auto condition =
      NumberCondition::AnyOf(number->order, number->width, std::move(numbers), /*negated=*/false);
  return arrow::compute::call(
      kInSet, {std::move(value)},
      std::make_shared<InSetOptions>(std::move(values), ValueCondition(std::move(condition))));
}

bool IsInSet(const Expression& expression) {
  const Expression::Call* call = expression.call();
  return call != nullptr && call->function_name == kInSet;
}

}  // namespace lancea
