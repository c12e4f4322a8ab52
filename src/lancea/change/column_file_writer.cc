#include "lancea/change/column_file_writer.h"

#include <algorithm>
#include <limits>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "arrow/util/bit_util.h"
#include "lancea/io/path.h"
#include "lancea/scan/view_arrays.h"
#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/write/file_targets.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

// Rows that are written at once where deleted ones are filled in.
constexpr size_t kPieceRows = 16384;

}  // namespace

arrow::Status CheckColumnsWritable(const Dataset& dataset) {
  ARROW_RETURN_NOT_OK(CheckWritable(*dataset.impl().manifest));
  if (dataset.data_storage_version() == "0.1") {
    return Unsupported(
        "columns of tables of data storage version 0.1 (legacy) can be dropped and renamed but not "
        "written; write the rows to a new table");
  }
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<ColumnFileWriter>> ColumnFileWriter::Make(
    const WriteContext& context, const FragmentMetadata& fragment, const Schema& schema,
    const arrow::Schema& rows, const MemoryShares& shares, const arrow::StopToken& stop) {
  const Dataset::Impl& dataset = context.dataset->impl();
  std::unique_ptr<ColumnFileWriter> out(new ColumnFileWriter());
  out->pool_ = dataset.memory_pool();
  out->physical_rows_ = fragment.physical_rows;
  out->num_live_rows_ = fragment.physical_rows;
  ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(fragment));
  if (deletions != nullptr) {
    out->deleted_ = deletions->DeletedRanges();
    out->num_live_rows_ -= deletions->num_deleted();
  }
  out->can_be_null_.assign(static_cast<size_t>(rows.num_fields()), false);
  for (const Field& field : schema.fields) {
    const int column = rows.GetFieldIndex(field.name);
    // Not every format has null structs, and what they hold may not be null.
    const bool can_be_null = field.nullable && (field.logical_type != "struct" || IsBlobV2(field));
    if (column >= 0) out->can_be_null_[static_cast<size_t>(column)] = can_be_null;
  }
  FragmentWriterOptions options;
  ARROW_ASSIGN_OR_RAISE(options.file.format,
                        ParseStorageVersion(context.dataset->data_storage_version()));
  options.file.pool = out->pool_;
  options.file.cpu = context.session->impl().cpu_executor();
  KeepTo(shares, &options.file);
  options.max_rows_per_file = std::numeric_limits<uint64_t>::max();
  options.max_bytes_per_file = std::numeric_limits<uint64_t>::max();
  options.blobs.bases = context.dataset->base_paths();
  options.stop = stop;
  ARROW_ASSIGN_OR_RAISE(out->writer_, FragmentWriter::Make({OwnFileTarget(context)}, schema, rows,
                                                           std::move(options)));
  return out;
}

arrow::Status ColumnFileWriter::Write(const std::shared_ptr<arrow::RecordBatch>& rows) {
  const auto count = static_cast<uint64_t>(rows->num_rows());
  if (count == 0) return arrow::Status::OK();
  if (count > num_rows_left()) {
    return InvalidInput("a fragment of ", num_live_rows_, " rows was given more than those");
  }
  if (deleted_.empty()) {
    ARROW_RETURN_NOT_OK(writer_->Write(rows));
    physical_row_ += count;
  } else {
    ARROW_ASSIGN_OR_RAISE(auto without_views, WithoutViews(rows, pool_));
    ARROW_RETURN_NOT_OK(WriteWithDeleted(*without_views));
  }
  live_rows_ += count;
  return arrow::Status::OK();
}

arrow::Status ColumnFileWriter::WriteWithDeleted(const arrow::RecordBatch& rows) {
  std::vector<int64_t> source;
  std::vector<uint8_t> is_live;
  auto add = [&](int64_t row, bool live) -> arrow::Status {
    source.push_back(row);
    is_live.push_back(live);
    ++physical_row_;
    if (source.size() < kPieceRows) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(WritePiece(rows, source, is_live));
    source.clear();
    is_live.clear();
    return arrow::Status::OK();
  };
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    while (next_deleted_ < deleted_.size() && physical_row_ >= deleted_[next_deleted_].start) {
      if (physical_row_ < deleted_[next_deleted_].end) {
        ARROW_RETURN_NOT_OK(add(std::max<int64_t>(0, row - 1), false));
      } else {
        ++next_deleted_;
      }
    }
    ARROW_RETURN_NOT_OK(add(row, true));
  }
  if (!source.empty()) ARROW_RETURN_NOT_OK(WritePiece(rows, source, is_live));
  // A copy: a slice would keep the whole batch.
  auto last = rows.Slice(rows.num_rows() - 1);
  arrow::compute::ExecContext context(pool_);
  ARROW_ASSIGN_OR_RAISE(auto index, arrow::MakeArrayFromScalar(arrow::Int64Scalar(0), 1, pool_));
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum copy,
      arrow::compute::Take(last, index, arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  last_row_ = copy.record_batch();
  return arrow::Status::OK();
}

arrow::Status ColumnFileWriter::WritePiece(const arrow::RecordBatch& rows,
                                           const std::vector<int64_t>& source,
                                           const std::vector<uint8_t>& is_live) {
  const auto count = static_cast<int64_t>(source.size());
  auto values = arrow::Buffer::Wrap(source);
  ARROW_ASSIGN_OR_RAISE(auto live, arrow::AllocateEmptyBitmap(count, pool_));
  for (int64_t i = 0; i < count; ++i) {
    if (is_live[static_cast<size_t>(i)]) arrow::bit_util::SetBit(live->mutable_data(), i);
  }
  const auto with_copies = std::make_shared<arrow::Int64Array>(count, values);
  const auto with_nulls = std::make_shared<arrow::Int64Array>(count, values, std::move(live));
  arrow::compute::ExecContext context(pool_);
  arrow::ArrayVector columns;
  for (int i = 0; i < rows.num_columns(); ++i) {
    const auto& index = can_be_null_[static_cast<size_t>(i)] ? with_nulls : with_copies;
    ARROW_ASSIGN_OR_RAISE(
        auto column, arrow::compute::Take(*rows.column(i), *index,
                                          arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    columns.push_back(std::move(column));
  }
  return writer_->Write(arrow::RecordBatch::Make(rows.schema(), count, std::move(columns)));
}

arrow::Result<DataFile> ColumnFileWriter::Finish() {
  if (num_rows_left() > 0) {
    return InvalidInput("a fragment of ", num_live_rows_, " rows was given only ", live_rows_);
  }
  while (physical_row_ < physical_rows_) {
    if (last_row_ == nullptr) return Corrupt("a fragment has no row that is not deleted");
    const size_t count = std::min<uint64_t>(kPieceRows, physical_rows_ - physical_row_);
    ARROW_RETURN_NOT_OK(
        WritePiece(*last_row_, std::vector<int64_t>(count, 0), std::vector<uint8_t>(count, 0)));
    physical_row_ += count;
  }
  ARROW_ASSIGN_OR_RAISE(auto written, writer_->Complete());
  if (written.size() != 1) return Corrupt("new columns take ", written.size(), " files, not one");
  return std::move(written[0].files[0]);
}

}  // namespace lancea
