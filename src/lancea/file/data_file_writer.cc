#include "lancea/file/data_file_writer.h"

#include <algorithm>

#include "arrow/array/concatenate.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/thread_pool.h"
#include "lancea/encoding/column_info.h"
#include "lancea/file/check_nulls.h"
#include "lancea/file/file_tail_writer.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/referenced_bytes.h"

namespace lancea {
namespace {

// Pages being encoded or waiting to be written: enough for some threads, whatever their size.
constexpr uint64_t kMinWaitingBytes = uint64_t{8} << 20;

uint64_t CountLeaves(const Field& field) {
  if (field.children.empty() || IsPackedStruct(field) || IsBlob(field)) return 1;
  uint64_t leaves = 0;
  for (const Field& child : field.children) leaves += CountLeaves(child);
  return leaves;
}

PageLimits LimitsOf(const Schema& schema, const FileWriteOptions& options) {
  uint64_t leaves = 0;
  for (const Field& field : schema.fields) leaves += CountLeaves(field);
  leaves = std::max<uint64_t>(leaves, 1);
  PageLimits limits;
  const uint64_t total = options.data_cache_bytes.value_or(
      std::min(options.max_default_cache_bytes / leaves, options.column_cache_bytes) * leaves);
  limits.column_buffer_bytes = std::max<uint64_t>(total / leaves, 1);
  limits.max_page_bytes = options.max_page_bytes;
  return limits;
}

uint64_t MaxWaitingBytes(const FileWriteOptions& options, const PageLimits& limits) {
  const int threads = options.cpu == nullptr ? 1 : std::max(options.cpu->GetCapacity(), 1);
  const uint64_t enough = (static_cast<uint64_t>(threads) + 1) * limits.column_buffer_bytes;
  return std::min(std::max(enough, kMinWaitingBytes), options.max_waiting_bytes);
}

// The bytes of blobs go to the file before Append returns.
bool IsWrittenAtOnce(const Field& field, const arrow::Array& rows) {
  return IsBlob(field) && rows.type_id() == arrow::Type::LARGE_BINARY;
}

}  // namespace

void KeepTo(const MemoryShares& shares, FileWriteOptions* options) {
  options->max_default_cache_bytes = std::min(options->max_default_cache_bytes, shares.gathered());
  options->max_waiting_bytes = std::min(options->max_waiting_bytes, shares.waiting());
}

// Values outside of pages. All pages before are written first, so that where the bytes land does not
// depend on how far other threads are.
class DataFileWriter::OutOfLine : public OutOfLineWriter {
 public:
  explicit OutOfLine(DataFileWriter* file) : file_(file) {}
  arrow::Result<uint64_t> Write(const std::shared_ptr<arrow::Buffer>& bytes) override {
    ARROW_RETURN_NOT_OK(file_->failure_);
    if (file_->finished_) return InvalidInput("the file is finished");
    ARROW_RETURN_NOT_OK(file_->Settle(file_->pages_->Drain()));
    auto ranges = file_->output_.WriteAligned({&bytes, 1});
    ARROW_RETURN_NOT_OK(file_->Settle(ranges.status()));
    return (*ranges)[0].offset;
  }

 private:
  DataFileWriter* const file_;
};

arrow::Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Make(
    std::unique_ptr<ObjectWriter> object, Schema schema, const FileWriteOptions& options) {
  return Make(std::move(object), std::move(schema), options, FieldWritersOf(options.format));
}

arrow::Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Make(
    std::unique_ptr<ObjectWriter> object, Schema schema, const FileWriteOptions& options,
    const FieldWriterFactory& factory) {
  FileWriteOptions settled = options;
  if (settled.pool == nullptr) settled.pool = arrow::default_memory_pool();
  settled.encoding.format = settled.format;
  const PageLimits limits = LimitsOf(schema, settled);
  std::unique_ptr<DataFileWriter> out(
      new DataFileWriter(std::move(object), std::move(schema), settled, limits));
  ARROW_RETURN_NOT_OK(out->Settle(out->Init(factory)));
  return out;
}

DataFileWriter::DataFileWriter(std::unique_ptr<ObjectWriter> object, Schema schema,
                               const FileWriteOptions& options, PageLimits limits)
    : schema_(std::move(schema)),
      options_(options),
      limits_(limits),
      output_(std::move(object), options.checksums),
      out_of_line_(std::make_unique<OutOfLine>(this)) {
  schema_.metadata.erase(kChecksumsKey);
}

OutOfLineWriter& DataFileWriter::out_of_line() { return *out_of_line_; }

DataFileWriter::~DataFileWriter() { (void)Abort(); }

arrow::Status DataFileWriter::Init(const FieldWriterFactory& factory) {
  if (options_.max_page_bytes == 0) return InvalidInput("max_page_bytes must be positive, got 0");
  if (options_.data_cache_bytes == 0) {
    return InvalidInput("data_cache_bytes must be positive, got 0");
  }
  pages_ = std::make_unique<OrderedPages>(options_.cpu, MaxWaitingBytes(options_, limits_),
                                          [this](int column, EncodedPage page) -> arrow::Status {
                                            ARROW_ASSIGN_OR_RAISE(
                                                auto buffers, output_.WriteAligned(page.buffers));
                                            return columns_[column].AddPage(page, buffers);
                                          });
  for (const Field& field : schema_.fields) {
    TopField top;
    ARROW_ASSIGN_OR_RAISE(top.arrow_field, ToArrow(field));
    auto writer = factory(field, top.arrow_field, options_.encoding, limits_, out_of_line_.get(),
                          options_.pool);
    if (!writer.ok()) return Prefix(writer.status(), "column \"" + field.name + "\"");
    top.writer = *std::move(writer);
    top.first_column = static_cast<int>(columns_.size());
    columns_.resize(columns_.size() + top.writer->column_field_ids().size());
    fields_.push_back(std::move(top));
  }
  return arrow::Status::OK();
}

arrow::Status DataFileWriter::Settle(arrow::Status status) {
  if (status.ok()) return status;
  (void)Abort();
  failure_ = status;
  return status;
}

arrow::Status DataFileWriter::Abort() {
  if (finished_ || !failure_.ok()) return arrow::Status::OK();
  failure_ = InvalidInput("the file was aborted");
  if (pages_ != nullptr) pages_->Abandon();
  return output_.object().Abort();
}

arrow::Status DataFileWriter::Write(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(failure_);
  if (finished_) return InvalidInput("the file is finished");
  return Settle(DoWrite(batch));
}

arrow::Status DataFileWriter::DoWrite(const arrow::RecordBatch& batch) {
  if (static_cast<size_t>(batch.num_columns()) != fields_.size()) {
    return InvalidInput("a batch of ", batch.num_columns(), " columns for a file of ",
                        fields_.size());
  }
  if (batch.num_rows() == 0) return arrow::Status::OK();
  if (num_rows_ + static_cast<uint64_t>(batch.num_rows()) > kMaxRowsPerFile) {
    return InvalidInput("more than ", kMaxRowsPerFile, " rows in one file");
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    const arrow::Field& field = *fields_[i].arrow_field;
    const arrow::Array& array = *batch.column(static_cast<int>(i));
    if (array.type_id() != field.type()->id()) {
      return InvalidInput("column \"", field.name(), "\" is ", field.type()->ToString(), ", got ",
                          array.type()->ToString());
    }
    ARROW_RETURN_NOT_OK(
        CheckNulls(array, field, static_cast<int64_t>(options_.first_row + num_rows_)));
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    TopField& field = fields_[i];
    std::shared_ptr<arrow::Array> rows = batch.column(static_cast<int>(i));
    // Small arrays wait for more; copied, they do not keep the rest of what they are a part of.
    if (!options_.keep_original_array && !IsWrittenAtOnce(schema_.fields[i], *rows) &&
        ReferencedBytes(*rows) < limits_.column_buffer_bytes) {
      ARROW_ASSIGN_OR_RAISE(rows, arrow::Concatenate({rows}, options_.pool));
    }
    auto pages = field.writer->Append(rows);
    if (!pages.ok()) {
      return Prefix(pages.status(), "column \"" + field.arrow_field->name() + "\"");
    }
    ARROW_RETURN_NOT_OK(AddPages(field, *std::move(pages)));
  }
  num_rows_ += static_cast<uint64_t>(batch.num_rows());
  return arrow::Status::OK();
}

arrow::Status DataFileWriter::AddPages(const TopField& field, std::vector<PendingPage> pages) {
  for (PendingPage& page : pages) {
    auto encode = [encode = std::move(page.encode), name = field.arrow_field->name()] {
      auto encoded = encode();
      return encoded.ok() ? std::move(encoded)
                          : Prefix(encoded.status(), "column \"" + name + "\"");
    };
    ARROW_RETURN_NOT_OK(pages_->Add(field.first_column + page.column,
                                    {page.column, page.bytes, std::move(encode)}));
  }
  return arrow::Status::OK();
}

arrow::Result<uint32_t> DataFileWriter::AddGlobalBuffer(
    const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_RETURN_NOT_OK(failure_);
  if (finished_) return InvalidInput("the file is finished");
  if (bytes == nullptr) return InvalidInput("no bytes for a global buffer");
  ARROW_RETURN_NOT_OK(Settle(pages_->Drain()));
  auto ranges = output_.WriteAligned({&bytes, 1});
  ARROW_RETURN_NOT_OK(Settle(ranges.status()));
  global_buffers_.push_back((*ranges)[0]);
  return static_cast<uint32_t>(global_buffers_.size());
}

arrow::Status DataFileWriter::AddSchemaMetadata(const std::string& key, const std::string& value) {
  ARROW_RETURN_NOT_OK(failure_);
  if (finished_) return InvalidInput("the file is finished");
  if (key == kChecksumsKey)
    return InvalidInput("the schema metadata key \"", key, "\" is reserved");
  schema_.metadata[key] = value;
  return arrow::Status::OK();
}

uint64_t DataFileWriter::buffered_bytes() const {
  uint64_t bytes = 0;
  for (const TopField& field : fields_) bytes += field.writer->buffered_bytes();
  return bytes;
}

arrow::Result<bool> DataFileWriter::HasWritten(uint64_t bytes) {
  ARROW_RETURN_NOT_OK(failure_);
  if (pages_ != nullptr && output_.position() < bytes &&
      output_.position() + pages_->waiting_bytes() >= bytes) {
    ARROW_RETURN_NOT_OK(Settle(pages_->Drain()));
  }
  return output_.position() >= bytes;
}

arrow::Result<WrittenFile> DataFileWriter::Finish() {
  ARROW_RETURN_NOT_OK(failure_);
  if (finished_) return InvalidInput("the file is finished");
  auto written = DoFinish();
  ARROW_RETURN_NOT_OK(Settle(written.status()));
  finished_ = true;
  return written;
}

arrow::Result<WrittenFile> DataFileWriter::DoFinish() {
  WrittenFile out;
  for (TopField& field : fields_) {
    auto pages = field.writer->Finish();
    if (!pages.ok()) {
      return Prefix(pages.status(), "column \"" + field.arrow_field->name() + "\"");
    }
    ARROW_RETURN_NOT_OK(AddPages(field, *std::move(pages)));
    for (int32_t id : field.writer->column_field_ids()) {
      out.column_indices.push_back(static_cast<int32_t>(out.fields.size()));
      out.fields.push_back(id);
    }
  }
  ARROW_RETURN_NOT_OK(pages_->Drain());
  ARROW_RETURN_NOT_OK(WriteTail());
  ARROW_RETURN_NOT_OK(output_.object().Finish());
  const FileVersion version = DataFileVersion(options_.format);
  out.num_rows = num_rows_;
  out.size_bytes = output_.position();
  out.major = version.major;
  out.minor = version.minor;
  return out;
}

arrow::Status DataFileWriter::WriteTail() {
  std::vector<std::string> columns;
  columns.reserve(columns_.size());
  for (TopField& field : fields_) {
    for (const EncodingBlob& encoding : field.writer->column_encodings()) {
      ARROW_ASSIGN_OR_RAISE(auto column, columns_[columns.size()].Finish(encoding));
      columns.push_back(std::move(column));
    }
  }
  if (columns.size() != columns_.size()) {
    return arrow::Status::UnknownError("encodings for ", columns.size(), " of ", columns_.size(),
                                       " columns");
  }
  return WriteFileTail({options_.format, schema_, num_rows_, columns, global_buffers_},
                       options_.pool, &output_);
}

}  // namespace lancea
