#include "lancea/change/join_rows.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/byte_size.h"

namespace lancea {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{1} << 20;

// A file returns what it was given of these; extension types may come back as what they store.
bool ComesBackTheSame(const arrow::DataType& type) {
  if (type.id() == arrow::Type::EXTENSION || type.id() == arrow::Type::NA) return false;
  return std::ranges::all_of(type.fields(),
                             [](const auto& field) { return ComesBackTheSame(*field->type()); });
}

bool ComesBackTheSame(const arrow::Schema& schema) {
  return std::ranges::all_of(schema.fields(), [](const auto& field) {
    return field->metadata() == nullptr && ComesBackTheSame(*field->type());
  });
}

// Row numbers as indices; negative ones are null.
arrow::Result<std::shared_ptr<arrow::Array>> Indices(const std::vector<int64_t>& rows,
                                                     arrow::MemoryPool* pool) {
  const auto count = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid,
                        arrow::AllocateEmptyBitmap(count, pool));
  int64_t num_null = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (rows[static_cast<size_t>(i)] >= 0) {
      arrow::bit_util::SetBit(valid->mutable_data(), i);
    } else {
      ++num_null;
    }
  }
  return std::make_shared<arrow::Int64Array>(count, arrow::Buffer::Wrap(rows),
                                             num_null == 0 ? nullptr : std::move(valid), num_null);
}

arrow::Result<std::shared_ptr<arrow::Array>> TakeColumn(const arrow::ChunkedArray& column,
                                                        const std::shared_ptr<arrow::Array>& rows,
                                                        arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  const auto options = arrow::compute::TakeOptions::NoBoundsCheck();
  if (column.num_chunks() == 1) {
    return arrow::compute::Take(*column.chunk(0), *rows, options, &context);
  }
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum found,
      arrow::compute::Take(std::make_shared<arrow::ChunkedArray>(column.chunks(), column.type()),
                           rows, options, &context));
  return arrow::Concatenate(found.chunks(), pool);
}

}  // namespace

JoinRows::~JoinRows() {
  if (!path_.empty()) unlink(path_.c_str());
}

// Nothing of the temporary file will be asked for again.
std::shared_ptr<Session> JoinRows::OwnSession() const {
  Host host;
  host.memory_pool = memory_.pool;
  auto session = std::make_shared<Session>(kCacheBytes, std::move(host));
  session->set_memory_limit(memory_.limit);
  return session;
}

arrow::Status JoinRows::BeginSpill(const arrow::Schema& schema) {
  path_ = memory_.spill_directory + "/lancea-join-XXXXXX";
  const int descriptor = mkstemp(path_.data());
  if (descriptor < 0) {
    const int error = errno;
    path_.clear();
    return arrow::Status::IOError("making a temporary file in ", memory_.spill_directory, ": ",
                                  strerror(error));
  }
  close(descriptor);
  FileWriterOptions options;
  options.checksums = false;
  options.data_cache_bytes =
      std::clamp<uint64_t>(memory_.limit / 8, uint64_t{1} << 20, uint64_t{64} << 20);
  options.session = OwnSession();
  ARROW_ASSIGN_OR_RAISE(
      writer_, FileWriter::Open(path_, arrow::schema(schema.fields()), std::move(options)));
  for (auto& batch : batches_) {
    ARROW_RETURN_NOT_OK(writer_->Write(*batch));
    batch.reset();
  }
  batches_.clear();
  return arrow::Status::OK();
}

arrow::Status JoinRows::Add(const std::shared_ptr<arrow::RecordBatch>& rows) {
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*rows));
  num_bytes_ += static_cast<uint64_t>(bytes);
  num_rows_ += static_cast<uint64_t>(rows->num_rows());
  if (writer_ != nullptr) return writer_->Write(*rows);
  batches_.push_back(rows);
  // Twice: to be found quickly they are copied into one piece.
  if (num_bytes_ <= memory_.limit / 2 || rows->num_columns() == 0 ||
      !ComesBackTheSame(*rows->schema())) {
    return arrow::Status::OK();
  }
  return BeginSpill(*rows->schema());
}

arrow::Status JoinRows::Finish(const std::shared_ptr<arrow::Schema>& schema) {
  schema_ = schema;
  if (writer_ != nullptr) {
    ARROW_RETURN_NOT_OK(writer_->Finish().status());
    writer_.reset();
    ARROW_ASSIGN_OR_RAISE(file_, FileReader::Open(path_, std::nullopt, OwnSession()));
    unlink(path_.c_str());
    path_.clear();
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(schema, batches_));
  batches_.clear();
  // One chunk is taken from without a search for the chunk.
  return table->CombineChunks(memory_.pool).Value(&table_);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> JoinRows::Take(
    const std::vector<int64_t>& rows) const {
  if (file_ != nullptr) return TakeFromFile(rows);
  ARROW_ASSIGN_OR_RAISE(auto index, Indices(rows, memory_.pool));
  arrow::ArrayVector columns;
  for (const auto& column : table_->columns()) {
    ARROW_ASSIGN_OR_RAISE(auto taken, TakeColumn(*column, index, memory_.pool));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(schema_, index->length(), std::move(columns));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> JoinRows::TakeFromFile(
    const std::vector<int64_t>& rows) const {
  std::vector<uint64_t> found;
  std::vector<int64_t> positions;
  for (const int64_t row : rows) {
    positions.push_back(row < 0 ? -1 : static_cast<int64_t>(found.size()));
    if (row >= 0) found.push_back(static_cast<uint64_t>(row));
  }
  ARROW_ASSIGN_OR_RAISE(
      auto reader, file_->TakeRows(found, std::max<int64_t>(1, static_cast<int64_t>(rows.size()))));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
  ARROW_ASSIGN_OR_RAISE(table, table->CombineChunks(memory_.pool));
  ARROW_ASSIGN_OR_RAISE(auto index, Indices(positions, memory_.pool));
  arrow::ArrayVector columns;
  for (const auto& field : schema_->fields()) {
    const auto column = table->GetColumnByName(field->name());
    if (found.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto nulls,
                            arrow::MakeArrayOfNull(field->type(), index->length(), memory_.pool));
      columns.push_back(std::move(nulls));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto taken, TakeColumn(*column, index, memory_.pool));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(schema_, index->length(), std::move(columns));
}

}  // namespace lancea
