#include <nlohmann/json.hpp>
#include <utility>

#include "lancea/table/fragment.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

Json Bytes(const std::string& bytes) {
  Json out = Json::array();
  for (char byte : bytes) out.push_back(static_cast<uint8_t>(byte));
  return out;
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json ZeroAsNull(uint64_t value) { return value == 0 ? Json(nullptr) : Json(value); }

Json RowIdsToJson(const SequenceRef& sequence) {
  if (sequence.inline_bytes) return {{"Inline", Bytes(*sequence.inline_bytes)}};
  if (sequence.in_hidden_column) return "Column";
  return nullptr;
}

Json VersionsToJson(const SequenceRef& sequence) {
  if (sequence.inline_bytes) return {{"inline", Bytes(*sequence.inline_bytes)}};
  if (sequence.in_hidden_column) return {{"column", Json::object()}};
  return nullptr;
}

/// A member of an object; null when the object lacks it.
const Json& Member(const Json& object, const char* key) {
  static const Json kNull;
  auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

arrow::Status Expected(const char* key, const char* what) {
  return InvalidInput("fragment JSON: \"", key, "\" must be ", what);
}

/// A whole number; null or absent gives nothing.
template <typename Integer>
arrow::Result<std::optional<Integer>> Whole(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  if (value.is_null()) return std::nullopt;
  if (value.is_number_unsigned() && std::in_range<Integer>(value.get<uint64_t>())) {
    return static_cast<Integer>(value.get<uint64_t>());
  }
  if (value.is_number_integer() && !value.is_number_unsigned() &&
      std::in_range<Integer>(value.get<int64_t>())) {
    return static_cast<Integer>(value.get<int64_t>());
  }
  return Expected(key, "a whole number in range");
}

template <typename Integer>
arrow::Result<std::vector<Integer>> WholeList(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  std::vector<Integer> out;
  if (value.is_null()) return out;
  if (!value.is_array()) return Expected(key, "a list");
  out.reserve(value.size());
  for (const Json& element : value) {
    if (!element.is_number_integer() || !std::in_range<Integer>(element.get<int64_t>())) {
      return Expected(key, "a list of whole numbers in range");
    }
    out.push_back(static_cast<Integer>(element.get<int64_t>()));
  }
  return out;
}

arrow::Result<SequenceRef> SequenceFromJson(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  SequenceRef sequence;
  if (value.is_null()) return sequence;
  if (value == "Column" || (value.is_object() && value.contains("column"))) {
    sequence.in_hidden_column = true;
    return sequence;
  }
  const char* inline_key = value.is_object() && value.contains("Inline") ? "Inline" : "inline";
  if (!value.is_object() || !value.contains(inline_key)) return Expected(key, "inline bytes");
  ARROW_ASSIGN_OR_RAISE(auto bytes, WholeList<uint8_t>(value, inline_key));
  sequence.inline_bytes.emplace(bytes.begin(), bytes.end());
  return sequence;
}

arrow::Result<DataFile> DataFileFromJson(const Json& json) {
  if (!json.is_object()) return Expected("files", "a list of objects");
  DataFile file;
  const Json& path = Member(json, "path");
  if (!path.is_string()) return Expected("path", "a string");
  file.path = path.get<std::string>();
  ARROW_ASSIGN_OR_RAISE(file.fields, WholeList<int32_t>(json, "fields"));
  ARROW_ASSIGN_OR_RAISE(file.column_indices, WholeList<int32_t>(json, "column_indices"));
  ARROW_ASSIGN_OR_RAISE(auto major, Whole<uint32_t>(json, "file_major_version"));
  ARROW_ASSIGN_OR_RAISE(auto minor, Whole<uint32_t>(json, "file_minor_version"));
  ARROW_ASSIGN_OR_RAISE(auto size, Whole<uint64_t>(json, "file_size_bytes"));
  ARROW_ASSIGN_OR_RAISE(file.base_id, Whole<uint32_t>(json, "base_id"));
  file.file_major_version = major.value_or(0);
  file.file_minor_version = minor.value_or(0);
  file.file_size_bytes = size.value_or(0);
  return file;
}

arrow::Result<DeletionFile> DeletionFileFromJson(const Json& json) {
  if (!json.is_object()) return Expected("deletion_file", "an object");
  DeletionFile file;
  const Json& type = Member(json, "file_type");
  if (type == "bitmap") {
    file.type = DeletionFile::Type::kBitmap;
  } else if (type != "array") {
    return Expected("file_type", "\"array\" or \"bitmap\"");
  }
  ARROW_ASSIGN_OR_RAISE(auto read_version, Whole<uint64_t>(json, "read_version"));
  ARROW_ASSIGN_OR_RAISE(auto id, Whole<uint64_t>(json, "id"));
  if (!read_version || !id) return Expected("deletion_file", "complete");
  ARROW_ASSIGN_OR_RAISE(auto num_deleted_rows, Whole<uint64_t>(json, "num_deleted_rows"));
  ARROW_ASSIGN_OR_RAISE(file.base_id, Whole<uint32_t>(json, "base_id"));
  file.read_version = *read_version;
  file.id = *id;
  file.num_deleted_rows = num_deleted_rows.value_or(0);
  return file;
}

}  // namespace

std::string FragmentToJson(const FragmentMetadata& fragment) {
  Json files = Json::array();
  for (const DataFile& file : fragment.files) {
    files.push_back({{"path", file.path},
                     {"fields", file.fields},
                     {"column_indices", file.column_indices},
                     {"file_major_version", file.file_major_version},
                     {"file_minor_version", file.file_minor_version},
                     {"file_size_bytes", ZeroAsNull(file.file_size_bytes)},
                     {"base_id", OrNull(file.base_id)}});
  }
  Json deletion;
  if (fragment.deletion_file) {
    const DeletionFile& file = *fragment.deletion_file;
    deletion = {{"read_version", file.read_version},
                {"id", file.id},
                {"file_type", file.type == DeletionFile::Type::kBitmap ? "bitmap" : "array"},
                {"num_deleted_rows", ZeroAsNull(file.num_deleted_rows)},
                {"base_id", OrNull(file.base_id)}};
  }
  Json json = {{"id", fragment.id},
               {"files", std::move(files)},
               {"overlays", Json::array()},
               {"physical_rows", fragment.physical_rows},
               {"deletion_file", std::move(deletion)},
               {"row_id_meta", RowIdsToJson(fragment.row_ids)},
               {"created_at_version_meta", VersionsToJson(fragment.created_at_versions)},
               {"last_updated_at_version_meta", VersionsToJson(fragment.last_updated_at_versions)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

arrow::Result<FragmentMetadata> FragmentFromJson(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidInput("fragment JSON: not a JSON object");
  FragmentMetadata fragment;
  ARROW_ASSIGN_OR_RAISE(auto id, Whole<uint64_t>(json, "id"));
  if (!id) return Expected("id", "a whole number");
  fragment.id = *id;
  ARROW_ASSIGN_OR_RAISE(auto physical_rows, Whole<uint64_t>(json, "physical_rows"));
  fragment.physical_rows = physical_rows.value_or(0);
  const Json& files = Member(json, "files");
  if (!files.is_array()) return Expected("files", "a list");
  for (const Json& file_json : files) {
    ARROW_ASSIGN_OR_RAISE(DataFile file, DataFileFromJson(file_json));
    fragment.files.push_back(std::move(file));
  }
  const Json& overlays = Member(json, "overlays");
  if (!overlays.is_null() && !overlays.empty()) return Unsupported("fragment JSON with overlays");
  if (const Json& deletion = Member(json, "deletion_file"); !deletion.is_null()) {
    ARROW_ASSIGN_OR_RAISE(fragment.deletion_file, DeletionFileFromJson(deletion));
  }
  ARROW_ASSIGN_OR_RAISE(fragment.row_ids, SequenceFromJson(json, "row_id_meta"));
  ARROW_ASSIGN_OR_RAISE(fragment.created_at_versions,
                        SequenceFromJson(json, "created_at_version_meta"));
  ARROW_ASSIGN_OR_RAISE(fragment.last_updated_at_versions,
                        SequenceFromJson(json, "last_updated_at_version_meta"));
  arrow::Status valid = ValidateFragment(fragment);
  if (!valid.ok()) return InvalidInput("fragment JSON: ", valid.message());
  return fragment;
}

}  // namespace lancea
