#include "lancea/table/fragment.h"

#include <limits>
#include <unordered_map>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxRowsPerFragment = uint64_t{1} << 32;

arrow::Status ValidateDataFile(const DataFile& file) {
  auto corrupt = [&](const char* why) { return Corrupt("data file \"", file.path, "\": ", why); };
  if (!IsSafeRelativePath(file.path)) return corrupt("the path leaves its directory");
  if (!IsLegacyFile(file)) {
    // More columns than fields are allowed: a field may own several.
    if (file.column_indices.size() < file.fields.size()) {
      return corrupt("fewer column indices than fields");
    }
    return arrow::Status::OK();
  }
  int32_t previous = -1;
  for (int32_t id : file.fields) {
    if (id < 0) continue;
    if (id <= previous) return corrupt("field ids of a 0.1 file are not sorted");
    previous = id;
  }
  return arrow::Status::OK();
}

DataFile DataFileFromProto(const lance::table::DataFile& proto) {
  DataFile file;
  file.path = proto.path();
  file.fields.assign(proto.fields().begin(), proto.fields().end());
  file.column_indices.assign(proto.column_indices().begin(), proto.column_indices().end());
  file.file_major_version = proto.file_major_version();
  file.file_minor_version = proto.file_minor_version();
  file.file_size_bytes = proto.file_size_bytes();
  if (proto.has_base_id()) file.base_id = proto.base_id();
  return file;
}

ExternalFile ExternalFromProto(const lance::table::ExternalFile& proto) {
  return {proto.path(), proto.offset(), proto.size()};
}

void ExternalToProto(const ExternalFile& external, lance::table::ExternalFile* proto) {
  proto->set_path(external.path);
  proto->set_offset(external.offset);
  proto->set_size(external.size);
}

arrow::Status ValidateSequence(const SequenceRef& sequence) {
  if (sequence.external && !IsSafeRelativePath(sequence.external->path)) {
    return Corrupt("sequence file \"", sequence.external->path, "\" leaves its directory");
  }
  return arrow::Status::OK();
}

/// The field with what of it `columns` (field id -> column index) covers.
std::optional<Field> FieldOfDataFile(const Field& field,
                                     const std::unordered_map<int32_t, int32_t>& columns,
                                     bool has_headers) {
  bool has_column = columns.contains(field.id);
  if (IsBlob(field) || IsPackedStruct(field) || field.children.empty()) {
    return has_column ? std::optional<Field>(field) : std::nullopt;
  }
  std::vector<Field> children;
  for (const Field& child : field.children) {
    if (auto stored = FieldOfDataFile(child, columns, has_headers)) {
      children.push_back(*std::move(stored));
    }
  }
  if (children.empty() && !(has_headers && has_column)) return std::nullopt;
  Field copy = field;
  copy.children = std::move(children);
  return copy;
}

}  // namespace

std::string DeletionFile::Path(uint64_t fragment_id) const {
  return "_deletions/" + std::to_string(fragment_id) + "-" + std::to_string(read_version) + "-" +
         std::to_string(id) + (type == Type::kArrowArray ? ".arrow" : ".bin");
}

bool IsLegacyFile(const DataFile& file) {
  return file.file_major_version == 0 && file.file_minor_version < 3;
}

arrow::Result<std::string> FileVersionOf(const DataFile& file) {
  if (IsLegacyFile(file)) return "0.1";
  uint32_t major = file.file_major_version, minor = file.file_minor_version;
  // (0, 3) is how the footers of 2.0 files say it.
  if (major == 0 && minor == 3) return "2.0";
  if (major == 2 && minor <= 3) return "2." + std::to_string(minor);
  return Unsupported("data file \"", file.path, "\" has version ", major, ".", minor,
                     "; this build reads 0.1 and 2.0 to 2.3");
}

arrow::Status ValidateFragment(const FragmentMetadata& fragment) {
  auto check = [&]() -> arrow::Status {
    if (fragment.id > std::numeric_limits<uint32_t>::max()) {
      return Corrupt("the id does not fit 32 bits");
    }
    if (fragment.physical_rows > kMaxRowsPerFragment) {
      return Corrupt(fragment.physical_rows, " rows do not fit 32-bit offsets");
    }
    for (const DataFile& file : fragment.files) ARROW_RETURN_NOT_OK(ValidateDataFile(file));
    // Very old tables record no row count.
    if (fragment.physical_rows > 0 && fragment.num_deletions() > fragment.physical_rows) {
      return Corrupt(fragment.num_deletions(), " rows deleted of ", fragment.physical_rows);
    }
    ARROW_RETURN_NOT_OK(ValidateSequence(fragment.row_ids));
    ARROW_RETURN_NOT_OK(ValidateSequence(fragment.created_at_versions));
    return ValidateSequence(fragment.last_updated_at_versions);
  };
  return Prefix(check(), "fragment " + std::to_string(fragment.id));
}

arrow::Result<FragmentMetadata> FragmentFromProto(const lance::table::DataFragment& proto) {
  FragmentMetadata fragment;
  fragment.id = proto.id();
  fragment.physical_rows = proto.physical_rows();
  fragment.files.reserve(proto.files_size());
  for (const auto& file : proto.files()) fragment.files.push_back(DataFileFromProto(file));
  if (proto.overlays_size() > 0) {
    return Unsupported("fragment ", proto.id(), " has data overlay files");
  }
  if (proto.has_deletion_file()) {
    const auto& file = proto.deletion_file();
    int type = static_cast<int>(file.file_type());
    if (type != 0 && type != 1) {
      return Unsupported("fragment ", proto.id(), ": deletion file kind ", type);
    }
    DeletionFile& deletion = fragment.deletion_file.emplace();
    deletion.type = static_cast<DeletionFile::Type>(type);
    deletion.read_version = file.read_version();
    deletion.id = file.id();
    deletion.num_deleted_rows = file.num_deleted_rows();
    if (file.has_base_id()) deletion.base_id = file.base_id();
  }

  if (proto.has_inline_row_ids()) fragment.row_ids.inline_bytes = proto.inline_row_ids();
  if (proto.has_external_row_ids()) {
    fragment.row_ids.external = ExternalFromProto(proto.external_row_ids());
  }
  fragment.row_ids.in_hidden_column = proto.has_column_row_ids();

  SequenceRef& updated = fragment.last_updated_at_versions;
  if (proto.has_inline_last_updated_at_versions()) {
    updated.inline_bytes = proto.inline_last_updated_at_versions();
  }
  if (proto.has_external_last_updated_at_versions()) {
    updated.external = ExternalFromProto(proto.external_last_updated_at_versions());
  }
  updated.in_hidden_column = proto.has_column_last_updated_at_versions();

  SequenceRef& created = fragment.created_at_versions;
  if (proto.has_inline_created_at_versions()) {
    created.inline_bytes = proto.inline_created_at_versions();
  }
  if (proto.has_external_created_at_versions()) {
    created.external = ExternalFromProto(proto.external_created_at_versions());
  }
  created.in_hidden_column = proto.has_column_created_at_versions();

  ARROW_RETURN_NOT_OK(ValidateFragment(fragment));
  return fragment;
}

lance::table::DataFragment FragmentToProto(const FragmentMetadata& fragment) {
  lance::table::DataFragment proto;
  proto.set_id(fragment.id);
  proto.set_physical_rows(fragment.physical_rows);
  for (const DataFile& file : fragment.files) {
    auto* out = proto.add_files();
    out->set_path(file.path);
    out->mutable_fields()->Add(file.fields.begin(), file.fields.end());
    out->mutable_column_indices()->Add(file.column_indices.begin(), file.column_indices.end());
    out->set_file_major_version(file.file_major_version);
    out->set_file_minor_version(file.file_minor_version);
    out->set_file_size_bytes(file.file_size_bytes);
    if (file.base_id) out->set_base_id(*file.base_id);
  }
  if (fragment.deletion_file) {
    const DeletionFile& deletion = *fragment.deletion_file;
    auto* out = proto.mutable_deletion_file();
    out->set_file_type(
        static_cast<lance::table::DeletionFile::DeletionFileType>(static_cast<int>(deletion.type)));
    out->set_read_version(deletion.read_version);
    out->set_id(deletion.id);
    out->set_num_deleted_rows(deletion.num_deleted_rows);
    if (deletion.base_id) out->set_base_id(*deletion.base_id);
  }
  const SequenceRef& rows = fragment.row_ids;
  if (rows.inline_bytes) proto.set_inline_row_ids(*rows.inline_bytes);
  if (rows.external) ExternalToProto(*rows.external, proto.mutable_external_row_ids());
  if (rows.in_hidden_column) proto.mutable_column_row_ids();
  const SequenceRef& updated = fragment.last_updated_at_versions;
  if (updated.inline_bytes) proto.set_inline_last_updated_at_versions(*updated.inline_bytes);
  if (updated.external) {
    ExternalToProto(*updated.external, proto.mutable_external_last_updated_at_versions());
  }
  if (updated.in_hidden_column) proto.mutable_column_last_updated_at_versions();
  const SequenceRef& created = fragment.created_at_versions;
  if (created.inline_bytes) proto.set_inline_created_at_versions(*created.inline_bytes);
  if (created.external) {
    ExternalToProto(*created.external, proto.mutable_external_created_at_versions());
  }
  if (created.in_hidden_column) proto.mutable_column_created_at_versions();
  return proto;
}

Schema SchemaOfDataFile(const Schema& schema, const DataFile& file) {
  if (IsLegacyFile(file)) return ProjectByIds(schema, file.fields);
  std::unordered_map<int32_t, int32_t> columns;
  for (size_t i = 0; i < file.fields.size() && i < file.column_indices.size(); ++i) {
    if (file.column_indices[i] >= 0) columns.emplace(file.fields[i], file.column_indices[i]);
  }
  columns.erase(-1);
  bool is_v2_0 = (file.file_major_version == 2 && file.file_minor_version == 0) ||
                 (file.file_major_version == 0 && file.file_minor_version == 3);
  Schema out;
  out.metadata = schema.metadata;
  for (const Field& field : schema.fields) {
    if (auto stored = FieldOfDataFile(field, columns, is_v2_0)) {
      out.fields.push_back(*std::move(stored));
    }
  }
  return out;
}

}  // namespace lancea
