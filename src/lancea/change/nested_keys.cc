#include "lancea/change/nested_keys.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/builder_binary.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/exec/predicate.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

bool IsText(arrow::Type::type id) {
  return arrow::is_base_binary_like(id) || id == arrow::Type::STRING_VIEW ||
         id == arrow::Type::BINARY_VIEW;
}

bool IsLeaf(arrow::Type::type id) {
  return arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_temporal(id) ||
         arrow::is_decimal(id) || IsText(id) || id == arrow::Type::BOOL ||
         id == arrow::Type::FIXED_SIZE_BINARY;
}

void AppendLength(uint64_t length, std::string* out) {
  out->append(reinterpret_cast<const char*>(&length), sizeof(length));
}

// An array with its children at hand, so that rows can be written one at a time.
class KeyWriter {
 public:
  static arrow::Result<KeyWriter> Make(const std::shared_ptr<arrow::Array>& given,
                                       const arrow::DataType& type, arrow::MemoryPool* pool) {
    KeyWriter out;
    ARROW_ASSIGN_OR_RAISE(out.array_, AsEvaluated(given, pool));
    const arrow::DataType& own = *out.array_->type();
    if (!IsNestedKey(own)) {
      const bool is_alike = own.Equals(type) || (IsText(own.id()) && IsText(type.id()));
      if (is_alike || !IsLeaf(type.id())) return out;
      arrow::compute::ExecContext context(pool);
      ARROW_ASSIGN_OR_RAISE(out.array_,
                            arrow::compute::Cast(*out.array_, type.GetSharedPtr(),
                                                 arrow::compute::CastOptions::Safe(), &context));
      return out;
    }
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector children, ChildrenOf(*out.array_, type));
    for (size_t i = 0; i < children.size(); ++i) {
      const arrow::DataType& child_type = *type.field(static_cast<int>(i))->type();
      ARROW_ASSIGN_OR_RAISE(auto child, Make(children[i], child_type, pool));
      out.children_.push_back(std::move(child));
    }
    return out;
  }

  bool IsNull(int64_t row) const { return array_->IsNull(row); }

  void Append(int64_t row, std::string* out) const {
    const bool is_null = array_->IsNull(row);
    out->push_back(is_null ? '\0' : '\1');
    if (is_null) return;
    switch (array_->type_id()) {
      case arrow::Type::STRUCT:
        for (const KeyWriter& child : children_) child.Append(row, out);
        return;
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return AppendItems(static_cast<const arrow::ListArray&>(*array_), row, out);
      case arrow::Type::LARGE_LIST:
        return AppendItems(static_cast<const arrow::LargeListArray&>(*array_), row, out);
      case arrow::Type::FIXED_SIZE_LIST:
        return AppendItems(static_cast<const arrow::FixedSizeListArray&>(*array_), row, out);
      case arrow::Type::BOOL:
        out->push_back(static_cast<const arrow::BooleanArray&>(*array_).Value(row) ? '\1' : '\0');
        return;
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return AppendText(static_cast<const arrow::BinaryArray&>(*array_).GetView(row), out);
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return AppendText(static_cast<const arrow::LargeBinaryArray&>(*array_).GetView(row), out);
      case arrow::Type::STRING_VIEW:
      case arrow::Type::BINARY_VIEW:
        return AppendText(static_cast<const arrow::BinaryViewArray&>(*array_).GetView(row), out);
      default:
        break;
    }
    const auto width = static_cast<size_t>(array_->type()->byte_width());
    const auto* values = reinterpret_cast<const char*>(array_->data()->buffers[1]->data());
    out->append(values + static_cast<size_t>(array_->offset() + row) * width, width);
  }

 private:
  // In the order of the type's fields.
  static arrow::Result<arrow::ArrayVector> ChildrenOf(const arrow::Array& array,
                                                      const arrow::DataType& type) {
    if ((array.type_id() == arrow::Type::STRUCT) != (type.id() == arrow::Type::STRUCT) ||
        !IsNestedKey(type)) {
      return InvalidInput("keys of type ", array.type()->ToString(), " cannot be compared as ",
                          type.ToString());
    }
    switch (array.type_id()) {
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return arrow::ArrayVector{static_cast<const arrow::ListArray&>(array).values()};
      case arrow::Type::LARGE_LIST:
        return arrow::ArrayVector{static_cast<const arrow::LargeListArray&>(array).values()};
      case arrow::Type::FIXED_SIZE_LIST:
        return arrow::ArrayVector{static_cast<const arrow::FixedSizeListArray&>(array).values()};
      default:
        break;
    }
    arrow::ArrayVector children;
    for (const auto& field : type.fields()) {
      children.push_back(
          static_cast<const arrow::StructArray&>(array).GetFieldByName(field->name()));
      if (children.back() == nullptr) {
        return InvalidInput("keys of type ", array.type()->ToString(), " have no field \"",
                            field->name(), "\"");
      }
    }
    return children;
  }

  template <typename Lists>
  void AppendItems(const Lists& lists, int64_t row, std::string* out) const {
    const int64_t begin = lists.value_offset(row), length = lists.value_length(row);
    AppendLength(static_cast<uint64_t>(length), out);
    for (int64_t item = begin; item < begin + length; ++item) children_[0].Append(item, out);
  }

  static void AppendText(std::string_view text, std::string* out) {
    AppendLength(text.size(), out);
    out->append(text);
  }

  std::shared_ptr<arrow::Array> array_;
  std::vector<KeyWriter> children_;
};

// Bytes that were made here, so they are as long as they say.
class KeyText {
 public:
  explicit KeyText(std::string_view bytes) : bytes_(bytes) {}

  void Append(const std::shared_ptr<arrow::DataType>& type, std::string* out) {
    if (Take(1)[0] == '\0') return;
    if (type->id() == arrow::Type::STRUCT) {
      *out += '{';
      for (int i = 0; i < type->num_fields(); ++i) {
        if (i > 0) *out += ',';
        *out += type->field(i)->name() + ':';
        Append(type->field(i)->type(), out);
      }
      *out += '}';
    } else if (IsNestedKey(*type)) {
      *out += '[';
      const uint64_t length = TakeLength();
      for (uint64_t i = 0; i < length; ++i) {
        if (i > 0) *out += ", ";
        Append(type->field(0)->type(), out);
      }
      *out += ']';
    } else if (IsText(type->id())) {
      *out += Take(TakeLength());
    } else if (type->id() == arrow::Type::BOOL) {
      *out += Take(1)[0] == '\0' ? "false" : "true";
    } else if (type->id() == arrow::Type::EXTENSION) {
      AppendNumber(static_cast<const arrow::ExtensionType&>(*type).storage_type(), out);
    } else {
      AppendNumber(type, out);
    }
  }

 private:
  void AppendNumber(const std::shared_ptr<arrow::DataType>& type, std::string* out) {
    const auto value =
        arrow::Buffer::FromString(std::string(Take(static_cast<uint64_t>(type->byte_width()))));
    const auto array = arrow::MakeArray(arrow::ArrayData::Make(type, 1, {nullptr, value}, 0));
    auto scalar = array->GetScalar(0);
    *out += scalar.ok() ? (*scalar)->ToString() : "?";
  }

  uint64_t TakeLength() {
    uint64_t length = 0;
    std::memcpy(&length, Take(sizeof(length)).data(), sizeof(length));
    return length;
  }

  std::string_view Take(uint64_t size) {
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(out.size());
    return out;
  }

  std::string_view bytes_;
};

}  // namespace

bool IsNestedKey(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRUCT || type.id() == arrow::Type::LIST ||
         type.id() == arrow::Type::LARGE_LIST || type.id() == arrow::Type::FIXED_SIZE_LIST ||
         type.id() == arrow::Type::MAP;
}

bool IsKeyType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::EXTENSION:
      return IsKeyType(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    case arrow::Type::DICTIONARY:
      return IsKeyType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      break;
  }
  if (!IsNestedKey(type)) return IsLeaf(type.id());
  return std::ranges::all_of(type.fields(),
                             [](const auto& field) { return IsKeyType(*field->type()); });
}

arrow::Result<std::shared_ptr<arrow::Array>> NestedKeysAsBytes(
    const std::shared_ptr<arrow::Array>& keys, const arrow::DataType& type,
    arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const KeyWriter writer, KeyWriter::Make(keys, type, pool));
  arrow::LargeBinaryBuilder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(keys->length()));
  std::string bytes;
  for (int64_t row = 0; row < keys->length(); ++row) {
    if (writer.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    bytes.clear();
    writer.Append(row, &bytes);
    ARROW_RETURN_NOT_OK(builder.Append(bytes));
  }
  return builder.Finish();
}

std::string FormatNestedKey(const std::shared_ptr<arrow::DataType>& type, std::string_view bytes) {
  std::string out;
  KeyText(bytes).Append(type, &out);
  return out;
}

}  // namespace lancea
