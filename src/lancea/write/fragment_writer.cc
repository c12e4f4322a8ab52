#include "lancea/write/fragment_writer.h"

#include <algorithm>
#include <utility>

#include "lancea/io/path.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/referenced_bytes.h"
#include "lancea/util/uuid.h"
#include "lancea/write/stored_arrays.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

// What the reference gathers of a column before it writes a page.
constexpr uint64_t kLeastColumnBytes = uint64_t{8} << 20;

}  // namespace

arrow::Result<std::unique_ptr<FragmentWriter>> FragmentWriter::Make(std::vector<FileTarget> targets,
                                                                    const Schema& schema,
                                                                    const arrow::Schema& rows,
                                                                    FragmentWriterOptions options) {
  if (options.max_rows_per_file == 0) return InvalidInput("max_rows_per_file must not be 0");
  std::unique_ptr<FragmentWriter> writer(new FragmentWriter(std::move(options)));
  writer->targets_ = std::move(targets);
  writer->schema_ = schema;
  writer->file_schema_ = SchemaInDataFiles(schema);
  VisitFields(schema.fields, [&](const Field& field) { writer->has_blobs_ |= IsBlobV2(field); });
  // Data files repeat nothing of the table's own metadata.
  writer->file_schema_.metadata.clear();
  ARROW_ASSIGN_OR_RAISE(writer->stored_schema_, ToArrow(writer->file_schema_));
  for (const Field& field : schema.fields) {
    const int column = rows.GetFieldIndex(field.name);
    if (column < 0) {
      return InvalidInput("the rows have no column \"", field.name, "\", or have it twice");
    }
    writer->source_columns_.push_back(column);
  }
  return writer;
}

FragmentWriter::~FragmentWriter() {
  if (!finished_) RemoveFiles();
}

void FragmentWriter::KeepSidecars() {
  if (blobs_ == nullptr) return;
  for (const std::string& path : blobs_->sidecars()) paths_.push_back({paths_.back().store, path});
  blobs_.reset();
}

void FragmentWriter::RemoveFiles() {
  KeepSidecars();
  // Best effort: what stays behind is an orphan that verify names and cleanup removes.
  if (file_ != nullptr) (void)file_->Abort();
  file_.reset();
  for (const WrittenPath& written : paths_) (void)written.store->Delete(written.path);
  paths_.clear();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> FragmentWriter::Convert(
    const arrow::RecordBatch& batch) {
  arrow::MemoryPool* pool =
      options_.file.pool != nullptr ? options_.file.pool : arrow::default_memory_pool();
  arrow::ArrayVector columns;
  columns.reserve(source_columns_.size());
  for (size_t i = 0; i < source_columns_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column,
                          ToStored(batch.column(source_columns_[i]), schema_.fields[i],
                                   stored_schema_->field(static_cast<int>(i)), blobs_.get(), pool));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(stored_schema_, batch.num_rows(), std::move(columns));
}

arrow::Status FragmentWriter::Write(const std::shared_ptr<arrow::RecordBatch>& batch) {
  ARROW_RETURN_NOT_OK(options_.stop.Poll());
  if (batch->num_rows() == 0) return arrow::Status::OK();
  int64_t begin = 0;
  while (begin < batch->num_rows()) {
    if (file_ == nullptr) ARROW_RETURN_NOT_OK(OpenFile());
    const int64_t room =
        static_cast<int64_t>(std::min<uint64_t>(MaxRowsOfFile() - rows_in_file_, INT64_MAX));
    const int64_t count = std::min(room, batch->num_rows() - begin);
    ARROW_ASSIGN_OR_RAISE(
        auto stored, Convert(count == batch->num_rows() ? *batch : *batch->Slice(begin, count)));
    ARROW_RETURN_NOT_OK(file_->Write(*stored));
    rows_in_file_ += static_cast<uint64_t>(count);
    begin += count;
    for (size_t i = 0; i < column_bytes_.size(); ++i) {
      column_bytes_[i] += ReferencedBytes(*stored->column(static_cast<int>(i)));
    }
    ARROW_ASSIGN_OR_RAISE(const bool is_full, IsFull());
    if (is_full) ARROW_RETURN_NOT_OK(FinishFile());
  }
  return Report();
}

arrow::Result<bool> FragmentWriter::IsFull() {
  if (rows_in_file_ >= MaxRowsOfFile()) return true;
  uint64_t enough = kLeastColumnBytes;
  if (options_.file.data_cache_bytes) {
    enough = *options_.file.data_cache_bytes / std::max<size_t>(column_bytes_.size(), 1);
  }
  if (std::ranges::none_of(column_bytes_, [&](uint64_t bytes) { return bytes >= enough; })) {
    return false;
  }
  return file_->HasWritten(options_.max_bytes_per_file);
}

uint64_t FragmentWriter::MaxRowsOfFile() const {
  const uint64_t rows = options_.max_rows_per_file;
  return fragments_.size() < options_.num_full_files ? rows : std::max<uint64_t>(rows - 1, 1);
}

arrow::Status FragmentWriter::OpenFile() {
  const FileTarget& target = targets_[fragments_.size() % targets_.size()];
  data_file_ = DataFile();
  data_file_.path = DataFileName() + ".lance";
  data_file_.base_id = target.base_id;
  const FileVersion version = DataFileVersion(options_.file.format);
  data_file_.file_major_version = version.major;
  data_file_.file_minor_version = version.minor;
  const std::string path = JoinPath(target.directory, data_file_.path);
  ARROW_ASSIGN_OR_RAISE(auto object, target.store->Create(path));
  ARROW_ASSIGN_OR_RAISE(file_,
                        DataFileWriter::Make(std::move(object), file_schema_, options_.file));
  paths_.push_back({target.store, path});
  if (has_blobs_) {
    blobs_ = std::make_unique<BlobV2Writer>(target.store, target.directory, data_file_.path,
                                            &file_->out_of_line(), options_.blobs);
  }
  rows_in_file_ = 0;
  column_bytes_.assign(source_columns_.size(), 0);
  if (!options_.fragment_begun) return arrow::Status::OK();
  FragmentMetadata begun;
  begun.files.push_back(data_file_);
  return options_.fragment_begun(begun);
}

arrow::Status FragmentWriter::FinishFile() {
  if (blobs_ != nullptr) {
    ARROW_RETURN_NOT_OK(blobs_->Finish().status());
    KeepSidecars();
  }
  ARROW_ASSIGN_OR_RAISE(WrittenFile written, file_->Finish());
  file_.reset();
  data_file_.fields = std::move(written.fields);
  data_file_.column_indices = std::move(written.column_indices);
  data_file_.file_size_bytes = written.size_bytes;
  FragmentMetadata fragment;
  fragment.files.push_back(std::move(data_file_));
  fragment.physical_rows = rows_in_file_;
  fragments_.push_back(std::move(fragment));
  done_.rows += rows_in_file_;
  done_.bytes += written.size_bytes;
  ++done_.files;
  rows_in_file_ = 0;
  if (!options_.fragment_complete) return arrow::Status::OK();
  return options_.fragment_complete(fragments_.back());
}

arrow::Status FragmentWriter::Report() {
  if (!options_.progress) return arrow::Status::OK();
  WriteProgress now = done_;
  now.rows += rows_in_file_;
  if (file_ != nullptr) now.bytes += file_->bytes_written();
  return options_.progress(now);
}

arrow::Result<std::vector<FragmentMetadata>> FragmentWriter::Complete() {
  if (file_ != nullptr) {
    ARROW_RETURN_NOT_OK(FinishFile());
    ARROW_RETURN_NOT_OK(Report());
  }
  return std::move(fragments_);
}

arrow::Result<std::vector<FragmentMetadata>> FragmentWriter::Finish() {
  ARROW_ASSIGN_OR_RAISE(auto fragments, Complete());
  Release();
  return fragments;
}

}  // namespace lancea
