// One data file by itself: its own schema, its pages, and its rows without a table around them.
#include "lancea/file_reader.h"

#include <map>

#include "arrow/array/builder_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/compute/api_vector.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "lancea/dataset/describe_legacy.h"
#include "lancea/dataset/session_impl.h"
#include "lancea/dataset/stored_field.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/file/page_factory.h"
#include "lancea/file/run_tasks.h"
#include "lancea/io/uri.h"
#include "lancea/scan/blobs.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct Column {
  std::shared_ptr<const FieldReader> reader;
  bool is_blob = false;  ///< v1, at the top level: shown as bytes
};

// What a stream of batches needs after the FileReader itself may be gone.
struct OpenColumns {
  std::shared_ptr<Session> session;
  std::shared_ptr<const DataFileReader> file;
  std::vector<Column> columns;
  std::shared_ptr<arrow::Schema> schema;
  ReadOptions options;

  arrow::MemoryPool* pool() const { return session->impl().memory_pool(); }

  // `rows` ascending and disjoint, inside the file.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(std::span<const RowRange> rows) const {
    std::vector<std::unique_ptr<ReadTask>> tasks;
    tasks.reserve(columns.size());
    for (const Column& column : columns) {
      auto task = column.reader->Read(rows, pool());
      if (!task.ok()) return Prefix(task.status(), file->object()->path());
      tasks.push_back(*std::move(task));
    }
    ARROW_RETURN_NOT_OK(RunTasks(*file->object(), tasks, options));
    int64_t num_rows = 0;
    for (const RowRange& range : rows) num_rows += static_cast<int64_t>(range.size());
    arrow::ArrayVector arrays;
    for (size_t i = 0; i < columns.size(); ++i) {
      auto decoded = tasks[i]->Finish();
      if (!decoded.ok()) return Prefix(decoded.status(), file->object()->path());
      std::shared_ptr<arrow::Array> array;
      if (decoded->size() == 1) {
        array = (*decoded)[0];
      } else if (decoded->empty()) {
        ARROW_ASSIGN_OR_RAISE(array,
                              arrow::MakeEmptyArray(columns[i].reader->field()->type(), pool()));
      } else {
        ARROW_ASSIGN_OR_RAISE(array, arrow::Concatenate(*decoded, pool()));
      }
      if (columns[i].is_blob) {
        auto blobs = ReadBlobsOfFile(*file->object(), *array, options);
        if (!blobs.ok()) return Prefix(blobs.status(), file->object()->path());
        ARROW_ASSIGN_OR_RAISE(array, BlobsToArray(*blobs, pool()));
      }
      if (array->length() != num_rows) {
        return Corrupt(file->object()->path(), ": column \"",
                       schema->field(static_cast<int>(i))->name(), "\" gave ", array->length(),
                       " of ", num_rows, " rows");
      }
      arrays.push_back(std::move(array));
    }
    return arrow::RecordBatch::Make(schema, num_rows, std::move(arrays));
  }
};

// Decodes one batch for each call, so memory holds one batch.
class RangeBatches : public arrow::RecordBatchReader {
 public:
  RangeBatches(std::shared_ptr<const OpenColumns> columns, RowRange rows, uint64_t batch_size)
      : columns_(std::move(columns)), rows_(rows), batch_size_(batch_size) {}

  std::shared_ptr<arrow::Schema> schema() const override { return columns_->schema; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (rows_.size() == 0) return arrow::Status::OK();
    const RowRange next{rows_.start, rows_.start + std::min(batch_size_, rows_.size())};
    ARROW_ASSIGN_OR_RAISE(*batch, columns_->Read({&next, 1}));
    rows_.start = next.end;
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<const OpenColumns> columns_;
  RowRange rows_;
  uint64_t batch_size_;
};

arrow::Status CheckBatchSize(int64_t batch_size) {
  if (batch_size > 0) return arrow::Status::OK();
  return InvalidInput("batch_size must be positive, got ", batch_size);
}

// Dotted paths of all fields by id, as column descriptions name them.
void CollectNames(const std::vector<Field>& fields, std::vector<std::string>* path,
                  std::map<int32_t, std::string>* names) {
  for (const Field& field : fields) {
    path->push_back(field.name);
    names->emplace(field.id, FormatFieldPath(*path));
    if (!IsBlob(field)) CollectNames(field.children, path, names);
    path->pop_back();
  }
}

}  // namespace

uint64_t PageDescription::num_bytes() const {
  uint64_t bytes = 0;
  for (const ByteRange& buffer : buffers) bytes += buffer.length;
  return bytes;
}

uint64_t ColumnDescription::num_bytes() const {
  uint64_t bytes = 0;
  for (const PageDescription& page : pages) bytes += page.num_bytes();
  return bytes;
}

class FileReader::Impl {
 public:
  std::shared_ptr<const DataFileReader> file;
  Schema own_schema;
  FieldColumns own_columns;
  std::shared_ptr<OpenColumns> columns;
};

FileReader::FileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileReader::~FileReader() = default;

arrow::Result<std::shared_ptr<FileReader>> FileReader::Open(
    const std::string& uri, std::optional<std::vector<std::string>> columns,
    std::shared_ptr<Session> session, const std::map<std::string, std::string>& storage_options) {
  if (session == nullptr) session = Session::Default();
  StoreAndPath where{session->host().object_store, uri};
  if (where.store == nullptr) {
    ARROW_ASSIGN_OR_RAISE(where, ResolveUri(uri, storage_options));
  }
  return OpenIn(where.store, where.path, std::move(columns), std::move(session));
}

arrow::Result<std::shared_ptr<FileReader>> FileReader::OpenIn(
    const std::shared_ptr<ObjectStore>& store, const std::string& path,
    std::optional<std::vector<std::string>> columns, std::shared_ptr<Session> session) {
  if (session == nullptr) session = Session::Default();
  ARROW_ASSIGN_OR_RAISE(auto object, store->Open(path));
  // Not kept in the session: a file without a table may be written anew under its name.
  ARROW_ASSIGN_OR_RAISE(
      auto file, DataFileReader::Open(std::move(object), nullptr,
                                      DataFileOptions::Of(session->host().verify_checksums)));
  auto impl = std::make_unique<Impl>();
  impl->file = file;
  ARROW_ASSIGN_OR_RAISE(impl->own_schema, file->ReadSchema());
  ARROW_ASSIGN_OR_RAISE(impl->own_columns, file->OwnFieldColumns(impl->own_schema));
  Schema projected = impl->own_schema;
  if (columns.has_value()) {
    ARROW_ASSIGN_OR_RAISE(projected, Project(impl->own_schema, *columns));
  }
  auto open = std::make_shared<OpenColumns>();
  open->session = std::move(session);
  open->file = file;
  open->options = ReadOptionsFor(*store, open->session->host().io_executor);
  open->options.counters = &open->session->impl().io_counters();
  arrow::FieldVector fields;
  for (const Field& field : projected.fields) {
    ARROW_ASSIGN_OR_RAISE(auto stored, ToArrow(AsStored(field)));
    Column column;
    ARROW_ASSIGN_OR_RAISE(column.reader, file->MakeFieldReader(field, stored, impl->own_columns));
    column.is_blob = IsBlob(field) && !IsBlobV2(field) && !file->is_legacy();
    if (column.is_blob) {
      ARROW_ASSIGN_OR_RAISE(stored, ToArrowAsRead(field, BlobHandling::kBinary));
    }
    fields.push_back(std::move(stored));
    open->columns.push_back(std::move(column));
  }
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;
  if (!projected.metadata.empty()) {
    auto pairs = std::make_shared<arrow::KeyValueMetadata>();
    for (const auto& [key, value] : projected.metadata) pairs->Append(key, value);
    metadata = std::move(pairs);
  }
  open->schema = arrow::schema(std::move(fields), std::move(metadata));
  impl->columns = std::move(open);
  return std::shared_ptr<FileReader>(new FileReader(std::move(impl)));
}

uint16_t FileReader::major_version() const { return impl_->file->version().major; }
uint16_t FileReader::minor_version() const { return impl_->file->version().minor; }
uint64_t FileReader::num_rows() const { return impl_->file->num_rows(); }
uint64_t FileReader::size_bytes() const { return impl_->file->object()->size(); }
const Schema& FileReader::lance_schema() const { return impl_->own_schema; }
const std::shared_ptr<arrow::Schema>& FileReader::schema() const { return impl_->columns->schema; }
FileLayout FileReader::layout() const {
  FileLayout out;
  if (impl_->file->is_legacy()) return out;
  out.global_buffers = impl_->file->global_buffers();
  for (const ByteRange& buffer : out.global_buffers) out.num_global_buffer_bytes += buffer.length;
  const Footer& footer = impl_->file->footer();
  out.num_column_metadata_bytes =
      footer.global_buffer_table_position >= footer.column_metadata_position
          ? footer.global_buffer_table_position - footer.column_metadata_position
          : 0;
  out.num_data_bytes = footer.column_metadata_position -
                       std::min(footer.column_metadata_position, out.num_global_buffer_bytes);
  return out;
}

int32_t FileReader::num_global_buffers() const { return impl_->file->num_global_buffers(); }

arrow::Result<std::shared_ptr<arrow::Buffer>> FileReader::ReadGlobalBuffer(int32_t index) const {
  if (index < 0 || index >= num_global_buffers()) {
    return InvalidInput("no global buffer ", index, ", the file has ", num_global_buffers());
  }
  return impl_->file->ReadGlobalBuffer(index);
}

arrow::Result<std::vector<ColumnDescription>> FileReader::DescribeColumns() const {
  std::map<int32_t, std::string> names;
  std::vector<std::string> path;
  CollectNames(impl_->own_schema.fields, &path, &names);
  if (impl_->file->is_legacy()) {
    return DescribeLegacyColumns(*impl_->file, impl_->own_schema, names);
  }
  std::map<int32_t, int32_t> field_of_column;
  const FieldColumns& own = impl_->own_columns;
  for (size_t i = 0; i < own.field_ids.size(); ++i) {
    if (own.column_indices[i] >= 0)
      field_of_column.emplace(own.column_indices[i], own.field_ids[i]);
  }
  std::vector<ColumnDescription> out;
  for (int32_t index = 0; index < impl_->file->num_columns(); ++index) {
    ARROW_ASSIGN_OR_RAISE(auto column, impl_->file->Column(index));
    ColumnDescription description;
    if (auto field = field_of_column.find(index); field != field_of_column.end()) {
      description.field_id = field->second;
      description.name = names[field->second];
    }
    for (size_t i = 0; i < column->pages.size(); ++i) {
      const PageInfo& page = column->pages[i];
      auto encoding = DescribePage(page);
      if (!encoding.ok()) {
        return Prefix(encoding.status(), impl_->file->object()->path() + ": column " +
                                             std::to_string(index) + ", page " + std::to_string(i));
      }
      description.pages.push_back({page.num_rows, *std::move(encoding), page.buffers});
    }
    out.push_back(std::move(description));
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> FileReader::ReadRange(
    uint64_t start, uint64_t num_rows, int64_t batch_size) const {
  ARROW_RETURN_NOT_OK(CheckBatchSize(batch_size));
  const uint64_t available = this->num_rows();
  if (start > available || num_rows > available - start) {
    return InvalidInput("rows ", start, " to ", start + num_rows, " of a file of ", available,
                        " rows");
  }
  return std::make_shared<RangeBatches>(impl_->columns, RowRange{start, start + num_rows},
                                        static_cast<uint64_t>(batch_size));
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> FileReader::TakeRows(
    const std::vector<uint64_t>& indices, int64_t batch_size) const {
  ARROW_RETURN_NOT_OK(CheckBatchSize(batch_size));
  for (uint64_t index : indices) {
    if (index >= num_rows()) {
      return InvalidInput("row ", index, " is out of range: the file has ", num_rows(), " rows");
    }
  }
  std::vector<uint64_t> rows = indices;
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<RowRange> ranges;
  for (uint64_t row : rows) {
    if (!ranges.empty() && ranges.back().end == row) {
      ++ranges.back().end;
    } else {
      ranges.push_back({row, row + 1});
    }
  }
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  if (!rows.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto batch, impl_->columns->Read(ranges));
    if (rows != indices) {
      arrow::UInt64Builder order(impl_->columns->pool());
      for (uint64_t index : indices) {
        const auto at = std::lower_bound(rows.begin(), rows.end(), index) - rows.begin();
        ARROW_RETURN_NOT_OK(order.Append(static_cast<uint64_t>(at)));
      }
      ARROW_ASSIGN_OR_RAISE(auto positions, order.Finish());
      arrow::ArrayVector arrays;
      for (const auto& array : batch->columns()) {
        ARROW_ASSIGN_OR_RAISE(
            auto taken,
            arrow::compute::Take(*array, *positions, arrow::compute::TakeOptions::NoBoundsCheck()));
        arrays.push_back(std::move(taken));
      }
      batch = arrow::RecordBatch::Make(schema(), static_cast<int64_t>(indices.size()),
                                       std::move(arrays));
    }
    for (int64_t at = 0; at < batch->num_rows(); at += batch_size) {
      batches.push_back(batch->Slice(at, batch_size));
    }
  }
  return arrow::RecordBatchReader::Make(std::move(batches), schema());
}

}  // namespace lancea
