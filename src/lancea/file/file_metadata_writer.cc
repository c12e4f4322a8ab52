#include "lancea/file/file_metadata_writer.h"

#include <google/protobuf/any.pb.h>

#include "lancea/proto/file2.pb.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

namespace pb = lance::file::v2;

constexpr uint64_t kTableEntryBytes = 16;

arrow::Status ToProto(const EncodingBlob& encoding, pb::Encoding* out) {
  google::protobuf::Any any;
  any.set_type_url(encoding.type_url);
  any.set_value(encoding.value);
  if (!any.SerializeToString(out->mutable_direct()->mutable_encoding())) {
    return InvalidInput("an encoding message of ", encoding.value.size(), " bytes is too large");
  }
  return arrow::Status::OK();
}

template <typename T>
void AppendLittleEndian(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

arrow::Status ColumnMetadataWriter::AddPage(const EncodedPage& page,
                                            std::span<const ByteRange> buffers) {
  // The serialized form of a message with one page, appended to that of others, is that of all pages.
  pb::ColumnMetadata message;
  pb::ColumnMetadata::Page* out = message.add_pages();
  for (const ByteRange& buffer : buffers) {
    out->add_buffer_offsets(buffer.offset);
    out->add_buffer_sizes(buffer.length);
  }
  out->set_length(page.num_rows);
  out->set_priority(page.first_row);
  ARROW_RETURN_NOT_OK(ToProto(page.encoding, out->mutable_encoding()));
  if (!message.AppendToString(&pages_)) {
    return InvalidInput("the metadata of a page are too large");
  }
  return arrow::Status::OK();
}

arrow::Result<std::string> ColumnMetadataWriter::Finish(const EncodingBlob& column_encoding) {
  pb::ColumnMetadata message;
  ARROW_RETURN_NOT_OK(ToProto(column_encoding, message.mutable_encoding()));
  std::string out = message.SerializeAsString();
  out += pages_;
  pages_ = std::string();
  return out;
}

FileVersion FooterVersion(FileFormat format) {
  return format == FileFormat::k2_0 ? FileVersion{0, 3} : DataFileVersion(format);
}

FileVersion DataFileVersion(FileFormat format) {
  switch (format) {
    case FileFormat::k2_0:
      return {2, 0};
    case FileFormat::k2_1:
      return {2, 1};
    case FileFormat::k2_2:
      return {2, 2};
    case FileFormat::k2_3:
      break;
  }
  return {2, 3};
}

uint64_t FileTailBytes(std::span<const std::string> columns, size_t num_global_buffers) {
  uint64_t bytes = kFooterSize + (columns.size() + num_global_buffers) * kTableEntryBytes;
  for (const std::string& column : columns) bytes += column.size();
  return bytes;
}

std::string FormatFileTail(uint64_t position, std::span<const std::string> columns,
                           std::span<const ByteRange> global_buffers, FileVersion version) {
  std::string out;
  out.reserve(FileTailBytes(columns, global_buffers.size()));
  for (const std::string& column : columns) out += column;
  const uint64_t column_table = position + out.size();
  uint64_t at = position;
  for (const std::string& column : columns) {
    AppendLittleEndian<uint64_t>(at, &out);
    AppendLittleEndian<uint64_t>(column.size(), &out);
    at += column.size();
  }
  const uint64_t global_table = position + out.size();
  for (const ByteRange& buffer : global_buffers) {
    AppendLittleEndian<uint64_t>(buffer.offset, &out);
    AppendLittleEndian<uint64_t>(buffer.length, &out);
  }
  AppendLittleEndian<uint64_t>(position, &out);
  AppendLittleEndian<uint64_t>(column_table, &out);
  AppendLittleEndian<uint64_t>(global_table, &out);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(global_buffers.size()), &out);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(columns.size()), &out);
  AppendLittleEndian<uint16_t>(version.major, &out);
  AppendLittleEndian<uint16_t>(version.minor, &out);
  out += kMagic;
  return out;
}

}  // namespace lancea
