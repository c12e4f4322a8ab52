#include "from_values.h"

#include <utility>

namespace lancea::python {

namespace nb = nanobind;

namespace {

Field FieldFromDict(const nb::dict& dict) {
  Field field;
  field.id = Get<int32_t>(dict, "id");
  field.parent_id = Get<int32_t>(dict, "parent_id");
  field.name = Get<std::string>(dict, "name");
  field.logical_type = Get<std::string>(dict, "logical_type");
  field.nullable = Get<bool>(dict, "nullable");
  field.metadata = ToStringMap(Item(dict, "metadata"));
  field.primary_key_position = Get<std::optional<int32_t>>(dict, "primary_key_position");
  field.children = GetList(dict, "children", FieldFromDict);
  return field;
}

SequenceRef SequenceFromDict(nb::handle value) {
  SequenceRef out;
  if (value.is_none()) return out;
  const nb::dict dict = nb::cast<nb::dict>(value);
  if (dict.contains("inline")) {
    out.inline_bytes = ToBytes(Item(dict, "inline"));
  } else if (dict.contains("column")) {
    out.in_hidden_column = true;
  } else {
    out.external = ExternalFile{.path = Get<std::string>(dict, "path"),
                                .offset = Get<uint64_t>(dict, "offset"),
                                .size = Get<uint64_t>(dict, "size")};
  }
  return out;
}

DeletionFile DeletionFileFromDict(const nb::dict& dict) {
  DeletionFile out;
  const std::string type = Get<std::string>(dict, "file_type");
  out.type = type == "bitmap" ? DeletionFile::Type::kBitmap : DeletionFile::Type::kArrowArray;
  out.read_version = Get<uint64_t>(dict, "read_version");
  out.id = Get<uint64_t>(dict, "id");
  out.num_deleted_rows = Get<uint64_t>(dict, "num_deleted_rows");
  out.base_id = Get<std::optional<uint32_t>>(dict, "base_id");
  return out;
}

IndexFile IndexFileFromDict(const nb::dict& dict) {
  return {.path = Get<std::string>(dict, "path"), .size_bytes = Get<uint64_t>(dict, "size_bytes")};
}

}  // namespace

nb::object Item(const nb::dict& dict, const char* key) {
  PyObject* value = PyDict_GetItemString(dict.ptr(), key);
  if (value == nullptr) throw nb::key_error(key);
  return nb::borrow(value);
}

bool Has(const nb::dict& dict, const char* key) {
  PyObject* value = PyDict_GetItemString(dict.ptr(), key);
  return value != nullptr && value != Py_None;
}

std::string ToBytes(nb::handle value) {
  if (nb::isinstance<nb::bytes>(value)) {
    const nb::bytes bytes = nb::borrow<nb::bytes>(value);
    return std::string(bytes.c_str(), bytes.size());
  }
  return nb::cast<std::string>(value);
}

std::map<std::string, std::string> ToStringMap(nb::handle dict) {
  std::map<std::string, std::string> out;
  if (dict.is_none()) return out;
  for (auto [key, value] : nb::cast<nb::dict>(dict)) {
    try {
      out[nb::cast<std::string>(key)] = ToBytes(value);
    } catch (const nb::cast_error&) {
      PyErr_Format(PyExc_TypeError, "keys and values must be text, got %R: %R", key.ptr(),
                   value.ptr());
      throw nb::python_error();
    }
  }
  return out;
}

Schema SchemaFromDict(const nb::dict& dict) {
  Schema schema;
  schema.fields = GetList(dict, "fields", FieldFromDict);
  schema.metadata = ToStringMap(Item(dict, "metadata"));
  return schema;
}

DataFile DataFileFromDict(const nb::dict& dict) {
  DataFile file;
  file.path = Get<std::string>(dict, "path");
  file.fields = Get<std::vector<int32_t>>(dict, "fields");
  file.column_indices = Get<std::vector<int32_t>>(dict, "column_indices");
  file.file_major_version = Get<uint32_t>(dict, "file_major_version");
  file.file_minor_version = Get<uint32_t>(dict, "file_minor_version");
  file.file_size_bytes = Get<std::optional<uint64_t>>(dict, "file_size_bytes").value_or(0);
  file.base_id = Get<std::optional<uint32_t>>(dict, "base_id");
  return file;
}

FragmentMetadata FragmentFromDict(const nb::dict& dict) {
  FragmentMetadata fragment;
  fragment.id = Get<uint64_t>(dict, "id");
  fragment.files = GetList(dict, "files", DataFileFromDict);
  fragment.physical_rows = Get<std::optional<uint64_t>>(dict, "physical_rows").value_or(0);
  nb::object deletion = Item(dict, "deletion_file");
  if (!deletion.is_none()) {
    fragment.deletion_file = DeletionFileFromDict(nb::cast<nb::dict>(deletion));
  }
  fragment.row_ids = SequenceFromDict(Item(dict, "row_id_meta"));
  fragment.created_at_versions = SequenceFromDict(Item(dict, "created_at_version_meta"));
  fragment.last_updated_at_versions = SequenceFromDict(Item(dict, "last_updated_at_version_meta"));
  return fragment;
}

BasePath BasePathFromDict(const nb::dict& dict) {
  return {.id = Get<std::optional<uint32_t>>(dict, "id").value_or(0),
          .name = Get<std::optional<std::string>>(dict, "name").value_or(""),
          .is_dataset_root = Get<bool>(dict, "is_dataset_root"),
          .path = Get<std::string>(dict, "path")};
}

std::vector<IndexFile> IndexFilesFromDict(const nb::dict& dict) {
  if (!Has(dict, "files")) return {};
  return GetList(dict, "files", IndexFileFromDict);
}

IndexInfo IndexFromDict(const nb::dict& dict) {
  IndexInfo index;
  index.name = Get<std::string>(dict, "name");
  index.uuid = Get<std::string>(dict, "uuid");
  index.field_ids = Get<std::vector<int32_t>>(dict, "fields");
  index.dataset_version = Get<uint64_t>(dict, "dataset_version");
  auto fragments = Get<std::optional<std::vector<uint32_t>>>(dict, "fragment_ids");
  index.has_fragment_bitmap = fragments.has_value();
  if (fragments.has_value()) index.fragment_ids = *std::move(fragments);
  index.index_version = Get<int32_t>(dict, "index_version");
  index.created_at_millis = Get<std::optional<uint64_t>>(dict, "created_at");
  index.base_id = Get<std::optional<uint32_t>>(dict, "base_id");
  index.files = IndexFilesFromDict(dict);
  index.covering_fields = Get<std::vector<int32_t>>(dict, "covering_fields");
  nb::object details = Item(dict, "index_details");
  if (!details.is_none()) {
    index.type_url = nb::cast<std::string>(details[0]);
    index.details = ToBytes(details[1]);
  } else if (Has(dict, "type_url")) {
    index.type_url = Get<std::string>(dict, "type_url");
  }
  // What pylance's Index has no attributes for.
  if (Has(dict, "has_index_version") && !Get<bool>(dict, "has_index_version") &&
      index.index_version == 0) {
    index.index_version.reset();
  }
  if (Has(dict, "clustering_id")) index.clustering_id = Get<uint32_t>(dict, "clustering_id");
  if (Has(dict, "metadata")) index.metadata = ToStringMap(Item(dict, "metadata"));
  if (Has(dict, "unknown_fields")) index.unknown_fields = ToBytes(Item(dict, "unknown_fields"));
  return index;
}

MapUpdate MapUpdateFromDict(const nb::dict& dict) {
  return {.entries = Get<std::map<std::string, std::optional<std::string>>>(dict, "updates"),
          .replace = Get<bool>(dict, "replace")};
}

}  // namespace lancea::python
