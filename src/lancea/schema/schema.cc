#include "lancea/schema.h"

#include <charconv>
#include <unordered_set>
#include <utility>

#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/key_value_metadata.h"
#include "lancea/schema/field.h"
#include "lancea/schema/logical_type.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr char kFieldIdKey[] = "lance:field_id";
constexpr char kPrimaryKey[] = "lance-schema:unenforced-primary-key";
constexpr char kPrimaryKeyPosition[] = "lance-schema:unenforced-primary-key:position";

std::shared_ptr<const arrow::KeyValueMetadata> ToArrowMetadata(
    const std::map<std::string, std::string>& metadata) {
  if (metadata.empty()) return nullptr;
  auto out = std::make_shared<arrow::KeyValueMetadata>();
  out->reserve(static_cast<int64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) out->Append(key, value);
  return out;
}

std::map<std::string, std::string> FromArrowMetadata(
    const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) {
  std::map<std::string, std::string> out;
  if (metadata == nullptr) return out;
  for (int64_t i = 0; i < metadata->size(); ++i) out[metadata->key(i)] = metadata->value(i);
  return out;
}

arrow::Result<std::shared_ptr<arrow::Field>> FieldToArrow(const Field& field, int depth);

arrow::Result<std::shared_ptr<arrow::DataType>> TypeToArrow(const Field& field, int depth) {
  NestedKind kind = NestedKindOf(field.logical_type);
  if (kind == NestedKind::kNone) return ParseLogicalType(field.logical_type);
  if (depth >= kMaxSchemaDepth) return Corrupt("nested deeper than ", kMaxSchemaDepth, " levels");
  if (kind != NestedKind::kStruct && field.children.size() != 1) {
    return Corrupt("logical type \"", field.logical_type, "\" needs one child field, found ",
                   field.children.size());
  }
  std::vector<std::shared_ptr<arrow::Field>> children;
  children.reserve(field.children.size());
  for (const Field& child : field.children) {
    ARROW_ASSIGN_OR_RAISE(auto arrow_child, FieldToArrow(child, depth + 1));
    children.push_back(std::move(arrow_child));
  }
  switch (kind) {
    case NestedKind::kList:
      return arrow::list(children[0]);
    case NestedKind::kLargeList:
      return arrow::large_list(children[0]);
    case NestedKind::kFixedSizeList: {
      ARROW_ASSIGN_OR_RAISE(int32_t dimension, FixedSizeListDimension(field.logical_type));
      return arrow::fixed_size_list(children[0], dimension);
    }
    case NestedKind::kMap: {
      auto map = arrow::MapType::Make(children[0], /*keys_sorted=*/false);
      if (!map.ok()) return Corrupt("map: ", map.status().message());
      return map;
    }
    default:
      return arrow::struct_(std::move(children));
  }
}

arrow::Result<std::shared_ptr<arrow::Field>> FieldToArrow(const Field& field, int depth) {
  auto type = TypeToArrow(field, depth);
  if (!type.ok()) return Prefix(type.status(), "field \"" + field.name + "\"");
  if (field.logical_type != "blob" && field.logical_type != "json") {
    return arrow::field(field.name, *std::move(type), field.nullable,
                        ToArrowMetadata(field.metadata));
  }
  // Logical types that say more than their storage put it into metadata.
  std::map<std::string, std::string> metadata = field.metadata;
  if (field.logical_type == "blob") metadata.emplace(kBlobKey, "true");
  if (field.logical_type == "json") metadata[kExtensionNameKey] = kLanceJsonExtension;
  return arrow::field(field.name, *std::move(type), field.nullable, ToArrowMetadata(metadata));
}

bool IsTextOrBinary(arrow::Type::type id) { return arrow::is_base_binary_like(id); }

/// The page encoding that 0.1 files use for a type; newer writers still record it.
int32_t LegacyEncodingOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
    case arrow::Type::STRUCT:
      return lance::file::NONE;
    case arrow::Type::DICTIONARY:
      return lance::file::DICTIONARY;
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return lance::file::VAR_BINARY;
    default:
      return IsTextOrBinary(type.id()) ? lance::file::VAR_BINARY : lance::file::PLAIN;
  }
}

template <typename Integer>
std::optional<Integer> ParseWhole(const std::string& text) {
  Integer value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int32_t> PrimaryKeyPosition(const Field& field) {
  auto position = ParseWhole<int32_t>(MetadataValue(field, kPrimaryKeyPosition));
  if (position && *position >= 0) return position;
  std::string flag = MetadataValue(field, kPrimaryKey);
  for (char& c : flag) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* truth : {"1", "true", "on", "yes", "y"}) {
    if (flag == truth) return 0;
  }
  return std::nullopt;
}

arrow::Result<Field> FieldFromArrow(const arrow::Field& arrow_field, int depth) {
  if (depth >= kMaxSchemaDepth) {
    return InvalidInput("field \"", arrow_field.name(), "\" is nested deeper than ",
                        kMaxSchemaDepth, " levels");
  }
  Field field;
  field.name = arrow_field.name();
  field.nullable = arrow_field.nullable();
  field.metadata = FromArrowMetadata(arrow_field.metadata());
  std::shared_ptr<arrow::DataType> type = arrow_field.type();
  while (type->id() == arrow::Type::EXTENSION) {
    const auto& extension = static_cast<const arrow::ExtensionType&>(*type);
    field.metadata[kExtensionNameKey] = extension.extension_name();
    field.metadata[kExtensionMetadataKey] = extension.Serialize();
    type = extension.storage_type();
  }
  if (auto id = field.metadata.find(kFieldIdKey); id != field.metadata.end()) {
    std::optional<int32_t> value = ParseWhole<int32_t>(id->second);
    if (!value) {
      return InvalidInput("field \"", field.name, "\": ", kFieldIdKey, " is not a number: \"",
                          id->second, "\"");
    }
    field.id = std::max(*value, -1);
    field.metadata.erase(id);
  }
  field.primary_key_position = PrimaryKeyPosition(field);
  field.legacy_encoding = LegacyEncodingOf(*type);
  const std::string& extension = MetadataValue(field, kExtensionNameKey);
  if (IsTextOrBinary(type->id()) &&
      (extension == kArrowJsonExtension || extension == kLanceJsonExtension)) {
    field.metadata[kExtensionNameKey] = kLanceJsonExtension;
    field.logical_type = "json";
    return field;
  }
  auto logical_type = FormatLogicalType(*type);
  if (!logical_type.ok()) {
    return Prefix(logical_type.status(), "field \"" + field.name + "\"");
  }
  field.logical_type = *std::move(logical_type);
  if (NestedKindOf(field.logical_type) == NestedKind::kNone) return field;
  for (const auto& arrow_child : type->fields()) {
    ARROW_ASSIGN_OR_RAISE(Field child, FieldFromArrow(*arrow_child, depth + 1));
    field.children.push_back(std::move(child));
  }
  return field;
}

arrow::Status AssignIds(std::vector<Field>& fields, int32_t parent_id, int64_t* next_id) {
  for (Field& field : fields) {
    field.parent_id = parent_id;
    if (field.id < 0) {
      if (*next_id > INT32_MAX) return InvalidInput("no field id is left");
      field.id = static_cast<int32_t>((*next_id)++);
    }
    ARROW_RETURN_NOT_OK(AssignIds(field.children, field.id, next_id));
  }
  return arrow::Status::OK();
}

arrow::Status CheckNamesAndIds(const Schema& schema) {
  std::unordered_set<std::string_view> names;
  for (const Field& field : schema.fields) {
    if (field.name.find('.') != std::string::npos) {
      return InvalidInput("column \"", field.name, "\": a top-level name cannot hold '.'");
    }
    if (!names.insert(field.name).second) {
      return InvalidInput("column \"", field.name, "\" appears twice");
    }
  }
  std::unordered_set<int32_t> ids;
  arrow::Status status;
  VisitFields(schema.fields, [&](const Field& field) {
    if (!ids.insert(field.id).second) status = InvalidInput("field id ", field.id, " given twice");
  });
  return status;
}

const Field* FindIn(const std::vector<Field>& fields, int32_t id) {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
    if (const Field* found = FindIn(field.children, id)) return found;
  }
  return nullptr;
}

}  // namespace

const Field* Schema::FindById(int32_t id) const { return id == -1 ? nullptr : FindIn(fields, id); }

int32_t Schema::max_field_id() const {
  int32_t largest = -1;
  VisitFields(fields, [&](const Field& field) { largest = std::max(largest, field.id); });
  return largest;
}

arrow::Result<std::shared_ptr<arrow::Field>> ToArrow(const Field& field) {
  return FieldToArrow(field, 0);
}

arrow::Result<std::shared_ptr<arrow::Schema>> ToArrow(const Schema& schema) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  fields.reserve(schema.fields.size());
  for (const Field& field : schema.fields) {
    ARROW_ASSIGN_OR_RAISE(auto arrow_field, FieldToArrow(field, 0));
    fields.push_back(std::move(arrow_field));
  }
  return arrow::schema(std::move(fields), ToArrowMetadata(schema.metadata));
}

arrow::Result<Schema> FromArrow(const arrow::Schema& arrow_schema) {
  Schema schema;
  schema.metadata = FromArrowMetadata(arrow_schema.metadata());
  schema.fields.reserve(arrow_schema.num_fields());
  for (const auto& arrow_field : arrow_schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(Field field, FieldFromArrow(*arrow_field, 0));
    schema.fields.push_back(std::move(field));
  }
  int64_t next_id = int64_t{schema.max_field_id()} + 1;
  ARROW_RETURN_NOT_OK(AssignIds(schema.fields, -1, &next_id));
  ARROW_RETURN_NOT_OK(CheckNamesAndIds(schema));
  return schema;
}

}  // namespace lancea
