// The Lance schema: an Arrow schema whose fields carry ids, so that renames, drops and several data
// files per fragment never confuse one column with another.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/export.h"

namespace lancea {

/// One field with everything nested in it. A plain value.
struct LANCEA_EXPORT Field {
  int32_t id = -1;         ///< unique in the table, never reused
  int32_t parent_id = -1;  ///< -1 at the top level
  std::string name;
  std::string logical_type;  ///< the format's type text, e.g. "fixed_size_list:float:128"
  bool nullable = true;
  std::map<std::string, std::string> metadata;  ///< includes ARROW:extension:name / :metadata
  std::vector<Field> children;

  /// Legacy 0.1 only: the field's page encoding (0 none, 1 plain, 2 var-binary, 3 dictionary) and
  /// where a dictionary's values lie in the file: offset in bytes, length in values.
  int32_t legacy_encoding = 0;
  int64_t dictionary_offset = 0;
  int64_t dictionary_length = 0;

  std::optional<int32_t> primary_key_position;  ///< 0 = part of the key, ordered by field id

  bool operator==(const Field&) const = default;
};

/// A table's or file's schema: the top-level fields and the Arrow schema metadata.
struct LANCEA_EXPORT Schema {
  std::vector<Field> fields;
  std::map<std::string, std::string> metadata;

  /// The field with this id at any depth, or nullptr.
  const Field* FindById(int32_t id) const;

  /// The largest field id at any depth; -1 for an empty schema.
  int32_t max_field_id() const;

  bool operator==(const Schema&) const = default;
};

/// The Arrow form of a field: type, nullability, metadata; registered extension types stay storage
/// types carrying their ARROW:extension:* metadata.
/// \return Corrupt for a logical type text that cannot be read, Unsupported for one not known
LANCEA_EXPORT arrow::Result<std::shared_ptr<arrow::Field>> ToArrow(const Field& field);
LANCEA_EXPORT arrow::Result<std::shared_ptr<arrow::Schema>> ToArrow(const Schema& schema);

/// Assign ids 0.. in depth-first order to an Arrow schema.
LANCEA_EXPORT arrow::Result<Schema> FromArrow(const arrow::Schema& schema);

}  // namespace lancea
