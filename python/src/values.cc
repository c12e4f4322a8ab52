#include "values.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace lancea::python {

namespace nb = nanobind;

namespace {

nb::object Text(const std::string& text) {
  // Metadata values are bytes in the format; text wherever they are UTF-8.
  PyObject* decoded =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
  if (decoded != nullptr) return nb::steal(decoded);
  PyErr_Clear();
  return nb::bytes(text.data(), text.size());
}

nb::object Sequence(const SequenceRef& ref) {
  nb::dict out;
  if (ref.inline_bytes.has_value()) {
    out["inline"] = nb::bytes(ref.inline_bytes->data(), ref.inline_bytes->size());
  } else if (ref.external.has_value()) {
    out["path"] = ref.external->path;
    out["offset"] = ref.external->offset;
    out["size"] = ref.external->size;
  } else if (ref.in_hidden_column) {
    out["column"] = true;
  } else {
    return nb::none();
  }
  return out;
}

template <typename T>
nb::object OrNone(const std::optional<T>& value) {
  return value.has_value() ? nb::cast(*value) : nb::none();
}

}  // namespace

nb::dict ToDict(const std::map<std::string, std::string>& map) {
  nb::dict out;
  for (const auto& [key, value] : map) out[nb::str(key.c_str(), key.size())] = Text(value);
  return out;
}

nb::dict ToDict(const Field& field) {
  nb::dict out;
  out["name"] = field.name;
  out["id"] = field.id;
  out["parent_id"] = field.parent_id;
  out["logical_type"] = field.logical_type;
  out["nullable"] = field.nullable;
  out["metadata"] = ToDict(field.metadata);
  out["primary_key_position"] = OrNone(field.primary_key_position);
  nb::list children;
  for (const Field& child : field.children) children.append(ToDict(child));
  out["children"] = children;
  return out;
}

nb::dict ToDict(const Schema& schema) {
  nb::dict out;
  nb::list fields;
  for (const Field& field : schema.fields) fields.append(ToDict(field));
  out["fields"] = fields;
  out["metadata"] = ToDict(schema.metadata);
  return out;
}

nb::dict ToDict(const DataFile& file) {
  nb::dict out;
  out["path"] = file.path;
  out["fields"] = file.fields;
  out["column_indices"] = file.column_indices;
  out["file_major_version"] = file.file_major_version;
  out["file_minor_version"] = file.file_minor_version;
  out["file_size_bytes"] = file.file_size_bytes == 0 ? nb::none() : nb::cast(file.file_size_bytes);
  out["base_id"] = OrNone(file.base_id);
  return out;
}

nb::dict ToDict(const DeletionFile& file, uint64_t fragment_id) {
  nb::dict out;
  out["read_version"] = file.read_version;
  out["id"] = file.id;
  out["file_type"] = file.type == DeletionFile::Type::kArrowArray ? "array" : "bitmap";
  out["num_deleted_rows"] = file.num_deleted_rows;
  out["base_id"] = OrNone(file.base_id);
  out["path"] = file.Path(fragment_id);
  return out;
}

nb::dict ToDict(const FragmentMetadata& fragment) {
  nb::dict out;
  out["id"] = fragment.id;
  nb::list files;
  for (const DataFile& file : fragment.files) files.append(ToDict(file));
  out["files"] = files;
  out["physical_rows"] = fragment.physical_rows;
  out["deletion_file"] = fragment.deletion_file
                             ? nb::object(ToDict(*fragment.deletion_file, fragment.id))
                             : nb::none();
  out["row_id_meta"] = Sequence(fragment.row_ids);
  out["created_at_version_meta"] = Sequence(fragment.created_at_versions);
  out["last_updated_at_version_meta"] = Sequence(fragment.last_updated_at_versions);
  return out;
}

nb::dict ToDict(const VersionInfo& version) {
  nb::dict out;
  out["version"] = version.version;
  out["timestamp_nanos"] = version.timestamp_nanos;
  out["metadata"] = ToDict(version.metadata);
  return out;
}

nb::dict ToDict(const TagInfo& tag) {
  nb::dict out;
  out["branch"] = OrNone(tag.branch);
  out["version"] = tag.version;
  out["created_at"] = OrNone(tag.created_at);
  out["updated_at"] = OrNone(tag.updated_at);
  out["manifest_size"] = tag.manifest_size;
  out["metadata"] = ToDict(tag.metadata);
  return out;
}

nb::dict ToDict(const BranchInfo& branch) {
  nb::dict out;
  out["parent_branch"] = OrNone(branch.parent_branch);
  out["parent_version"] = branch.parent_version;
  out["create_at"] = branch.created_at_seconds;
  out["manifest_size"] = branch.manifest_size;
  out["metadata"] = ToDict(branch.metadata);
  out["branch_identifier"] = nb::cast(branch.lineage);
  return out;
}

nb::dict ToDict(const IndexInfo& index) {
  nb::dict out;
  out["name"] = index.name;
  out["uuid"] = index.uuid;
  out["type_url"] = index.type_url;
  out["field_ids"] = index.field_ids;
  out["version"] = index.dataset_version;
  out["fragment_ids"] = index.fragment_ids;
  return out;
}

nb::dict ToDict(const BasePath& base) {
  nb::dict out;
  out["id"] = base.id;
  out["name"] = base.name;
  out["is_dataset_root"] = base.is_dataset_root;
  out["path"] = base.path;
  return out;
}

}  // namespace lancea::python
