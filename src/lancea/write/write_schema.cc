#include "lancea/write/write_schema.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::array<std::string_view, 5> kSystemColumns = {
    "_rowid", "_rowaddr", "_rowoffset", "_row_last_updated_at_version", "_row_created_at_version"};

void Renumber(std::vector<Field>* fields, int32_t parent_id, int32_t* next_id) {
  for (Field& field : *fields) {
    field.id = (*next_id)++;
    field.parent_id = parent_id;
    Renumber(&field.children, field.id, next_id);
  }
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

const Field* FindByName(const std::vector<Field>& fields, const std::string& name) {
  auto found = std::find_if(fields.begin(), fields.end(),
                            [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

void ExplainFields(const std::vector<Field>& rows, const std::vector<Field>& table,
                   const std::string& path, std::vector<std::string>* differences);

void ExplainField(const Field& rows, const Field& table, const std::string& path,
                  std::vector<std::string>* differences) {
  const std::string name = path.empty() ? rows.name : path + "." + rows.name;
  // Blob v2 columns compare as a whole: rows may bring any of the struct's forms.
  if (IsBlobV2(table) && IsBlobV2(rows)) return;
  if (rows.logical_type != table.logical_type && !(IsJson(rows) && IsJson(table))) {
    differences->push_back("`" + name + "` should have type " + table.logical_type +
                           " but type was " + rows.logical_type);
  }
  std::vector<std::string> below;
  ExplainFields(rows.children, table.children, name, &below);
  if (!below.empty()) {
    differences->push_back("`" + name + "` had mismatched children: " + Join(below));
  }
}

void ExplainFields(const std::vector<Field>& rows, const std::vector<Field>& table,
                   const std::string& path, std::vector<std::string>* differences) {
  auto full_name = [&](const Field& field) {
    return path.empty() ? field.name : path + "." + field.name;
  };
  std::vector<std::string> unexpected, missing;
  for (const Field& field : rows) {
    if (FindByName(table, field.name) == nullptr) unexpected.push_back(full_name(field));
  }
  for (const Field& field : table) {
    if (!field.nullable && FindByName(rows, field.name) == nullptr) {
      missing.push_back(full_name(field));
    }
  }
  if (!unexpected.empty() || !missing.empty()) {
    differences->push_back("fields did not match, missing=[" + Join(missing) + "], unexpected=[" +
                           Join(unexpected) + "]");
  }
  for (const Field& field : table) {
    if (const Field* given = FindByName(rows, field.name)) {
      ExplainField(*given, field, path, differences);
    }
  }
}

// The fields of `table` that `rows` has too, in the table's order.
std::vector<Field> Shared(const std::vector<Field>& table, const std::vector<Field>& rows) {
  std::vector<Field> out;
  for (const Field& field : table) {
    const Field* given = FindByName(rows, field.name);
    if (given == nullptr) continue;
    out.push_back(field);
    if (!IsBlobV2(field)) out.back().children = Shared(field.children, given->children);
  }
  return out;
}

Field InDataFile(const Field& field) {
  if (IsBlobV2(field)) return AsRead(field, BlobHandling::kDescriptions);
  Field out = field;
  for (Field& child : out.children) child = InDataFile(child);
  return out;
}

}  // namespace

arrow::Result<FileFormat> ParseStorageVersion(const std::string& selector) {
  if (selector == "2.0" || selector == "0.3") return FileFormat::k2_0;
  if (selector == "2.1") return FileFormat::k2_1;
  if (selector == "2.2" || selector == "stable") return FileFormat::k2_2;
  if (selector == "2.3" || selector == "next") return FileFormat::k2_3;
  if (selector == "0.1" || selector == "legacy") {
    return Unsupported(
        "data storage version 0.1 (legacy) is read but no longer written; write 2.0 or newer");
  }
  return InvalidInput("unknown data storage version \"", selector,
                      "\"; known are 2.0, 2.1, 2.2 (stable) and 2.3 (next)");
}

const char* StorageVersionText(FileFormat format) {
  switch (format) {
    case FileFormat::k2_0:
      return "2.0";
    case FileFormat::k2_1:
      return "2.1";
    case FileFormat::k2_2:
      return "2.2";
    case FileFormat::k2_3:
      return "2.3";
  }
  return "2.2";
}

arrow::Result<Schema> SchemaOfNewTable(const arrow::Schema& rows) {
  ARROW_ASSIGN_OR_RAISE(Schema schema, FromArrow(rows));
  for (const Field& field : schema.fields) {
    if (std::find(kSystemColumns.begin(), kSystemColumns.end(), field.name) !=
        kSystemColumns.end()) {
      return InvalidInput("The column ", field.name,
                          " is a reserved name and cannot be used in a Lance dataset");
    }
  }
  int32_t next_id = 0;
  Renumber(&schema.fields, -1, &next_id);
  return schema;
}

arrow::Result<Schema> SchemaOfAppendedRows(const Schema& table, const arrow::Schema& rows) {
  ARROW_ASSIGN_OR_RAISE(const Schema given, SchemaOfNewTable(rows));
  std::vector<std::string> differences;
  ExplainFields(given.fields, table.fields, "", &differences);
  if (!differences.empty()) {
    return InvalidInput("Append with different schema: ", Join(differences));
  }
  Schema out;
  out.metadata = table.metadata;
  out.fields = Shared(table.fields, given.fields);
  return out;
}

Schema SchemaInDataFiles(const Schema& schema) {
  Schema out;
  out.metadata = schema.metadata;
  out.fields.reserve(schema.fields.size());
  for (const Field& field : schema.fields) out.fields.push_back(InDataFile(field));
  return out;
}

}  // namespace lancea
