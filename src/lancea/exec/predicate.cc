#include "lancea/exec/predicate.h"

#include <algorithm>

#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/extension_type.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/ask_array.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/exec/value_conditions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Dictionaries whose answers are kept: those of the pages that threads work on at one time.
constexpr size_t kKeptDictionaries = 32;

// Bit i of `out` = of_value[indices[i]].
template <typename Index>
void LookUp(const Index* indices, int64_t num_rows, const uint8_t* of_value, uint8_t* out) {
  const int64_t whole = num_rows / 8;
  for (int64_t byte = 0; byte < whole; ++byte) {
    uint8_t bits = 0;
    for (int i = 0; i < 8; ++i) {
      bits = static_cast<uint8_t>(bits | of_value[indices[byte * 8 + i]] << i);
    }
    out[byte] = bits;
  }
  for (int64_t i = whole * 8; i < num_rows; ++i) {
    arrow::bit_util::SetBitTo(out, i, of_value[indices[i]] != 0);
  }
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> AsEvaluated(std::shared_ptr<arrow::Array> array,
                                                         arrow::MemoryPool* pool) {
  if (array->type_id() == arrow::Type::EXTENSION) {
    return AsEvaluated(static_cast<const arrow::ExtensionArray&>(*array).storage(), pool);
  }
  if (array->type_id() == arrow::Type::STRUCT) {
    const auto type = EvaluatedType(array->type());
    if (type == array->type()) return array;
    // Children without the parent's offset, with its validity.
    const auto& parent = static_cast<const arrow::StructArray&>(*array);
    arrow::ArrayVector children;
    for (const auto& field : parent.fields()) {
      ARROW_ASSIGN_OR_RAISE(auto child, AsEvaluated(field, pool));
      children.push_back(std::move(child));
    }
    std::shared_ptr<arrow::Buffer> validity;
    if (parent.null_count() > 0) {
      ARROW_ASSIGN_OR_RAISE(
          validity, arrow::internal::CopyBitmap(pool, parent.null_bitmap_data(), parent.offset(),
                                                parent.length()));
    }
    return std::make_shared<arrow::StructArray>(type, parent.length(), std::move(children),
                                                std::move(validity), parent.null_count());
  }
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  arrow::compute::ExecContext context(pool);
  // Take finds null where the index is null, whatever the index itself says.
  ARROW_ASSIGN_OR_RAISE(
      auto values, arrow::compute::Take(*encoded.dictionary(), *encoded.indices(),
                                        arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  return AsEvaluated(std::move(values), pool);
}

arrow::Result<std::shared_ptr<const Predicate>> Predicate::Make(
    const arrow::compute::Expression& condition, std::shared_ptr<arrow::Schema> columns) {
  ARROW_ASSIGN_OR_RAISE(auto bound, Unbound(condition).Bind(*columns));
  ARROW_ASSIGN_OR_RAISE(bound, arrow::compute::FoldConstants(std::move(bound)));
  const arrow::DataType& type = *bound.type();
  if (type.id() != arrow::Type::BOOL && type.id() != arrow::Type::NA) {
    return InvalidInput("a filter must be a condition, this is of type ", type.ToString(), ": ",
                        condition.ToString());
  }
  std::optional<ValueCondition> value_condition;
  if (columns->num_fields() == 1) value_condition = AsValueCondition(bound);
  return std::shared_ptr<const Predicate>(
      new Predicate(std::move(bound), std::move(columns), std::move(value_condition)));
}

size_t Predicate::num_columns() const { return static_cast<size_t>(columns_->num_fields()); }

arrow::Result<std::shared_ptr<arrow::BooleanArray>> Predicate::Evaluate(
    arrow::ArrayVector columns, int64_t num_rows, arrow::MemoryPool* pool) const {
  if (columns.size() == 1 && columns[0]->type_id() == arrow::Type::DICTIONARY &&
      columns[0]->data()->dictionary != nullptr) {
    return OfDictionary(*columns[0]->data(), pool);
  }
  for (auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(column, AsEvaluated(std::move(column), pool));
  }
  if (value_condition_.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto answers, AskArray(*value_condition_, *columns[0]->data(), pool));
    if (answers != nullptr) return answers;
  }
  return Plain(columns, num_rows, pool);
}

arrow::Result<std::shared_ptr<arrow::BooleanArray>> Predicate::Plain(
    const arrow::ArrayVector& columns, int64_t num_rows, arrow::MemoryPool* pool) const {
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  std::vector<arrow::Datum> values(columns.begin(), columns.end());
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum answer,
      arrow::compute::ExecuteScalarExpression(
          bound_, arrow::compute::ExecBatch(std::move(values), num_rows), &context));
  std::shared_ptr<arrow::Array> array;
  if (answer.is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(array, arrow::MakeArrayFromScalar(*answer.scalar(), num_rows, pool));
  } else if (answer.is_chunked_array()) {
    ARROW_ASSIGN_OR_RAISE(array, arrow::Concatenate(answer.chunked_array()->chunks(), pool));
  } else {
    array = answer.make_array();
  }
  if (array->type_id() == arrow::Type::NA) {
    ARROW_ASSIGN_OR_RAISE(array, arrow::MakeArrayOfNull(arrow::boolean(), num_rows, pool));
  }
  if (array->length() != num_rows) {
    return arrow::Status::Invalid("a condition gave ", array->length(), " answers for ", num_rows,
                                  " rows: ", bound_.ToString());
  }
  return std::static_pointer_cast<arrow::BooleanArray>(array);
}

arrow::Result<std::shared_ptr<const Predicate::Answers>> Predicate::AnswersOf(
    const std::shared_ptr<arrow::ArrayData>& dictionary, arrow::MemoryPool* pool) const {
  {
    std::lock_guard lock(mutex_);
    for (const Kept& kept : kept_) {
      if (kept.dictionary == dictionary) return kept.answers;
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto values, AsEvaluated(arrow::MakeArray(dictionary), pool));
  auto answers = std::make_shared<Answers>();
  ARROW_ASSIGN_OR_RAISE(auto of_values, Plain({values}, values->length(), pool));
  answers->of_value.resize(static_cast<size_t>(values->length()));
  for (int64_t i = 0; i < values->length(); ++i) {
    answers->of_value[static_cast<size_t>(i)] = of_values->IsValid(i) && of_values->Value(i);
    answers->num_true += answers->of_value[static_cast<size_t>(i)];
  }
  ARROW_ASSIGN_OR_RAISE(auto null, arrow::MakeArrayOfNull(values->type(), 1, pool));
  ARROW_ASSIGN_OR_RAISE(auto of_null, Plain({null}, 1, pool));
  answers->of_null = of_null->IsValid(0) && of_null->Value(0);
  std::lock_guard lock(mutex_);
  if (kept_.size() >= kKeptDictionaries) kept_.erase(kept_.begin());
  kept_.push_back({dictionary, answers});
  return answers;
}

arrow::Result<std::shared_ptr<arrow::BooleanArray>> Predicate::OfDictionary(
    const arrow::ArrayData& column, arrow::MemoryPool* pool) const {
  ARROW_ASSIGN_OR_RAISE(auto answers, AnswersOf(column.dictionary, pool));
  const int64_t num_rows = column.length;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(num_rows, pool));
  uint8_t* out = bits->mutable_data();
  const auto& index_type =
      static_cast<const arrow::DictionaryType&>(*column.type).index_type()->id();
  const bool has_nulls = column.GetNullCount() > 0;
  const uint8_t* validity = has_nulls ? column.buffers[0]->data() : nullptr;
  const auto size = static_cast<int64_t>(answers->of_value.size());
  auto look_up = [&](const auto* indices) {
    if (!has_nulls) {
      if (answers->num_true > 0) LookUp(indices, num_rows, answers->of_value.data(), out);
      return;
    }
    // What an index says where the row is null is not checked by anybody.
    for (int64_t i = 0; i < num_rows; ++i) {
      const bool valid = arrow::bit_util::GetBit(validity, column.offset + i);
      const auto index = static_cast<int64_t>(indices[i]);
      const bool answer =
          valid ? index >= 0 && index < size && answers->of_value[static_cast<size_t>(index)] != 0
                : answers->of_null;
      if (answer) arrow::bit_util::SetBit(out, i);
    }
  };
  switch (index_type) {
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      look_up(column.GetValues<uint8_t>(1));
      break;
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      look_up(column.GetValues<uint16_t>(1));
      break;
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
      look_up(column.GetValues<uint32_t>(1));
      break;
    default:
      look_up(column.GetValues<uint64_t>(1));
  }
  return std::make_shared<arrow::BooleanArray>(num_rows, std::move(bits));
}

}  // namespace lancea
