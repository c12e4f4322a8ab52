// Records of the write-ahead log.
//
//   u32 length     of the body, bytes
//   u32 crc32c     of the length's four bytes and the body
//   body:
//     u8  kind         1 schema, 2 rows
//     u8  compression  LogCompression, of the payload
//     u16 0
//     u32 num_rows     0 in a schema
//     u64 first_row    sequence number of the first row: rows ever put before it
//     u64 raw_length   of the payload before compression
//     payload          an encapsulated Arrow IPC message: Schema or RecordBatch
//
// All integers little-endian. A segment file is a header (segment.h) and records; a schema comes before
// the rows that have it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/queue.h"
#include "lancea/util/byte_reader.h"

namespace lancea::queue {

constexpr uint64_t kLogFrameBytes = 8;
constexpr uint64_t kLogBodyHeadBytes = 24;
constexpr uint64_t kMaxLogPayloadBytes = uint64_t{1} << 32;

enum class LogRecordKind : uint8_t { kSchema = 1, kRows = 2 };

/// One record whose checksum is right.
struct LogRecord {
  LogRecordKind kind = LogRecordKind::kRows;
  uint32_t num_rows = 0;
  uint64_t first_row = 0;
  LogCompression compression = LogCompression::kNone;
  uint64_t raw_length = 0;
  Bytes payload;            ///< as stored, a view of the segment
  uint64_t size_bytes = 0;  ///< with its frame
};

/// The record at the beginning of `bytes`.
/// \return Corrupt saying what is wrong: cut short, checksum, or a head that cannot be
arrow::Result<LogRecord> ParseLogRecord(Bytes bytes);

/// Append a record with this payload to `out`.
arrow::Status AppendLogRecord(LogRecordKind kind, uint32_t num_rows, uint64_t first_row,
                              LogCompression compression,
                              const std::shared_ptr<arrow::Buffer>& payload, std::string* out);

arrow::Status AppendSchemaRecord(const arrow::Schema& schema, uint64_t first_row, std::string* out);
/// \return Unsupported for what cannot be logged: dictionaries; CapacityError when too large
arrow::Status AppendRowsRecord(const arrow::RecordBatch& rows, uint64_t first_row,
                               LogCompression compression, std::string* out);

arrow::Result<std::shared_ptr<arrow::Schema>> DecodeSchema(const LogRecord& record);
arrow::Result<std::shared_ptr<arrow::RecordBatch>> DecodeRows(
    const LogRecord& record, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace lancea::queue
