#include "lancea/change/column_schema.h"

#include <algorithm>
#include <set>

#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/schema/field.h"
#include "lancea/schema/logical_type.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

constexpr int32_t kNewField = -1;

Field* FindByName(std::vector<Field>* fields, const std::string& name) {
  auto found = std::ranges::find(*fields, name, &Field::name);
  return found == fields->end() ? nullptr : &*found;
}

void MarkNew(Field* field) {
  field->id = kNewField;
  for (Field& child : field->children) MarkNew(&child);
}

bool IsList(const Field& field) {
  const NestedKind kind = NestedKindOf(field.logical_type);
  return kind == NestedKind::kList || kind == NestedKind::kLargeList ||
         kind == NestedKind::kFixedSizeList;
}

struct Extension {
  const std::string& storage_version;
  bool added_required = false;  ///< a new field that must have a value
};

// Put the new fields inside `given` into `present`, which has the same name.
arrow::Status ExtendField(const Field& given, Field* present, Extension* extension) {
  const bool are_structs = present->logical_type == "struct" && given.logical_type == "struct";
  if (are_structs && !IsBlobV2(*present) && !IsBlobV2(given)) {
    if (extension->storage_version < "2.2") {
      return InvalidInput(
          "Column ", present->name,
          " is a struct col, add sub column is not supported in Lance file version ",
          extension->storage_version);
    }
    if (IsPackedStruct(*present) || IsPackedStruct(given)) {
      return InvalidInput("Column ", present->name,
                          " is packed struct and already exists in the dataset");
    }
    for (const Field& child : given.children) {
      if (Field* existing = FindByName(&present->children, child.name)) {
        ARROW_RETURN_NOT_OK(ExtendField(child, existing, extension));
        continue;
      }
      extension->added_required |= !child.nullable;
      present->children.push_back(child);
      MarkNew(&present->children.back());
    }
    return arrow::Status::OK();
  }
  if (IsList(*present) && present->logical_type == given.logical_type &&
      present->children.size() == 1 && given.children.size() == 1) {
    return ExtendField(given.children[0], &present->children[0], extension);
  }
  ARROW_ASSIGN_OR_RAISE(auto present_type, ToArrow(*present));
  ARROW_ASSIGN_OR_RAISE(auto given_type, ToArrow(given));
  if (present_type->type()->Equals(given_type->type())) {
    return InvalidInput("Column ", present->name, " already exists in the dataset");
  }
  return InvalidInput("Type conflicts between ", present->name, "(",
                      LogicalTypeName(*present_type->type()), ") and ", given.name, "(",
                      LogicalTypeName(*given_type->type()), "): Column ", present->name,
                      " already exists in the dataset");
}

// Number the new fields; their ids are appended to `ids`.
void NumberNew(Field* field, int32_t parent_id, int32_t* next_id, std::vector<int32_t>* ids) {
  if (field->id == kNewField) {
    field->id = (*next_id)++;
    ids->push_back(field->id);
  }
  field->parent_id = parent_id;
  for (Field& child : field->children) NumberNew(&child, field->id, next_id, ids);
}

// Of children of blob descriptors, which have no ids of their own.
bool HasNew(const Field& before, const Field& after) {
  if (before.children.size() != after.children.size()) return true;
  for (size_t i = 0; i < before.children.size(); ++i) {
    if (HasNew(before.children[i], after.children[i])) return true;
  }
  return false;
}

arrow::Status CheckSiblings(const std::vector<Field>& fields) {
  std::set<std::string> names;
  for (const Field& field : fields) {
    if (field.name.empty()) return InvalidInput("a column needs a name, got \"\"");
    if (!names.insert(field.name).second) {
      return InvalidInput("Duplicate field name \"", field.name, "\" in schema");
    }
    ARROW_RETURN_NOT_OK(CheckSiblings(field.children));
  }
  return arrow::Status::OK();
}

// Remove the field with this id; structs that get empty go too. \return true if it was there
bool Remove(std::vector<Field>* fields, int32_t id) {
  for (auto field = fields->begin(); field != fields->end(); ++field) {
    if (field->id == id) {
      fields->erase(field);
      return true;
    }
    if (!Remove(&field->children, id)) continue;
    if (field->children.empty()) fields->erase(field);
    return true;
  }
  return false;
}

}  // namespace

std::string LogicalTypeName(const arrow::DataType& type) {
  auto inside = [&](const char* name) {
    return std::string(name) + "(" + LogicalTypeName(*type.field(0)->type()) + ")";
  };
  switch (type.id()) {
    case arrow::Type::NA:
      return "Null";
    case arrow::Type::BOOL:
      return "Boolean";
    case arrow::Type::INT8:
      return "Int8";
    case arrow::Type::INT16:
      return "Int16";
    case arrow::Type::INT32:
      return "Int32";
    case arrow::Type::INT64:
      return "Int64";
    case arrow::Type::UINT8:
      return "UInt8";
    case arrow::Type::UINT16:
      return "UInt16";
    case arrow::Type::UINT32:
      return "UInt32";
    case arrow::Type::UINT64:
      return "UInt64";
    case arrow::Type::HALF_FLOAT:
      return "Float16";
    case arrow::Type::FLOAT:
      return "Float32";
    case arrow::Type::DOUBLE:
      return "Float64";
    case arrow::Type::STRING:
      return "Utf8";
    case arrow::Type::LARGE_STRING:
      return "LargeUtf8";
    case arrow::Type::BINARY:
      return "Binary";
    case arrow::Type::LARGE_BINARY:
      return "LargeBinary";
    case arrow::Type::DATE32:
      return "Date32";
    case arrow::Type::DATE64:
      return "Date64";
    case arrow::Type::LIST:
      return inside("List");
    case arrow::Type::LARGE_LIST:
      return inside("LargeList");
    case arrow::Type::FIXED_SIZE_LIST:
      return "FixedSizeList(" + LogicalTypeName(*type.field(0)->type()) + ", " +
             std::to_string(static_cast<const arrow::FixedSizeListType&>(type).list_size()) + ")";
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
      return "Dictionary(" + LogicalTypeName(*dictionary.index_type()) + ", " +
             LogicalTypeName(*dictionary.value_type()) + ")";
    }
    default:
      return type.ToString();
  }
}

int32_t NextFieldId(const Dataset& dataset) {
  const Manifest& manifest = *dataset.impl().manifest;
  return std::max(manifest.max_field_id(), manifest.max_allocated_field_id.value_or(-1)) + 1;
}

void GiveIds(Field* field, int32_t parent_id, int32_t* next_id) {
  field->id = (*next_id)++;
  field->parent_id = parent_id;
  for (Field& child : field->children) GiveIds(&child, field->id, next_id);
}

arrow::Status CheckNames(const Schema& schema) {
  for (const Field& field : schema.fields) {
    if (field.name.find('.') != std::string::npos) {
      return InvalidInput("Top level field ", field.name,
                          " cannot contain `.`. Maybe you meant to create a struct field?");
    }
  }
  return CheckSiblings(schema.fields);
}

arrow::Result<ExtendedSchema> Extend(const Dataset& dataset, const arrow::Schema& columns) {
  ARROW_ASSIGN_OR_RAISE(Schema given, SchemaOfNewTable(columns));
  ARROW_RETURN_NOT_OK(CheckNames(given));
  ExtendedSchema out;
  out.schema = dataset.lance_schema();
  for (const Field& field : given.fields) {
    if (Field* present = FindByName(&out.schema.fields, field.name)) {
      const Field before = *present;
      Extension extension{dataset.data_storage_version()};
      ARROW_RETURN_NOT_OK(ExtendField(field, present, &extension));
      if (extension.added_required || (!present->nullable && HasNew(before, *present))) {
        out.preserves_nullability = false;
      }
    } else {
      out.preserves_nullability &= field.nullable;
      out.schema.fields.push_back(field);
      MarkNew(&out.schema.fields.back());
    }
  }
  int32_t next_id = NextFieldId(dataset);
  std::vector<int32_t> ids;
  for (Field& field : out.schema.fields) NumberNew(&field, -1, &next_id, &ids);
  for (const auto& [key, value] : given.metadata) out.schema.metadata.emplace(key, value);
  if (!ids.empty()) out.written = ProjectByIds(out.schema, ids);
  return out;
}

arrow::Result<Schema> WithoutColumns(const Dataset& dataset,
                                     const std::vector<std::string>& columns) {
  Schema out = dataset.lance_schema();
  for (const std::string& column : columns) {
    auto path = ResolvePath(dataset.lance_schema(), column);
    if (!path.ok()) return InvalidInput("Column ", column, " does not exist in the dataset");
    for (size_t i = 0; i + 1 < path->size(); ++i) {
      const Field& ancestor = *(*path)[i];
      if (ancestor.logical_type == "map" || IsBlob(ancestor) || IsPackedStruct(ancestor)) {
        return InvalidInput("Column ", column, " cannot be dropped by itself: \"", ancestor.name,
                            "\" is stored as one column");
      }
    }
    // One that is named twice, or inside another that is dropped, is gone already.
    Remove(&out.fields, path->back()->id);
  }
  if (out.fields.empty()) return InvalidInput("Cannot drop all columns from a dataset");
  return out;
}

}  // namespace lancea
