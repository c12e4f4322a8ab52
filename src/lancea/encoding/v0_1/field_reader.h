// Reads one field of a legacy 0.1 file.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "lancea/encoding/field_reader.h"
#include "lancea/encoding/v0_1/legacy_file.h"

namespace lancea::v0_1 {

/// \param field  what to read; children may be pruned
/// \param arrow_field  the Arrow form of `field` as it is stored
/// \param file  must outlive the reader; where dictionaries lie is asked of its own schema
arrow::Result<std::unique_ptr<FieldReader>> MakeFieldReader(
    const Field& field, std::shared_ptr<arrow::Field> arrow_field, const LegacyFile& file);

}  // namespace lancea::v0_1
