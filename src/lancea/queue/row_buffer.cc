#include "lancea/queue/row_buffer.h"

#include <algorithm>

#include "arrow/array/util.h"
#include "arrow/chunked_array.h"
#include "arrow/compute/cast.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"

namespace lancea::queue {
namespace {

constexpr int64_t kSmallRows = 64;
constexpr size_t kMergedPieces = 64;
// Joined values have 32-bit offsets; nothing large is worth copying anyway.
constexpr uint64_t kSmallBytes = uint64_t{64} << 10;

uint64_t BytesOf(const arrow::ArrayData& data) {
  uint64_t bytes = 0;
  for (const auto& buffer : data.buffers) {
    if (buffer != nullptr) bytes += static_cast<uint64_t>(buffer->size());
  }
  for (const auto& child : data.child_data) bytes += BytesOf(*child);
  return bytes;
}

}  // namespace

uint64_t BytesOf(const arrow::RecordBatch& rows) {
  // Arrow's own measure costs more than all else that is done with one record.
  if (rows.num_rows() < kSmallRows) {
    uint64_t bytes = 0;
    for (const auto& column : rows.column_data()) bytes += BytesOf(*column);
    return bytes;
  }
  auto exact = arrow::util::ReferencedBufferSize(rows);
  return static_cast<uint64_t>(exact.ok() ? *exact : arrow::util::TotalBufferSize(rows));
}

void RowBuffer::Append(std::shared_ptr<arrow::RecordBatch> rows) {
  const uint64_t bytes = BytesOf(*rows);
  const uint64_t num_rows = static_cast<uint64_t>(rows->num_rows());
  const bool small = rows->num_rows() < kSmallRows && bytes < kSmallBytes;
  pieces_.push_back({std::move(rows), end_, bytes});
  end_ += num_rows;
  num_bytes_ += bytes;
  num_small_ = small ? num_small_ + 1 : 0;
  if (num_small_ >= kMergedPieces) MergeSmall();
}

void RowBuffer::MergeSmall() {
  const size_t first = pieces_.size() - std::min(num_small_, pieces_.size());
  num_small_ = 0;
  arrow::RecordBatchVector rows;
  uint64_t bytes = 0;
  for (size_t i = first; i < pieces_.size(); ++i) {
    rows.push_back(pieces_[i].rows);
    bytes += pieces_[i].bytes;
  }
  if (rows.size() < 2) return;
  auto merged = arrow::ConcatenateRecordBatches(rows);
  if (!merged.ok()) return;  // they stay as they are
  Piece piece{*merged, pieces_[first].first, BytesOf(**merged)};
  num_bytes_ = num_bytes_ - bytes + piece.bytes;
  pieces_.resize(first);
  pieces_.push_back(std::move(piece));
}

size_t RowBuffer::Find(uint64_t row) const {
  auto after = std::ranges::upper_bound(pieces_, row, {}, &Piece::first);
  return static_cast<size_t>(after - pieces_.begin()) - 1;
}

arrow::RecordBatchVector RowBuffer::Slice(uint64_t begin, uint64_t end) const {
  arrow::RecordBatchVector out;
  begin = std::max(begin, begin_);
  end = std::min(end, end_);
  if (begin >= end) return out;
  for (size_t i = Find(begin); i < pieces_.size() && pieces_[i].first < end; ++i) {
    const Piece& piece = pieces_[i];
    const uint64_t size = static_cast<uint64_t>(piece.rows->num_rows());
    const uint64_t from = begin > piece.first ? begin - piece.first : 0;
    const uint64_t to = std::min(size, end - piece.first);
    if (from >= to) continue;
    out.push_back(from == 0 && to == size ? piece.rows
                                          : piece.rows->Slice(static_cast<int64_t>(from),
                                                              static_cast<int64_t>(to - from)));
  }
  return out;
}

void RowBuffer::DropBefore(uint64_t row) {
  row = std::min(row, end_);
  while (!pieces_.empty()) {
    Piece& piece = pieces_.front();
    const uint64_t size = static_cast<uint64_t>(piece.rows->num_rows());
    if (piece.first + size > row) {
      if (piece.first < row) {
        piece.rows = piece.rows->Slice(static_cast<int64_t>(row - piece.first));
        num_bytes_ -= piece.bytes;
        piece.bytes = BytesOf(*piece.rows);
        num_bytes_ += piece.bytes;
        piece.first = row;
      }
      break;
    }
    num_bytes_ -= piece.bytes;
    pieces_.pop_front();
  }
  num_small_ = std::min(num_small_, pieces_.size());
  begin_ = std::max(begin_, row);
}

arrow::Status RowBuffer::Conform(const std::shared_ptr<arrow::Schema>& schema) {
  std::deque<Piece> pieces = pieces_;
  for (Piece& piece : pieces) {
    ARROW_ASSIGN_OR_RAISE(piece.rows, ConformBatch(piece.rows, schema));
  }
  pieces_ = std::move(pieces);
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ConformBatch(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::shared_ptr<arrow::Schema>& schema) {
  if (rows->schema()->Equals(*schema, /*check_metadata=*/true)) return rows;
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    auto column = rows->GetColumnByName(field->name());
    if (column == nullptr) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), rows->num_rows()));
    } else if (!column->type()->Equals(*field->type())) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::compute::Cast(*column, field->type()));
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows->num_rows(), std::move(columns));
}

arrow::Result<std::shared_ptr<arrow::Table>> ConformTable(
    const std::shared_ptr<arrow::Table>& rows, const std::shared_ptr<arrow::Schema>& schema) {
  if (rows->schema()->Equals(*schema, /*check_metadata=*/true)) return rows;
  arrow::ChunkedArrayVector columns;
  for (const auto& field : schema->fields()) {
    auto column = rows->GetColumnByName(field->name());
    if (column == nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(field->type(), rows->num_rows()));
      column = std::make_shared<arrow::ChunkedArray>(std::move(nulls));
    } else if (!column->type()->Equals(*field->type())) {
      ARROW_ASSIGN_OR_RAISE(arrow::Datum cast,
                            arrow::compute::Cast(arrow::Datum(column), field->type()));
      column = cast.chunked_array();
    }
    columns.push_back(std::move(column));
  }
  return arrow::Table::Make(schema, std::move(columns), rows->num_rows());
}

}  // namespace lancea::queue
