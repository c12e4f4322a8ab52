// Functions over JSON documents, which are JSONB in large_binary. Null documents and paths give null, and
// so does a path that leads nowhere.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_nested.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/json_path.h"
#include "lancea/expr/kernels/json_value.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/expr/kernels/text_parse.h"
#include "lancea/util/errors.h"
#include "lancea/util/jsonb_encode.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;
using Kind = JsonValue::Kind;

arrow::Result<JsonValue> DocumentAt(const TextArgument& documents, int64_t row) {
  const std::string_view bytes = documents[row];
  return JsonValue::Document({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// Paths, parsed once when there is one for all rows.
class PathArgument {
 public:
  explicit PathArgument(const arrow::compute::ExecValue& value) : text_(value) {}
  bool valid(int64_t row) const { return text_.valid(row); }
  arrow::Result<const JsonPath*> operator[](int64_t row) {
    if (!path_.has_value() || !text_.is_constant()) {
      ARROW_ASSIGN_OR_RAISE(path_, JsonPath::Parse(text_[row]));
    }
    return &*path_;
  }

 private:
  TextArgument text_;
  std::optional<JsonPath> path_;
};

// What the path leads to as one document; several values together as an array.
arrow::Result<std::optional<std::string>> Extract(const JsonValue& document, const JsonPath& path) {
  ARROW_ASSIGN_OR_RAISE(auto values, path.Select(document));
  if (values.empty()) return std::nullopt;
  if (values.size() == 1) return values[0].ToJsonb();
  return MakeJsonbArray(values);
}

arrow::Result<JsonValue> DocumentOf(const std::string& jsonb) {
  return JsonValue::Document({reinterpret_cast<const uint8_t*>(jsonb.data()), jsonb.size()});
}

// append(builder, values) for the values a path leads to, per row.
template <typename Builder, auto append>
arrow::Status RunPath(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument documents(batch[0]);
  PathArgument paths(batch[1]);
  Builder builder(context->memory_pool());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!documents.valid(row) || !paths.valid(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(JsonValue document, DocumentAt(documents, row));
    ARROW_ASSIGN_OR_RAISE(const JsonPath* path, paths[row]);
    ARROW_ASSIGN_OR_RAISE(auto values, path->Select(document));
    ARROW_RETURN_NOT_OK(append(&builder, values));
  }
  return FinishInto(&builder, out);
}

using Values = std::vector<JsonValue>;

arrow::Status AppendText(arrow::StringBuilder* builder, const Values& values) {
  if (values.empty()) return builder->AppendNull();
  if (values.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(std::string text, values[0].ToText());
    return builder->Append(text);
  }
  const std::string array = MakeJsonbArray(values);
  ARROW_ASSIGN_OR_RAISE(JsonValue value, DocumentOf(array));
  ARROW_ASSIGN_OR_RAISE(std::string text, value.ToText());
  return builder->Append(text);
}

arrow::Status AppendExists(arrow::BooleanBuilder* builder, const Values& values) {
  return builder->Append(!values.empty());
}

// What is no array has no elements.
arrow::Status AppendLength(arrow::Int64Builder* builder, const Values& values) {
  if (values.empty()) return builder->AppendNull();
  if (values[0].kind() != Kind::kArray) return builder->Append(0);
  ARROW_ASSIGN_OR_RAISE(auto elements, values[0].Children());
  return builder->Append(static_cast<int64_t>(elements.size()));
}

// json_array_contains(document, path, text): an element whose JSON is `text`, or a string of it.
arrow::Status RunArrayContains(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument documents(batch[0]);
  PathArgument paths(batch[1]);
  const TextArgument wanted(batch[2]);
  arrow::BooleanBuilder builder(context->memory_pool());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!documents.valid(row) || !paths.valid(row) || !wanted.valid(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(JsonValue document, DocumentAt(documents, row));
    ARROW_ASSIGN_OR_RAISE(const JsonPath* path, paths[row]);
    ARROW_ASSIGN_OR_RAISE(auto values, path->Select(document));
    const std::string text(wanted[row]);
    bool found = false;
    for (const JsonValue& value : values) {
      if (value.kind() != Kind::kArray) continue;
      ARROW_ASSIGN_OR_RAISE(auto elements, value.Children());
      for (const JsonValue& element : elements) {
        ARROW_ASSIGN_OR_RAISE(std::string json, element.ToText());
        found = found || json == text || json == "\"" + text + "\"";
      }
    }
    ARROW_RETURN_NOT_OK(builder.Append(found));
  }
  return FinishInto(&builder, out);
}

// The field of an object, or the element of an array whose number the key is.
arrow::Result<std::optional<JsonValue>> Get(const JsonValue& document, std::string_view key) {
  if (document.kind() != Kind::kArray) return document.Field(key);
  const auto index = ParseUint64(key);
  ARROW_ASSIGN_OR_RAISE(auto elements, document.Children());
  if (!index.has_value() || *index >= elements.size()) return std::nullopt;
  return elements[*index];
}

arrow::Status CannotConvert(const JsonValue& value, const char* what) {
  ARROW_ASSIGN_OR_RAISE(std::string text, value.ToText());
  return InvalidInput("Failed to convert to ", what, ": JSON ", text.substr(0, 100));
}

arrow::Status AppendDocument(arrow::LargeBinaryBuilder* builder, const JsonValue& value) {
  return builder->Append(value.ToJsonb());
}

arrow::Status AppendString(arrow::StringBuilder* builder, const JsonValue& value) {
  if (value.kind() == Kind::kString) return builder->Append(value.text());
  if (value.kind() == Kind::kArray || value.kind() == Kind::kObject) {
    return CannotConvert(value, "string");
  }
  ARROW_ASSIGN_OR_RAISE(std::string text, value.ToText());
  return builder->Append(text);
}

arrow::Result<std::optional<double>> NumberOf(const JsonValue& value) {
  if (value.kind() == Kind::kBoolean) return value.boolean() ? 1.0 : 0.0;
  if (value.kind() == Kind::kString) return ParseDouble(value.text());
  if (value.kind() != Kind::kNumber) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(std::string text, value.ToText());
  return text == "null" ? std::nan("") : ParseDouble(text);
}

// Fractions are rounded, halves away from zero.
arrow::Status AppendInt(arrow::Int64Builder* builder, const JsonValue& value) {
  std::optional<int64_t> whole;
  if (value.kind() == Kind::kString) {
    whole = ParseInt64(value.text());
  } else if (value.kind() == Kind::kNumber) {
    ARROW_ASSIGN_OR_RAISE(std::string text, value.ToText());
    whole = ParseInt64(text);
  }
  if (!whole.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto number, NumberOf(value));
    if (number.has_value() && std::abs(std::round(*number)) < 0x1p63) {
      whole = static_cast<int64_t>(std::round(*number));
    }
  }
  return whole.has_value() ? builder->Append(*whole) : CannotConvert(value, "integer");
}

arrow::Status AppendFloat(arrow::DoubleBuilder* builder, const JsonValue& value) {
  ARROW_ASSIGN_OR_RAISE(auto number, NumberOf(value));
  return number.has_value() ? builder->Append(*number) : CannotConvert(value, "float");
}

arrow::Status AppendBool(arrow::BooleanBuilder* builder, const JsonValue& value) {
  if (value.kind() == Kind::kBoolean) return builder->Append(value.boolean());
  if (value.kind() == Kind::kString) {
    std::string text(value.text());
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (text == "true" || text == "yes") return builder->Append(true);
    if (text == "false" || text == "no") return builder->Append(false);
  }
  return CannotConvert(value, "boolean");
}

// json_get…(document, key): JSON null is null too.
template <typename Builder, auto append, bool keeps_null = false>
arrow::Status RunGet(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument documents(batch[0]);
  const TextArgument keys(batch[1]);
  Builder builder(context->memory_pool());
  for (int64_t row = 0; row < batch.length; ++row) {
    std::optional<JsonValue> value;
    if (documents.valid(row) && keys.valid(row)) {
      ARROW_ASSIGN_OR_RAISE(JsonValue document, DocumentAt(documents, row));
      ARROW_ASSIGN_OR_RAISE(value, Get(document, keys[row]));
    }
    if (!value.has_value() || (value->kind() == Kind::kNull && !keeps_null)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(append(&builder, *value));
    }
  }
  return FinishInto(&builder, out);
}

// json_extract_with_type: the value, and 0 null, 1 boolean, 2 integer, 3 float, 4 string, 5 array,
// 6 object.
arrow::Result<uint8_t> TypeTag(const JsonValue& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return 0;
    case Kind::kBoolean:
      return 1;
    case Kind::kNumber: {
      ARROW_ASSIGN_OR_RAISE(std::string text, value.ToText());
      return ParseInt64(text).has_value() ? 2 : 3;
    }
    case Kind::kString:
      return 4;
    case Kind::kArray:
      return 5;
    default:
      return 6;
  }
}

TypePointer TypedValueType() {
  return arrow::struct_({arrow::field("value", arrow::large_binary()),
                         arrow::field("type_tag", arrow::uint8(), /*nullable=*/false)});
}

arrow::Status RunExtractWithType(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument documents(batch[0]);
  PathArgument paths(batch[1]);
  auto values = std::make_shared<arrow::LargeBinaryBuilder>(context->memory_pool());
  auto tags = std::make_shared<arrow::UInt8Builder>(context->memory_pool());
  arrow::StructBuilder builder(TypedValueType(), context->memory_pool(), {values, tags});
  for (int64_t row = 0; row < batch.length; ++row) {
    std::optional<std::string> found;
    uint8_t tag = 0;
    if (documents.valid(row) && paths.valid(row)) {
      ARROW_ASSIGN_OR_RAISE(JsonValue document, DocumentAt(documents, row));
      ARROW_ASSIGN_OR_RAISE(const JsonPath* path, paths[row]);
      ARROW_ASSIGN_OR_RAISE(found, Extract(document, *path));
      if (found.has_value()) {
        ARROW_ASSIGN_OR_RAISE(JsonValue value, DocumentOf(*found));
        ARROW_ASSIGN_OR_RAISE(tag, TypeTag(value));
      }
    }
    ARROW_RETURN_NOT_OK(builder.Append());
    ARROW_RETURN_NOT_OK(tags->Append(tag));
    ARROW_RETURN_NOT_OK(found.has_value() ? values->Append(*found) : values->AppendNull());
  }
  return FinishInto(&builder, out);
}

// Text of JSON -> JSONB, for columns that hold text.
arrow::Status RunFromText(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument texts(batch[0]);
  arrow::LargeBinaryBuilder builder(context->memory_pool());
  std::string jsonb;
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!texts.valid(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    jsonb.clear();
    ARROW_RETURN_NOT_OK(AppendJsonb(texts[row], &jsonb));
    ARROW_RETURN_NOT_OK(builder.Append(jsonb));
  }
  return FinishInto(&builder, out);
}

}  // namespace

arrow::Status AddJson(arrow::compute::FunctionRegistry* registry) {
  using arrow::BooleanBuilder;
  using arrow::DoubleBuilder;
  using arrow::Int64Builder;
  using arrow::LargeBinaryBuilder;
  using arrow::StringBuilder;
  const RowFunction functions[] = {
      {.name = "lancea_json_extract",
       .type = Always(arrow::utf8()),
       .run = RunPath<StringBuilder, AppendText>,
       .num_arguments = 2},
      {.name = "lancea_json_exists",
       .type = Always(arrow::boolean()),
       .run = RunPath<BooleanBuilder, AppendExists>,
       .num_arguments = 2},
      {.name = "lancea_json_array_length",
       .type = Always(arrow::int64()),
       .run = RunPath<Int64Builder, AppendLength>,
       .num_arguments = 2},
      {.name = "lancea_json_array_contains",
       .type = Always(arrow::boolean()),
       .run = RunArrayContains,
       .num_arguments = 3},
      {.name = "lancea_json_extract_with_type",
       .type = Always(TypedValueType()),
       .run = RunExtractWithType,
       .num_arguments = 2},
      {.name = "lancea_json_get",
       .type = Always(arrow::large_binary()),
       .run = RunGet<LargeBinaryBuilder, AppendDocument, true>,
       .num_arguments = 2},
      {.name = "lancea_json_get_string",
       .type = Always(arrow::utf8()),
       .run = RunGet<StringBuilder, AppendString>,
       .num_arguments = 2},
      {.name = "lancea_json_get_int",
       .type = Always(arrow::int64()),
       .run = RunGet<Int64Builder, AppendInt>,
       .num_arguments = 2},
      {.name = "lancea_json_get_float",
       .type = Always(arrow::float64()),
       .run = RunGet<DoubleBuilder, AppendFloat>,
       .num_arguments = 2},
      {.name = "lancea_json_get_bool",
       .type = Always(arrow::boolean()),
       .run = RunGet<BooleanBuilder, AppendBool>,
       .num_arguments = 2},
      {.name = "lancea_json_from_text",
       .type = Always(arrow::large_binary()),
       .run = RunFromText,
       .num_arguments = 1},
  };
  for (const RowFunction& function : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, function));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
