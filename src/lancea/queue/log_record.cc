#include "lancea/queue/log_record.h"

#include <cstring>
#include <limits>

#include "arrow/io/memory.h"
#include "arrow/ipc/dictionary.h"
#include "arrow/ipc/options.h"
#include "arrow/ipc/reader.h"
#include "arrow/ipc/writer.h"
#include "arrow/util/compression.h"
#include "lancea/util/crc32c.h"
#include "lancea/util/errors.h"

namespace lancea::queue {
namespace {

template <typename T>
void Append(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

arrow::Result<std::unique_ptr<arrow::util::Codec>> CodecOf(LogCompression compression) {
  switch (compression) {
    case LogCompression::kLz4:
      return arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME);
    case LogCompression::kZstd:
      return arrow::util::Codec::Create(arrow::Compression::ZSTD);
    case LogCompression::kSnappy:
      return arrow::util::Codec::Create(arrow::Compression::SNAPPY);
    case LogCompression::kNone:
      break;
  }
  return nullptr;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> RawPayload(const LogRecord& record) {
  auto stored = std::make_shared<arrow::Buffer>(record.payload.data(),
                                                static_cast<int64_t>(record.payload.size()));
  if (record.compression == LogCompression::kNone) {
    // The segment's bytes go away and are not aligned.
    return arrow::Buffer::Copy(stored, arrow::default_cpu_memory_manager());
  }
  ARROW_ASSIGN_OR_RAISE(auto codec, CodecOf(record.compression));
  ARROW_ASSIGN_OR_RAISE(auto raw, arrow::AllocateBuffer(static_cast<int64_t>(record.raw_length)));
  ARROW_ASSIGN_OR_RAISE(int64_t size, codec->Decompress(stored->size(), stored->data(), raw->size(),
                                                        raw->mutable_data()));
  if (size != raw->size()) {
    return Corrupt("log record of ", record.raw_length, " bytes decompresses to ", size);
  }
  return std::shared_ptr<arrow::Buffer>(std::move(raw));
}

}  // namespace

arrow::Result<LogRecord> ParseLogRecord(Bytes bytes) {
  if (bytes.size() < kLogFrameBytes + kLogBodyHeadBytes) {
    return Corrupt("log record: ", bytes.size(), " bytes are left, its head alone has ",
                   kLogFrameBytes + kLogBodyHeadBytes);
  }
  const uint32_t length = Load<uint32_t>(bytes.data());
  if (length < kLogBodyHeadBytes || length > bytes.size() - kLogFrameBytes) {
    return Corrupt("log record of ", length, " bytes where ", bytes.size() - kLogFrameBytes,
                   " are left");
  }
  // What costs nothing to look at first: a search for records computes few checksums then.
  const uint8_t* body = bytes.data() + kLogFrameBytes;
  LogRecord record;
  if (body[0] != 1 && body[0] != 2) return Corrupt("log record of unknown kind ", int{body[0]});
  if (body[1] > 3) return Corrupt("log record of unknown compression ", int{body[1]});
  if (body[2] != 0 || body[3] != 0) return Corrupt("log record whose reserved bytes are not 0");
  record.kind = static_cast<LogRecordKind>(body[0]);
  record.compression = static_cast<LogCompression>(body[1]);
  record.num_rows = Load<uint32_t>(body + 4);
  record.first_row = Load<uint64_t>(body + 8);
  record.raw_length = Load<uint64_t>(body + 16);
  record.payload = bytes.subspan(kLogFrameBytes + kLogBodyHeadBytes, length - kLogBodyHeadBytes);
  record.size_bytes = kLogFrameBytes + length;
  // A payload is compressed only if that makes it smaller.
  const uint64_t stored = record.payload.size();
  if (record.raw_length > kMaxLogPayloadBytes ||
      (record.compression == LogCompression::kNone ? record.raw_length != stored
                                                   : record.raw_length <= stored)) {
    return Corrupt("log record with a payload of ", stored, " bytes says ", record.raw_length);
  }
  if (record.first_row > std::numeric_limits<uint64_t>::max() - record.num_rows) {
    return Corrupt("log record whose rows begin at ", record.first_row);
  }
  uint32_t crc = Crc32c(0, bytes.data(), sizeof(length));
  crc = Crc32c(crc, body, length);
  const uint32_t expected = Load<uint32_t>(bytes.data() + 4);
  if (crc != expected) {
    return Corrupt("log record of ", length, " bytes: checksum ", expected, " expected, found ",
                   crc);
  }
  return record;
}

arrow::Status AppendLogRecord(LogRecordKind kind, uint32_t num_rows, uint64_t first_row,
                              LogCompression compression,
                              const std::shared_ptr<arrow::Buffer>& payload, std::string* out) {
  const uint64_t raw_length = static_cast<uint64_t>(payload->size());
  std::shared_ptr<arrow::Buffer> stored = payload;
  if (compression != LogCompression::kNone) {
    ARROW_ASSIGN_OR_RAISE(auto codec, CodecOf(compression));
    ARROW_ASSIGN_OR_RAISE(auto compressed, arrow::AllocateResizableBuffer(codec->MaxCompressedLen(
                                               payload->size(), payload->data())));
    ARROW_ASSIGN_OR_RAISE(int64_t size,
                          codec->Compress(payload->size(), payload->data(), compressed->size(),
                                          compressed->mutable_data()));
    ARROW_RETURN_NOT_OK(compressed->Resize(size, /*shrink_to_fit=*/false));
    stored = std::move(compressed);
    if (stored->size() >= payload->size()) {
      stored = payload;
      compression = LogCompression::kNone;
    }
  }
  const uint64_t length = kLogBodyHeadBytes + static_cast<uint64_t>(stored->size());
  if (length > std::numeric_limits<uint32_t>::max() || raw_length > kMaxLogPayloadBytes) {
    return arrow::Status::CapacityError("a log record of ", raw_length,
                                        " bytes; at most 4 GiB can be put at once");
  }
  const size_t begin = out->size();
  out->reserve(begin + kLogFrameBytes + length);
  Append(static_cast<uint32_t>(length), out);
  Append(uint32_t{0}, out);
  Append(static_cast<uint8_t>(kind), out);
  Append(static_cast<uint8_t>(compression), out);
  Append(uint16_t{0}, out);
  Append(num_rows, out);
  Append(first_row, out);
  Append(raw_length, out);
  out->append(reinterpret_cast<const char*>(stored->data()), static_cast<size_t>(stored->size()));
  const auto* bytes = reinterpret_cast<const uint8_t*>(out->data() + begin);
  uint32_t crc = Crc32c(0, bytes, sizeof(uint32_t));
  crc = Crc32c(crc, bytes + kLogFrameBytes, length);
  std::memcpy(out->data() + begin + sizeof(uint32_t), &crc, sizeof(crc));
  return arrow::Status::OK();
}

arrow::Status AppendSchemaRecord(const arrow::Schema& schema, uint64_t first_row,
                                 std::string* out) {
  ARROW_ASSIGN_OR_RAISE(auto message, arrow::ipc::SerializeSchema(schema));
  return AppendLogRecord(LogRecordKind::kSchema, 0, first_row, LogCompression::kNone, message, out);
}

arrow::Status AppendRowsRecord(const arrow::RecordBatch& rows, uint64_t first_row,
                               LogCompression compression, std::string* out) {
  for (const auto& field : rows.schema()->fields()) {
    if (field->type()->id() == arrow::Type::DICTIONARY) {
      return Unsupported("column \"", field->name(),
                         "\" has dictionary values, which the write-ahead log does not take; "
                         "decode them first");
    }
  }
  if (rows.num_rows() > std::numeric_limits<uint32_t>::max()) {
    return arrow::Status::CapacityError("more than 2^32 records put at once");
  }
  arrow::ipc::IpcWriteOptions options;
  options.allow_64bit = true;
  ARROW_ASSIGN_OR_RAISE(auto message, arrow::ipc::SerializeRecordBatch(rows, options));
  return AppendLogRecord(LogRecordKind::kRows, static_cast<uint32_t>(rows.num_rows()), first_row,
                         compression, message, out);
}

arrow::Result<std::shared_ptr<arrow::Schema>> DecodeSchema(const LogRecord& record) {
  ARROW_ASSIGN_OR_RAISE(auto raw, RawPayload(record));
  arrow::io::BufferReader stream(raw);
  arrow::ipc::DictionaryMemo memo;
  auto schema = arrow::ipc::ReadSchema(&stream, &memo);
  if (!schema.ok()) return Corrupt("schema in the log: ", schema.status().message());
  return *schema;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> DecodeRows(
    const LogRecord& record, const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(auto raw, RawPayload(record));
  arrow::io::BufferReader stream(raw);
  auto rows =
      arrow::ipc::ReadRecordBatch(schema, nullptr, arrow::ipc::IpcReadOptions::Defaults(), &stream);
  arrow::Status status = rows.status();
  if (status.ok()) status = (*rows)->ValidateFull();
  if (!status.ok()) return Corrupt("rows in the log: ", status.message());
  if ((*rows)->num_rows() != record.num_rows) {
    return Corrupt("log record of ", record.num_rows, " rows holds ", (*rows)->num_rows());
  }
  return *rows;
}

}  // namespace lancea::queue
