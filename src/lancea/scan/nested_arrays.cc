#include "lancea/scan/nested_arrays.h"

#include "arrow/array/array_base.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/jsonb.h"

namespace lancea {
namespace {

// The data of child `i` cut to the window of its parent struct.
std::shared_ptr<arrow::ArrayData> ChildOfStruct(const arrow::ArrayData& parent, size_t i) {
  const auto& child = parent.child_data[i];
  return parent.offset == 0 && child->length == parent.length
             ? child
             : child->Slice(parent.offset, parent.length);
}

// The field `index` of a part of a struct, null where the part is but the whole is not.
arrow::Result<std::shared_ptr<arrow::ArrayData>> FieldOfPart(
    const std::shared_ptr<arrow::ArrayData>& part, int index, bool may_differ,
    arrow::MemoryPool* pool) {
  if (!may_differ || part->GetNullCount() == 0) {
    return ChildOfStruct(*part, static_cast<size_t>(index));
  }
  ARROW_ASSIGN_OR_RAISE(auto field, arrow::StructArray(part).GetFlattenedField(index, pool));
  return field->data();
}

// A struct is there where any of its parts is: rows updated in place may have got some of its fields only.
arrow::Status MergeValidity(const std::vector<std::shared_ptr<arrow::ArrayData>>& parts,
                            arrow::ArrayData* out, arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Buffer> valid = parts[0]->buffers[0];
  for (const auto& part : parts) {
    if (part->offset != 0) return Unsupported("merging a sliced struct");
    if (part->GetNullCount() == 0) valid = nullptr;
  }
  if (valid != nullptr) {
    for (size_t i = 1; i < parts.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          valid, arrow::internal::BitmapOr(pool, valid->data(), 0, parts[i]->buffers[0]->data(), 0,
                                           out->length, 0));
    }
  }
  out->buffers[0] = std::move(valid);
  out->null_count = out->buffers[0] == nullptr ? 0 : arrow::kUnknownNullCount;
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> Merge(
    const std::shared_ptr<arrow::DataType>& type,
    const std::vector<std::shared_ptr<arrow::ArrayData>>& parts, arrow::MemoryPool* pool) {
  if (parts.size() == 1 && parts[0]->type->Equals(*type)) return parts[0];
  const arrow::ArrayData& first = *parts[0];
  for (const auto& part : parts) {
    if (part->length != first.length) {
      return Corrupt("data files of one fragment give ", first.length, " and ", part->length,
                     " items");
    }
  }
  auto out = std::make_shared<arrow::ArrayData>(first);
  out->type = type;
  switch (type->id()) {
    case arrow::Type::STRUCT: {
      out->child_data.clear();
      const bool several = parts.size() > 1;
      if (several) {
        ARROW_RETURN_NOT_OK(MergeValidity(parts, out.get(), pool));
      } else if (first.offset != 0) {
        return Unsupported("merging a sliced struct");
      }
      for (const auto& field : type->fields()) {
        std::vector<std::shared_ptr<arrow::ArrayData>> below;
        for (const auto& part : parts) {
          const int index =
              static_cast<const arrow::StructType&>(*part->type).GetFieldIndex(field->name());
          if (index < 0) continue;
          ARROW_ASSIGN_OR_RAISE(auto field_of_part, FieldOfPart(part, index, several, pool));
          below.push_back(std::move(field_of_part));
        }
        if (below.empty()) {
          ARROW_ASSIGN_OR_RAISE(auto nulls,
                                arrow::MakeArrayOfNull(field->type(), first.length, pool));
          out->child_data.push_back(nulls->data());
        } else {
          ARROW_ASSIGN_OR_RAISE(auto merged, Merge(field->type(), below, pool));
          out->child_data.push_back(std::move(merged));
        }
      }
      return out;
    }
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::MAP:
    case arrow::Type::FIXED_SIZE_LIST: {
      std::vector<std::shared_ptr<arrow::ArrayData>> below;
      for (const auto& part : parts) below.push_back(part->child_data[0]);
      ARROW_ASSIGN_OR_RAISE(out->child_data[0], Merge(type->field(0)->type(), below, pool));
      return out;
    }
    default:
      return Corrupt("a column of ", type->ToString(), " lies in several data files");
  }
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> ToText(
    const Field& field, const std::shared_ptr<arrow::ArrayData>& data, arrow::MemoryPool* pool) {
  if (IsJson(field)) {
    ARROW_ASSIGN_OR_RAISE(auto text, JsonbToText(*arrow::MakeArray(data), pool));
    return text->data();
  }
  if (field.children.empty() || data->child_data.size() != field.children.size()) return data;
  auto out = std::make_shared<arrow::ArrayData>(*data);
  arrow::FieldVector fields = data->type->fields();
  bool changed = false;
  for (size_t i = 0; i < field.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(out->child_data[i], ToText(field.children[i], data->child_data[i], pool));
    if (out->child_data[i] == data->child_data[i]) continue;
    changed = true;
    ARROW_ASSIGN_OR_RAISE(fields[i], ToArrowAsRead(field.children[i]));
  }
  if (!changed) return data;
  switch (data->type->id()) {
    case arrow::Type::STRUCT:
      out->type = arrow::struct_(fields);
      break;
    case arrow::Type::LIST:
      out->type = arrow::list(fields[0]);
      break;
    case arrow::Type::LARGE_LIST:
      out->type = arrow::large_list(fields[0]);
      break;
    case arrow::Type::FIXED_SIZE_LIST:
      out->type = arrow::fixed_size_list(
          fields[0], static_cast<const arrow::FixedSizeListType&>(*data->type).list_size());
      break;
    case arrow::Type::MAP: {
      const auto& entries = *fields[0]->type();
      out->type = std::make_shared<arrow::MapType>(entries.field(0), entries.field(1));
      break;
    }
    default:
      return Unsupported("JSON inside ", data->type->ToString());
  }
  return out;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> MergeParts(
    const std::shared_ptr<arrow::DataType>& type, const arrow::ArrayVector& parts,
    arrow::MemoryPool* pool) {
  std::vector<std::shared_ptr<arrow::ArrayData>> data;
  for (const auto& part : parts) data.push_back(part->data());
  ARROW_ASSIGN_OR_RAISE(auto merged, Merge(type, data, pool));
  return arrow::MakeArray(merged);
}

arrow::Result<std::shared_ptr<arrow::Array>> JsonToText(const Field& field,
                                                        const std::shared_ptr<arrow::Array>& array,
                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto data, ToText(field, array->data(), pool));
  return arrow::MakeArray(data);
}

}  // namespace lancea
