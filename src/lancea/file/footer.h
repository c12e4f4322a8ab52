// The footer of a 2.x file and the tables it points to.
//
//   u64 position of column metadata 0
//   u64 position of the column metadata offset table: num_columns x (u64 position, u64 size)
//   u64 position of the global buffer offset table: num_global_buffers x (u64 position, u64 size)
//   u32 num_global_buffers, u32 num_columns, u16 major, u16 minor, "LANC"
// Version 2.0 writes major 0, minor 3; legacy 0.1 files end in a shorter footer (v0_1/legacy_file.h).
#pragma once

#include <cstdint>

#include "arrow/result.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

inline constexpr uint64_t kFooterSize = 40;
inline constexpr char kMagic[] = "LANC";

struct Footer {
  uint64_t column_metadata_position = 0;
  uint64_t column_table_position = 0;
  uint64_t global_buffer_table_position = 0;
  uint32_t num_global_buffers = 0;
  uint32_t num_columns = 0;
  uint16_t major_version = 0;
  uint16_t minor_version = 0;
};

/// The version pair that ends every Lance file, whatever its kind.
struct FileVersion {
  uint16_t major = 0, minor = 0;
  /// True for legacy 0.1 files.
  bool is_legacy() const { return major == 0 && minor <= 2; }
};

/// \param tail  the last bytes of the file, at least 8
arrow::Result<FileVersion> ParseFileVersion(Bytes tail);

/// \param tail  the last bytes of the file, at least kFooterSize
/// \param file_size  bytes; both tables are checked to lie inside
arrow::Result<Footer> ParseFooter(Bytes tail, uint64_t file_size);

}  // namespace lancea
