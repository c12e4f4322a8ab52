// Arrays without dictionaries, to compare what they say and not how.
#pragma once

#include <memory>

#include "arrow/array/array_dict.h"
#include "arrow/array/builder_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/logging.h"

namespace lancea {

inline std::shared_ptr<arrow::DataType> PlainType(const std::shared_ptr<arrow::DataType>& type) {
  auto child = [&](int i) { return type->field(i)->WithType(PlainType(type->field(i)->type())); };
  switch (type->id()) {
    case arrow::Type::DICTIONARY:
      return static_cast<const arrow::DictionaryType&>(*type).value_type();
    case arrow::Type::LIST:
      return arrow::list(child(0));
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(child(0));
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (int i = 0; i < type->num_fields(); ++i) fields.push_back(child(i));
      return arrow::struct_(fields);
    }
    default:
      return type;
  }
}

inline std::shared_ptr<arrow::ArrayData> PlainData(const std::shared_ptr<arrow::ArrayData>& data) {
  if (data->type->id() == arrow::Type::DICTIONARY) {
    // All of the buffers, so that offsets of slices go on to fit.
    auto whole = data->Copy();
    whole->offset = 0;
    whole->length = data->offset + data->length;
    whole->null_count = arrow::kUnknownNullCount;
    const arrow::DictionaryArray array(whole);
    auto builder = arrow::MakeBuilder(array.dictionary()->type()).ValueOrDie();
    for (int64_t i = 0; i < array.length(); ++i) {
      if (array.IsNull(i)) {
        ARROW_CHECK_OK(builder->AppendNull());
        continue;
      }
      auto item = array.dictionary()->GetScalar(array.GetValueIndex(i)).ValueOrDie();
      ARROW_CHECK_OK(builder->AppendScalar(*item));
    }
    auto out = builder->Finish().ValueOrDie()->data()->Copy();
    out->offset = data->offset;
    out->length = data->length;
    out->null_count = arrow::kUnknownNullCount;
    return out;
  }
  auto out = data->Copy();
  out->type = PlainType(data->type);
  for (auto& child : out->child_data) child = PlainData(child);
  return out;
}

inline std::shared_ptr<arrow::Array> Plain(const std::shared_ptr<arrow::Array>& array) {
  return arrow::MakeArray(PlainData(array->data()));
}

}  // namespace lancea
