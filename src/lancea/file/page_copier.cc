#include "lancea/file/page_copier.h"

#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "lancea/file/checksums.h"
#include "lancea/file/file_tail_writer.h"
#include "lancea/proto/file2.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/crc32c.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

using Buffers = std::vector<std::shared_ptr<arrow::Buffer>>;

template <typename T>
uint32_t Extend(uint32_t crc, const T& value) {
  return Crc32c(crc, reinterpret_cast<const uint8_t*>(&value), sizeof(value));
}

uint32_t ExtendByPage(uint32_t crc, const PageInfo& page, const Buffers& buffers) {
  crc = Extend(crc, page.num_rows);
  const std::string& encoding = page.encoding.value;
  crc = Crc32c(crc, reinterpret_cast<const uint8_t*>(encoding.data()), encoding.size());
  for (const auto& buffer : buffers) {
    const auto size = static_cast<size_t>(buffer == nullptr ? 0 : buffer->size());
    crc = Extend(crc, uint64_t{size});
    if (size > 0) crc = Crc32c(crc, buffer->data(), size);
  }
  return crc;
}

/// Columns of 2.0 that say nothing but that there is a struct.
bool IsStructHeader(const Schema& schema, int32_t field_id, FileFormat format) {
  if (format != FileFormat::k2_0) return false;
  const Field* field = schema.FindById(field_id);
  return field != nullptr && field->logical_type == "struct" && !field->children.empty() &&
         !IsPackedStruct(*field);
}

// The row each page begins at. Of items below a list in 2.0 that is not the sum of the pages before.
arrow::Result<std::vector<uint64_t>> Priorities(const DataFileReader& file, int32_t index,
                                                const ColumnInfo& column) {
  ARROW_ASSIGN_OR_RAISE(const ByteRange range, file.ColumnMetadataRange(index));
  ARROW_ASSIGN_OR_RAISE(auto bytes, file.object()->ReadAt(range));
  lance::file::v2::ColumnMetadata message;
  if (!ParseMessageIn(*bytes, &message) ||
      static_cast<size_t>(message.pages_size()) != column.pages.size()) {
    return Corrupt(file.object()->path(), ": metadata of column ", index, " do not parse");
  }
  std::vector<uint64_t> rows;
  for (const auto& page : message.pages()) rows.push_back(page.priority());
  return rows;
}

// Also where the reader does not verify them.
arrow::Result<bool> HasChecksumBuffer(const DataFileReader& file) {
  if (file.has_checksums()) return true;
  auto read = [&](ByteRange range) { return file.object()->ReadAt(range); };
  ARROW_ASSIGN_OR_RAISE(const FoundChecksums found, FindChecksums(file.object()->size(), read));
  return found.present;
}

}  // namespace

// Reads the pages of one file: a small file at once, of a large one a page at a time.
class PageCopier::PageSource {
 public:
  static arrow::Result<PageSource> Open(const DataFileReader& file, uint64_t batch_bytes) {
    PageSource source(file);
    const uint64_t bytes = std::min(file.footer().column_metadata_position, file.object()->size());
    if (!file.object()->is_memory() && bytes > 0 && bytes <= batch_bytes) {
      ARROW_ASSIGN_OR_RAISE(source.all_, file.object()->ReadAt({0, bytes}));
    }
    return source;
  }

  arrow::Result<Buffers> Read(const PageInfo& page) const {
    Buffers out(page.buffers.size());
    std::vector<ByteRange> ranges;
    std::vector<size_t> wanted;
    for (size_t i = 0; i < page.buffers.size(); ++i) {
      const ByteRange& range = page.buffers[i];
      if (range.length == 0) continue;
      if (all_ != nullptr && range.offset + range.length <= static_cast<uint64_t>(all_->size())) {
        out[i] = arrow::SliceBuffer(all_, static_cast<int64_t>(range.offset),
                                    static_cast<int64_t>(range.length));
      } else {
        ranges.push_back(range);
        wanted.push_back(i);
      }
    }
    if (ranges.empty()) return out;
    ARROW_ASSIGN_OR_RAISE(auto read, file_.object()->ReadMany(ranges));
    for (size_t i = 0; i < wanted.size(); ++i) out[wanted[i]] = std::move(read[i]);
    return out;
  }

 private:
  explicit PageSource(const DataFileReader& file) : file_(file) {}
  const DataFileReader& file_;
  std::shared_ptr<arrow::Buffer> all_;
};

arrow::Result<std::unique_ptr<PageCopier>> PageCopier::Make(std::unique_ptr<ObjectWriter> object,
                                                            Schema schema,
                                                            const PageCopyOptions& options) {
  if (options.read_batch_bytes == 0) return InvalidInput("read_batch_bytes must be positive");
  PageCopyOptions settled = options;
  if (settled.pool == nullptr) settled.pool = arrow::default_memory_pool();
  return std::unique_ptr<PageCopier>(new PageCopier(std::move(object), std::move(schema), settled));
}

PageCopier::PageCopier(std::unique_ptr<ObjectWriter> object, Schema schema,
                       const PageCopyOptions& options)
    : schema_(std::move(schema)),
      options_(options),
      output_(std::move(object), options.checksums) {}

PageCopier::~PageCopier() {
  if (!finished_) (void)output_.object().Abort();
}

arrow::Result<std::string> PageCopier::Obstacle(const DataFileReader& file,
                                                const DataFileReader& first, const Schema& schema,
                                                FileFormat format) {
  const std::string& path = file.object()->path();
  const FileVersion version = FooterVersion(format);
  if (file.version().major != version.major || file.version().minor != version.minor) {
    return path + " has another version";
  }
  // The descriptor of the schema, and our checksums.
  ARROW_ASSIGN_OR_RAISE(const bool has_checksums, HasChecksumBuffer(file));
  if (file.num_global_buffers() > 1 + int32_t{has_checksums}) return path + " has global buffers";
  ARROW_ASSIGN_OR_RAISE(const FieldColumns columns, file.OwnFieldColumns(schema));
  if (columns.field_ids.size() != static_cast<size_t>(file.num_columns())) {
    return path + " has other columns";
  }
  for (int32_t i = 0; i < file.num_columns(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, file.Column(i));
    ARROW_ASSIGN_OR_RAISE(auto first_column, first.Column(i));
    if (!column->buffers.empty()) return path + " has buffers that belong to no page";
    if (column->encoding.type_url != first_column->encoding.type_url ||
        column->encoding.value != first_column->encoding.value) {
      return path + " has columns encoded another way";
    }
  }
  return std::string();
}

arrow::Status PageCopier::Begin(const DataFileReader& first) {
  ARROW_ASSIGN_OR_RAISE(const FieldColumns columns, first.OwnFieldColumns(schema_));
  columns_.resize(columns.field_ids.size());
  digests_.assign(columns_.size(), 0);
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].field_id = columns.field_ids[i];
    ARROW_ASSIGN_OR_RAISE(auto info, first.Column(static_cast<int32_t>(i)));
    columns_[i].encoding = info->encoding;
  }
  return arrow::Status::OK();
}

arrow::Status PageCopier::CopyColumn(const DataFileReader& file, const PageSource& source,
                                     int32_t index) {
  Column& column = columns_[static_cast<size_t>(index)];
  uint32_t& digest = digests_[static_cast<size_t>(index)];
  ARROW_ASSIGN_OR_RAISE(auto info, file.Column(index));
  if (IsStructHeader(schema_, column.field_id, options_.format)) {
    for (const PageInfo& page : info->pages) {
      if (!column.header) column.header = EncodedPage{{}, page.encoding, 0, 0};
      column.header->num_rows += page.num_rows;
    }
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto priorities, Priorities(file, index, *info));
  for (size_t i = 0; i < info->pages.size(); ++i) {
    const PageInfo& page = info->pages[i];
    ARROW_ASSIGN_OR_RAISE(auto buffers, source.Read(page));
    digest = ExtendByPage(digest, page, buffers);
    ARROW_ASSIGN_OR_RAISE(auto ranges, output_.WriteAligned(buffers));
    const EncodedPage copy{{}, page.encoding, page.num_rows, num_rows_ + priorities[i]};
    ARROW_RETURN_NOT_OK(column.pages.AddPage(copy, ranges));
  }
  return arrow::Status::OK();
}

arrow::Status PageCopier::Append(const DataFileReader& file) {
  if (finished_) return InvalidInput("the file is finished");
  if (columns_.empty()) ARROW_RETURN_NOT_OK(Begin(file));
  ARROW_ASSIGN_OR_RAISE(const auto source, PageSource::Open(file, options_.read_batch_bytes));
  for (int32_t i = 0; i < static_cast<int32_t>(columns_.size()); ++i) {
    ARROW_RETURN_NOT_OK(Prefix(CopyColumn(file, source, i), file.object()->path()));
  }
  num_rows_ += file.num_rows();
  return arrow::Status::OK();
}

arrow::Result<WrittenFile> PageCopier::Finish() {
  if (finished_) return InvalidInput("the file is finished");
  WrittenFile out;
  std::vector<std::string> columns;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (column.header) {
      ARROW_RETURN_NOT_OK(column.pages.AddPage(*column.header, {}));
      digests_[i] = ExtendByPage(0, {{}, column.header->num_rows, 0, column.header->encoding}, {});
    }
    ARROW_ASSIGN_OR_RAISE(auto metadata, column.pages.Finish(column.encoding));
    columns.push_back(std::move(metadata));
    out.fields.push_back(column.field_id);
    out.column_indices.push_back(static_cast<int32_t>(i));
  }
  ARROW_RETURN_NOT_OK(
      WriteFileTail({options_.format, schema_, num_rows_, columns, {}}, options_.pool, &output_));
  ARROW_RETURN_NOT_OK(output_.object().Finish());
  finished_ = true;
  const FileVersion version = DataFileVersion(options_.format);
  out.num_rows = num_rows_;
  out.size_bytes = output_.position();
  out.major = version.major;
  out.minor = version.minor;
  return out;
}

arrow::Result<std::vector<uint32_t>> PageCopier::Digest(const DataFileReader& file,
                                                        uint64_t read_batch_bytes) {
  std::vector<uint32_t> digests(static_cast<size_t>(file.num_columns()), 0);
  ARROW_ASSIGN_OR_RAISE(auto source, PageSource::Open(file, read_batch_bytes));
  for (int32_t i = 0; i < file.num_columns(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto info, file.Column(i));
    for (const PageInfo& page : info->pages) {
      ARROW_ASSIGN_OR_RAISE(auto buffers, source.Read(page));
      uint32_t& digest = digests[static_cast<size_t>(i)];
      digest = ExtendByPage(digest, page, buffers);
    }
  }
  return digests;
}

}  // namespace lancea
