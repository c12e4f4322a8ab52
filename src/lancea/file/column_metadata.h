// Column metadata of a 2.x file: the ColumnMetadata message as a checked ColumnInfo.
#pragma once

#include <functional>

#include "lancea/encoding/column_info.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Reads bytes of the file, for encodings stored away from the metadata.
using ReadBytes = std::function<arrow::Result<std::shared_ptr<arrow::Buffer>>(ByteRange)>;

/// \param bytes      the serialized message
/// \param file_size  every buffer is checked to end at or before it
arrow::Result<ColumnInfo> ParseColumnMetadata(Bytes bytes, int32_t index, uint64_t file_size,
                                              const ReadBytes& read);

}  // namespace lancea
