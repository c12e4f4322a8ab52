// Writing deletion files; deletion_vector.h draws them.
//
// Up to 4,999 deleted rows are written as an array of rows (.arrow), more as a bitmap (.bin), as pylance
// does. A file always lists every deleted row of its fragment: a delete adds its rows to those of the file
// before and writes a new one, whose random id keeps concurrent writers apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/object_store.h"
#include "lancea/table/deletion_vector.h"

namespace lancea {

/// Rows up to which a deletion file is an array.
constexpr uint64_t kMaxDeletionArrayRows = 4999;

/// The bytes of a deletion file of `type`.
arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeDeletions(DeletionFile::Type type,
                                                                 const DeletionVector& deleted);

/// Write a new deletion file of a fragment below the table's root.
/// \param read_version  the version whose rows the delete saw
/// \return what the fragment's metadata say of it; InvalidInput when no row is deleted
arrow::Result<DeletionFile> WriteDeletionFile(ObjectStore& store, const std::string& root,
                                              uint64_t fragment_id, uint64_t read_version,
                                              const DeletionVector& deleted);

/// The rows of the vector together with more.
/// \param more  in any order, may overlap
/// \return InvalidInput for rows that do not fit 32 bits and for ranges that end before they start
arrow::Result<DeletionVector> Union(const DeletionVector& deleted, std::span<const RowRange> more);

}  // namespace lancea
