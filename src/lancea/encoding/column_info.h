// One column of a 2.x file as its column metadata describe it, with every byte range already checked
// to lie inside the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/io/row_range.h"

namespace lancea {

/// Rows, and items of fixed-size lists, that a file may claim to have: sums of them fit 64 bits.
constexpr uint64_t kMaxRowsPerFile = uint64_t{1} << 48;

/// A serialized encoding message and the type URL that names its kind.
struct EncodingBlob {
  std::string type_url;  ///< e.g. "/lance.encodings21.PageLayout"; empty when there is none
  std::string value;     ///< the serialized message
};

struct PageInfo {
  std::vector<ByteRange> buffers;
  uint64_t num_rows = 0;   ///< ColumnMetadata.Page.length; items, not rows, below a 2.0 list
  uint64_t first_row = 0;  ///< sum of num_rows of the pages before
  EncodingBlob encoding;
};

struct ColumnInfo {
  int32_t index = 0;  ///< position in the file, for messages
  std::vector<PageInfo> pages;
  std::vector<ByteRange> buffers;  ///< column-level buffers, normally none
  EncodingBlob encoding;
  uint64_t num_rows = 0;  ///< sum over pages
};

/// Gives the columns of one file by field id; parses each on first use. Thread-safe.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;

  /// The column that stores the field, or nullptr when the file has none for it.
  virtual arrow::Result<std::shared_ptr<const ColumnInfo>> Column(int32_t field_id) const = 0;

  /// The column right behind one of this source, whatever field it belongs to; nullptr after the last.
  virtual arrow::Result<std::shared_ptr<const ColumnInfo>> ColumnBehind(
      const ColumnInfo& column) const {
    (void)column;
    return std::shared_ptr<const ColumnInfo>();
  }

  /// Rows in the file.
  virtual uint64_t num_rows() const = 0;

  /// The file's size in bytes: the bound for every allocation sized by what the file says.
  virtual uint64_t file_size() const = 0;

  /// Told of memory that readers keep with the file for as long as it is open, in bytes.
  virtual void CountMemory(uint64_t bytes) const { (void)bytes; }
};

}  // namespace lancea
