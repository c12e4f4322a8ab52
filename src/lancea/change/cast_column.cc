#include "lancea/change/cast_column.h"

#include "arrow/array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/change/column_schema.h"
#include "lancea/exec/predicate.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;

bool IsAnyList(arrow::Type::type id) {
  return id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST ||
         id == arrow::Type::FIXED_SIZE_LIST;
}

const arrow::DataType& StorageOf(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION
             ? *static_cast<const arrow::ExtensionType&>(type).storage_type()
             : type;
}

// The first of the values, or of those inside lists, that a cast refuses.
arrow::Status WhyNot(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& type,
                     const arrow::Status& refusal) {
  if (IsAnyList(values->type_id()) && IsAnyList(type->id())) {
    return WhyNot(arrow::MakeArray(values->data()->child_data[0]), type->field(0)->type(), refusal);
  }
  if (arrow::is_primitive(values->type_id()) || arrow::is_decimal(values->type_id())) {
    for (int64_t i = 0; i < values->length(); ++i) {
      if (arrow::compute::Cast(*values->Slice(i, 1), type).ok()) continue;
      ARROW_ASSIGN_OR_RAISE(auto value, values->GetScalar(i));
      return InvalidInput("Can't cast value ", value->ToString(), " to type ",
                          LogicalTypeName(*type));
    }
  }
  return InvalidInput(refusal.message());
}

arrow::Result<ArrayPointer> ToDictionary(const ArrayPointer& values,
                                         const std::shared_ptr<arrow::DataType>& type,
                                         arrow::compute::ExecContext* context) {
  const auto& wanted = static_cast<const arrow::DictionaryType&>(*type);
  ARROW_ASSIGN_OR_RAISE(auto plain,
                        arrow::compute::Cast(*values, wanted.value_type(),
                                             arrow::compute::CastOptions::Safe(), context));
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum encoded,
                        arrow::compute::DictionaryEncode(
                            plain, arrow::compute::DictionaryEncodeOptions::Defaults(), context));
  const auto array = std::static_pointer_cast<arrow::DictionaryArray>(encoded.make_array());
  ARROW_ASSIGN_OR_RAISE(auto indices,
                        arrow::compute::Cast(*array->indices(), wanted.index_type(),
                                             arrow::compute::CastOptions::Safe(), context));
  return arrow::DictionaryArray::FromArrays(type, indices, array->dictionary());
}

arrow::Result<ArrayPointer> CastValues(const ArrayPointer& given,
                                       const std::shared_ptr<arrow::DataType>& type,
                                       arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(auto values, AsEvaluated(given, pool));
  if (type->id() == arrow::Type::DICTIONARY) return ToDictionary(values, type, &context);
  auto cast = arrow::compute::Cast(*values, type, arrow::compute::CastOptions::Safe(), &context);
  if (cast.ok()) return cast;
  return WhyNot(values, type, cast.status());
}

}  // namespace

bool IsWideningOrNarrowing(const arrow::DataType& given_from, const arrow::DataType& given_to) {
  const arrow::DataType& from = StorageOf(given_from);
  const arrow::DataType& to = StorageOf(given_to);
  if (from.id() == arrow::Type::DICTIONARY) {
    return IsWideningOrNarrowing(*static_cast<const arrow::DictionaryType&>(from).value_type(), to);
  }
  if (to.id() == arrow::Type::DICTIONARY) {
    return IsWideningOrNarrowing(from, *static_cast<const arrow::DictionaryType&>(to).value_type());
  }
  auto both = [&](auto is) { return is(from.id()) && is(to.id()); };
  if (IsAnyList(from.id())) {
    return IsAnyList(to.id()) &&
           IsWideningOrNarrowing(*from.field(0)->type(), *to.field(0)->type());
  }
  return both([](arrow::Type::type id) { return arrow::is_integer(id); }) ||
         both([](arrow::Type::type id) { return arrow::is_floating(id); }) ||
         both([](arrow::Type::type id) {
           return arrow::is_temporal(id) || id == arrow::Type::DURATION;
         }) ||
         both([](arrow::Type::type id) { return id == arrow::Type::BOOL; }) ||
         both([](arrow::Type::type id) { return arrow::is_string(id); }) ||
         both([](arrow::Type::type id) {
           return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY;
         }) ||
         both([](arrow::Type::type id) {
           return id == arrow::Type::DECIMAL128 || id == arrow::Type::DECIMAL256;
         });
}

arrow::Result<ArrayPointer> CastFields(const ArrayPointer& given, const Field& from,
                                       const Field& to, const std::shared_ptr<arrow::Field>& type,
                                       arrow::MemoryPool* pool) {
  if (from.id != to.id) return CastValues(given, type->type(), pool);
  if (from.children.empty() || given->type()->Equals(type->type())) return given;
  ArrayPointer values = given;
  if (values->type_id() == arrow::Type::EXTENSION) {
    values = static_cast<const arrow::ExtensionArray&>(*values).storage();
  }
  auto data = values->data()->Copy();
  data->type = type->type();
  if (data->child_data.size() != from.children.size()) {
    return Corrupt("column \"", from.name, "\" has ", data->child_data.size(),
                   " fields inside, not ", from.children.size());
  }
  for (size_t i = 0; i < from.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        auto child, CastFields(arrow::MakeArray(data->child_data[i]), from.children[i],
                               to.children[i], type->type()->field(static_cast<int>(i)), pool));
    data->child_data[i] = child->data();
  }
  return arrow::MakeArray(data);
}

}  // namespace lancea
