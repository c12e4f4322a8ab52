#include "lancea/file/column_metadata.h"

#include <google/protobuf/any.pb.h>

#include "arrow/buffer.h"
#include "lancea/proto/file2.pb.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

namespace pb = lance::file::v2;

arrow::Status CheckRange(const ByteRange& range, uint64_t file_size) {
  if (range.offset > file_size || range.length > file_size - range.offset) {
    return Corrupt("buffer of ", range.length, " bytes at ", range.offset, " of a file of ",
                   file_size);
  }
  return arrow::Status::OK();
}

template <typename Message>
arrow::Result<std::vector<ByteRange>> ParseBuffers(const Message& message, uint64_t file_size) {
  if (message.buffer_offsets_size() != message.buffer_sizes_size()) {
    return Corrupt(message.buffer_offsets_size(), " buffer offsets but ",
                   message.buffer_sizes_size(), " sizes");
  }
  std::vector<ByteRange> out(message.buffer_offsets_size());
  for (int i = 0; i < message.buffer_offsets_size(); ++i) {
    out[i] = {message.buffer_offsets(i), message.buffer_sizes(i)};
    ARROW_RETURN_NOT_OK(CheckRange(out[i], file_size));
  }
  return out;
}

arrow::Result<EncodingBlob> ParseEncoding(const pb::Encoding& message, uint64_t file_size,
                                          const ReadBytes& read) {
  google::protobuf::Any any;
  if (message.has_direct()) {
    if (!ParseMessageIn(message.direct().encoding(), &any)) {
      return Corrupt("encoding message does not parse");
    }
  } else if (message.has_indirect()) {
    const ByteRange range{message.indirect().buffer_location(), message.indirect().buffer_length()};
    ARROW_RETURN_NOT_OK(CheckRange(range, file_size));
    ARROW_ASSIGN_OR_RAISE(auto bytes, read(range));
    if (!ParseMessageIn(*bytes, &any)) return Corrupt("encoding message does not parse");
  }
  EncodingBlob out;
  out.type_url = std::move(*any.mutable_type_url());
  out.value = std::move(*any.mutable_value());
  return out;
}

arrow::Result<PageInfo> ParsePage(const pb::ColumnMetadata::Page& message, uint64_t file_size,
                                  const ReadBytes& read) {
  PageInfo page;
  ARROW_ASSIGN_OR_RAISE(page.buffers, ParseBuffers(message, file_size));
  ARROW_ASSIGN_OR_RAISE(page.encoding, ParseEncoding(message.encoding(), file_size, read));
  page.num_rows = message.length();
  return page;
}

}  // namespace

arrow::Result<ColumnInfo> ParseColumnMetadata(Bytes bytes, int32_t index, uint64_t file_size,
                                              const ReadBytes& read) {
  pb::ColumnMetadata message;
  if (!ParseMessage(bytes, &message)) return Corrupt("column metadata do not parse");
  ColumnInfo out;
  out.index = index;
  // Pages that all point at one large message would copy it page by page.
  uint64_t left = file_size;
  const ReadBytes read_once =
      [&](ByteRange range) -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
    if (range.length > left) return Corrupt("encoding messages take more bytes than the file has");
    left -= range.length;
    return read(range);
  };
  ARROW_ASSIGN_OR_RAISE(out.buffers, ParseBuffers(message, file_size));
  ARROW_ASSIGN_OR_RAISE(out.encoding, ParseEncoding(message.encoding(), file_size, read_once));
  out.pages.reserve(message.pages_size());
  for (const auto& page_message : message.pages()) {
    auto page = ParsePage(page_message, file_size, read_once);
    if (!page.ok()) {
      return Prefix(page.status(), "page " + std::to_string(out.pages.size()));
    }
    page->first_row = out.num_rows;
    if (page->num_rows > kMaxRowsPerFile || out.num_rows + page->num_rows > kMaxRowsPerFile) {
      return Corrupt("page ", out.pages.size(), " says it has ", page->num_rows, " rows");
    }
    out.num_rows += page->num_rows;
    out.pages.push_back(std::move(page).ValueUnsafe());
  }
  return out;
}

}  // namespace lancea
