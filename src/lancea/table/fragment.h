// Fragments and their files <-> protobuf and JSON.
//
// JSON is what pylance's FragmentMetadata.to_json / from_json exchange, so that fragments written
// by one library can be committed by the other:
//   {"id", "files": [{"path", "fields", "column_indices", "file_major_version",
//     "file_minor_version", "file_size_bytes", "base_id"}], "overlays": [], "physical_rows",
//    "deletion_file": {"read_version", "id", "file_type": "array"|"bitmap", "num_deleted_rows",
//     "base_id"}, "row_id_meta": {"Inline": [bytes]} | "Column",
//    "created_at_version_meta": {"inline": [bytes]} | {"column": {}},
//    "last_updated_at_version_meta"}
// Absent values are null. Source: output of pylance 14.0.2.
//
// Invariants checked on the way in: ids and row counts fit the 32-bit halves of a row address; file
// paths stay below their directory; field lists of 0.1 files are sorted, later ones have a column
// index for each field; no more rows are deleted than stored.
#pragma once

#include <string>
#include <string_view>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/proto/fragment_metadata.pb.h"
#include "lancea/schema.h"

namespace lancea {

/// A field id in DataFile::fields whose column was superseded by another file.
constexpr int32_t kTombstoneFieldId = -2;
/// Field ids of the hidden columns that hold spilled row lineage, one u64 per physical row.
constexpr int32_t kRowIdFieldId = -3;
constexpr int32_t kCreatedAtVersionFieldId = -4;
constexpr int32_t kLastUpdatedAtVersionFieldId = -5;

/// \return Corrupt when an invariant above does not hold, Unsupported for overlays and unknown
///   deletion file kinds
arrow::Result<FragmentMetadata> FragmentFromProto(const lance::table::DataFragment& proto);
lance::table::DataFragment FragmentToProto(const FragmentMetadata& fragment);

/// The invariants above.
arrow::Status ValidateFragment(const FragmentMetadata& fragment);

/// True for files of version 0.1, whose DataFile has no column indices.
bool IsLegacyFile(const DataFile& file);

/// "0.1", "2.0" ... of a data file.
/// \return Unsupported for versions this build does not know
arrow::Result<std::string> FileVersionOf(const DataFile& file);

/// The part of `schema` a data file stores: leaves with a column in it, inside their ancestors; of
/// 2.0 files also structs and lists whose own header is there though no child is. Fields missing
/// here read as null.
Schema SchemaOfDataFile(const Schema& schema, const DataFile& file);

std::string FragmentToJson(const FragmentMetadata& fragment);
/// \return InvalidInput for text that is not such an object
arrow::Result<FragmentMetadata> FragmentFromJson(std::string_view json);

}  // namespace lancea
