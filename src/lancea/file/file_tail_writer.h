// What stands behind the pages of a data file:
//
//   file descriptor | checksum buffer (checksums.h), if the file has one | column metadata | tables | footer
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "arrow/status.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/file/file_output.h"
#include "lancea/schema.h"

namespace lancea {

struct FileTail {
  FileFormat format = FileFormat::k2_2;
  const Schema& schema;
  uint64_t num_rows = 0;
  std::span<const std::string> columns;       ///< serialized ColumnMetadata
  std::span<const ByteRange> global_buffers;  ///< already written; of the caller's own
};

/// Write it; only Finish of the object is left.
arrow::Status WriteFileTail(const FileTail& tail, arrow::MemoryPool* pool, FileOutput* output);

}  // namespace lancea
