// Writing one top-level field of a 2.x file: rows go in, pages come out. The mirror of field_reader.h.
//
// A field writer gathers rows until a column of it holds enough for a page. What encoding a page takes
// is then a closure that touches nothing but its own values: the file writer runs many of them at once,
// on any thread, and writes their results in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/schema.h"

namespace lancea {

/// A page ready to be written.
struct EncodedPage {
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;  ///< in the page's order
  EncodingBlob encoding;
  uint64_t num_rows = 0;   ///< Page.length
  uint64_t first_row = 0;  ///< top-level row number, Page.priority
};

/// A page yet to be encoded; `encode` is called once and owns all it needs.
struct PendingPage {
  int column = 0;      ///< of this field, from 0
  uint64_t bytes = 0;  ///< of memory it holds, roughly
  std::function<arrow::Result<std::vector<EncodedPage>>()> encode;
};

/// How large pages get.
struct PageLimits {
  uint64_t column_buffer_bytes = uint64_t{8}
                                 << 20;  ///< values of one column gathered before a page is cut
  uint64_t max_page_bytes = uint64_t{32} << 20;  ///< of plain values, larger ones are split
};

/// Puts bytes into the file outside of any page (blobs).
class OutOfLineWriter {
 public:
  virtual ~OutOfLineWriter() = default;
  /// \return absolute position of the bytes in the file, aligned to 64
  virtual arrow::Result<uint64_t> Write(const std::shared_ptr<arrow::Buffer>& bytes) = 0;
};

/// Not thread-safe.
class FieldWriter {
 public:
  virtual ~FieldWriter() = default;

  /// Field id of each column this field owns, in the file's order.
  virtual const std::vector<int32_t>& column_field_ids() const = 0;

  /// Take rows.
  /// \param rows  of the field's Arrow type; may be a slice
  /// \return pages that became full
  virtual arrow::Result<std::vector<PendingPage>> Append(
      const std::shared_ptr<arrow::Array>& rows) = 0;

  /// What is left as pages. Call once, last.
  virtual arrow::Result<std::vector<PendingPage>> Finish() = 0;

  /// The column-level encoding of each column.
  virtual std::vector<EncodingBlob> column_encodings() const = 0;

  /// Bytes of memory held by gathered rows.
  virtual uint64_t buffered_bytes() const = 0;
};

}  // namespace lancea
