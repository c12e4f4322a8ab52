// One data file by itself: rows as they are given, turned into what files store.
#include "lancea/file_writer.h"

#include <vector>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/session_impl.h"
#include "lancea/file/data_file_writer.h"
#include "lancea/io/uri.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/write/stored_arrays.h"
#include "lancea/write/write_schema.h"

namespace lancea {

class FileWriter::Impl {
 public:
  StoreAndPath where;
  std::shared_ptr<Session> session;
  FileWriteOptions options;
  Schema schema;
  std::shared_ptr<arrow::Schema> stored;
  std::unique_ptr<DataFileWriter> file;  // made once the schema is known
  arrow::Status failure;                 // of what came before the file
  uint64_t size_bytes = 0;               // once finished

  arrow::Status Begin(const arrow::Schema& rows) {
    ARROW_ASSIGN_OR_RAISE(schema, SchemaOfNewTable(rows));
    bool has_blobs = false;
    VisitFields(schema.fields, [&](const Field& field) { has_blobs |= IsBlobV2(field); });
    if (has_blobs) return Unsupported("blob v2 columns in a file without a table");
    ARROW_ASSIGN_OR_RAISE(stored, ToArrow(schema));
    ARROW_ASSIGN_OR_RAISE(auto object, where.store->Create(where.path));
    ARROW_ASSIGN_OR_RAISE(file, DataFileWriter::Make(std::move(object), schema, options));
    return arrow::Status::OK();
  }

  arrow::Status Write(const arrow::RecordBatch& batch) {
    ARROW_RETURN_NOT_OK(failure);
    if (file == nullptr) {
      failure = Begin(*batch.schema());
      ARROW_RETURN_NOT_OK(failure);
    }
    auto converted = Convert(batch);
    if (!converted.ok()) {
      failure = converted.status();
      (void)file->Abort();
      return failure;
    }
    return file->Write(**converted);
  }

  // The batch's columns in the schema's order, as they are stored.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Convert(
      const arrow::RecordBatch& batch) const {
    ARROW_ASSIGN_OR_RAISE(Schema given, SchemaOfAppendedRows(schema, *batch.schema()));
    if (given.fields.size() != schema.fields.size()) {
      return InvalidInput("a batch of ", given.fields.size(), " of the file's ",
                          schema.fields.size(), " columns");
    }
    arrow::ArrayVector columns;
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            ToStored(batch.GetColumnByName(schema.fields[i].name), given.fields[i],
                                     stored->field(static_cast<int>(i)), nullptr, options.pool));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(stored, batch.num_rows(), std::move(columns));
  }

  arrow::Status NeedFile() const {
    ARROW_RETURN_NOT_OK(failure);
    if (file == nullptr) return InvalidInput("the file has no schema yet: give one, or rows first");
    return arrow::Status::OK();
  }
};

FileWriter::FileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileWriter::~FileWriter() = default;

arrow::Result<std::unique_ptr<FileWriter>> FileWriter::Open(
    const std::string& uri, const std::shared_ptr<arrow::Schema>& schema,
    FileWriterOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->session = options.session != nullptr ? options.session : Session::Default();
  impl->where = {impl->session->host().object_store, uri};
  if (impl->where.store == nullptr) {
    ARROW_ASSIGN_OR_RAISE(impl->where, ResolveUri(uri, options.storage_options));
  }
  FileWriteOptions& file = impl->options;
  if (options.version.has_value()) {
    ARROW_ASSIGN_OR_RAISE(file.format, ParseStorageVersion(*options.version));
  }
  file.encoding.compact = options.compact;
  file.checksums = options.checksums;
  if (options.max_page_bytes.has_value()) file.max_page_bytes = *options.max_page_bytes;
  file.data_cache_bytes = options.data_cache_bytes;
  file.keep_original_array = options.keep_original_array;
  file.pool = impl->session->impl().memory_pool();
  KeepTo(MemoryShares(impl->session->memory_limit()), &file);
  if (options.use_threads) file.cpu = impl->session->impl().cpu_executor();
  if (schema != nullptr) ARROW_RETURN_NOT_OK(impl->Begin(*schema));
  return std::unique_ptr<FileWriter>(new FileWriter(std::move(impl)));
}

arrow::Status FileWriter::Write(const arrow::RecordBatch& batch) { return impl_->Write(batch); }

arrow::Status FileWriter::Write(const arrow::Table& table) {
  arrow::TableBatchReader batches(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(Write(*batch));
  }
}

arrow::Result<uint32_t> FileWriter::AddGlobalBuffer(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_RETURN_NOT_OK(impl_->NeedFile());
  return impl_->file->AddGlobalBuffer(bytes);
}

arrow::Status FileWriter::AddSchemaMetadata(const std::string& key, const std::string& value) {
  ARROW_RETURN_NOT_OK(impl_->NeedFile());
  return impl_->file->AddSchemaMetadata(key, value);
}

arrow::Result<uint64_t> FileWriter::Finish() {
  ARROW_RETURN_NOT_OK(impl_->NeedFile());
  ARROW_ASSIGN_OR_RAISE(WrittenFile written, impl_->file->Finish());
  impl_->size_bytes = written.size_bytes;
  return written.num_rows;
}

uint64_t FileWriter::size_bytes() const { return impl_->size_bytes; }

arrow::Status FileWriter::Abort() {
  return impl_->file == nullptr ? arrow::Status::OK() : impl_->file->Abort();
}

}  // namespace lancea
