// The metadata of a data file on their way to disk: column metadata, both tables, footer; the mirror of
// column_metadata.h and footer.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/file/footer.h"

namespace lancea {

/// The pages of one column, serialized as they come: memory holds their metadata only once.
class ColumnMetadataWriter {
 public:
  /// \param buffers  where the page's buffers are in the file
  arrow::Status AddPage(const EncodedPage& page, std::span<const ByteRange> buffers);

  /// The ColumnMetadata message.
  arrow::Result<std::string> Finish(const EncodingBlob& column_encoding);

 private:
  std::string pages_;
};

/// The pair of numbers in the footer: 2.0 is 0.3 there.
FileVersion FooterVersion(FileFormat format);

/// The pair by which a manifest's DataFile names the format.
FileVersion DataFileVersion(FileFormat format);

/// Bytes of FormatFileTail's result.
uint64_t FileTailBytes(std::span<const std::string> columns, size_t num_global_buffers);

/// Column metadata back to back, both tables and the footer.
/// \param position  of the result in the file
std::string FormatFileTail(uint64_t position, std::span<const std::string> columns,
                           std::span<const ByteRange> global_buffers, FileVersion version);

}  // namespace lancea
