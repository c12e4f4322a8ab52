#include "lancea/file/footer.h"

#include <cstring>

namespace lancea {

constexpr uint64_t kTableEntrySize = 16;

arrow::Result<FileVersion> ParseFileVersion(Bytes tail) {
  if (tail.size() < 8) return Corrupt("not a Lance file: only ", tail.size(), " bytes long");
  const uint8_t* end = tail.data() + tail.size();
  if (std::memcmp(end - 4, kMagic, 4) != 0) {
    return Corrupt("not a Lance file: it does not end in \"LANC\"");
  }
  return FileVersion{LoadLittleEndian<uint16_t>(end - 8), LoadLittleEndian<uint16_t>(end - 6)};
}

arrow::Result<Footer> ParseFooter(Bytes tail, uint64_t file_size) {
  ARROW_ASSIGN_OR_RAISE(FileVersion version, ParseFileVersion(tail));
  if (tail.size() < kFooterSize) {
    return Corrupt("truncated: ", file_size, " bytes are less than a footer");
  }
  const uint8_t* at = tail.data() + tail.size() - kFooterSize;
  Footer footer;
  footer.column_metadata_position = LoadLittleEndian<uint64_t>(at);
  footer.column_table_position = LoadLittleEndian<uint64_t>(at + 8);
  footer.global_buffer_table_position = LoadLittleEndian<uint64_t>(at + 16);
  footer.num_global_buffers = LoadLittleEndian<uint32_t>(at + 24);
  footer.num_columns = LoadLittleEndian<uint32_t>(at + 28);
  footer.major_version = version.major;
  footer.minor_version = version.minor;
  auto check = [&](uint64_t position, uint32_t entries, const char* what) -> arrow::Status {
    const uint64_t size = uint64_t{entries} * kTableEntrySize;
    if (position > file_size || size > file_size - position) {
      return Corrupt("footer: ", what, " of ", entries, " entries at ", position, " of ", file_size,
                     " bytes");
    }
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(check(footer.column_table_position, footer.num_columns, "column table"));
  ARROW_RETURN_NOT_OK(
      check(footer.global_buffer_table_position, footer.num_global_buffers, "global buffer table"));
  return footer;
}

}  // namespace lancea
