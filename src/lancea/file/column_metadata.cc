#include "lancea/file/column_metadata.h"

#include <limits>

#include <google/protobuf/any.pb.h>

#include "arrow/buffer.h"
#include "lancea/proto/file2.pb.h"

namespace lancea {
namespace {

namespace pb = lance::file::v2;

arrow::Status CheckRange(const ByteRange& range, uint64_t file_size) {
  if (range.offset > file_size || range.length > file_size - range.offset) {
    return Corrupt("buffer of ", range.length, " bytes at ", range.offset, " of a file of ", file_size);
  }
  return arrow::Status::OK();
}

template <typename Message>
arrow::Result<std::vector<ByteRange>> ParseBuffers(const Message& message, uint64_t file_size) {
  if (message.buffer_offsets_size() != message.buffer_sizes_size()) {
    return Corrupt(message.buffer_offsets_size(), " buffer offsets but ", message.buffer_sizes_size(),
                   " sizes");
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
    if (!any.ParseFromString(message.direct().encoding())) {
      return Corrupt("encoding message does not parse");
    }
  } else if (message.has_indirect()) {
    const ByteRange range{message.indirect().buffer_location(), message.indirect().buffer_length()};
    ARROW_RETURN_NOT_OK(CheckRange(range, file_size));
    ARROW_ASSIGN_OR_RAISE(auto bytes, read(range));
    if (bytes->size() > std::numeric_limits<int>::max() ||
        !any.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return Corrupt("encoding message does not parse");
    }
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
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Corrupt("column metadata do not parse");
  }
  ColumnInfo out;
  out.index = index;
  ARROW_ASSIGN_OR_RAISE(out.buffers, ParseBuffers(message, file_size));
  ARROW_ASSIGN_OR_RAISE(out.encoding, ParseEncoding(message.encoding(), file_size, read));
  out.pages.reserve(message.pages_size());
  for (const auto& page_message : message.pages()) {
    auto page = ParsePage(page_message, file_size, read);
    if (!page.ok()) {
      return Prefix(page.status(), "page " + std::to_string(out.pages.size()));
    }
    page->first_row = out.num_rows;
    // Rows are bounded so that sums and products with fixed-size-list dimensions cannot overflow.
    constexpr uint64_t kMaxRows = uint64_t{1} << 48;
    if (page->num_rows > kMaxRows || out.num_rows + page->num_rows > kMaxRows) {
      return Corrupt("page ", out.pages.size(), " says it has ", page->num_rows, " rows");
    }
    out.num_rows += page->num_rows;
    out.pages.push_back(std::move(page).ValueUnsafe());
  }
  return out;
}

}  // namespace lancea
