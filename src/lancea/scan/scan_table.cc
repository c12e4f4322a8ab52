#include "lancea/scan/scan_table.h"

#include <algorithm>

#include "arrow/array/array_base.h"
#include "arrow/array/util.h"
#include "arrow/chunked_array.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/scan/fragment_read.h"

namespace lancea {
namespace {

// One piece of work decodes about this much: large enough to amortise its start, small enough to keep
// all cores busy to the end and the output near the caches.
constexpr uint64_t kPieceBytes = uint64_t{512} << 10;
constexpr uint64_t kMinPieceRows = 4096;
// Less than this in all is decoded by the calling thread alone.
constexpr uint64_t kParallelBytes = uint64_t{256} << 10;

struct Piece {
  std::shared_ptr<const FragmentColumns> readers;
  size_t fragment;
  std::vector<RowRange> rows;
  size_t column;
  size_t position;  // of its arrays in the output column
};

uint64_t BytesPerRow(const FragmentColumns& readers, size_t column) {
  uint64_t bytes = 0;
  for (const auto& part : readers.columns[column]) bytes += part.reader->encoded_bytes();
  return readers.num_rows == 0 ? 8 : std::max<uint64_t>(1, bytes / readers.num_rows);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Table>> ReadTable(const Dataset::Impl& dataset,
                                                       const ReadPlan& plan,
                                                       const std::vector<FragmentSlice>& slices,
                                                       const ScanOptions& options) {
  const size_t num_columns = plan.columns().size();
  int64_t num_rows = 0;
  uint64_t total_bytes = 0;
  std::vector<Piece> pieces;
  std::vector<size_t> positions(num_columns, 0);
  for (const FragmentSlice& slice : slices) {
    num_rows += static_cast<int64_t>(slice.rows.size());
    if (num_columns == 0) continue;
    ARROW_RETURN_NOT_OK(options.stop_token.Poll());
    ARROW_ASSIGN_OR_RAISE(auto readers, plan.ForFragment(slice.fragment, /*keep=*/false));
    for (size_t column = 0; column < num_columns; ++column) {
      const uint64_t row_bytes = BytesPerRow(*readers, column);
      const uint64_t piece_rows = std::max(kMinPieceRows, kPieceBytes / row_bytes);
      total_bytes += row_bytes * slice.rows.size();
      for (uint64_t row = slice.rows.start; row < slice.rows.end; row += piece_rows) {
        const FragmentSlice part{slice.fragment, {row, std::min(slice.rows.end, row + piece_rows)}};
        ARROW_ASSIGN_OR_RAISE(auto rows, PhysicalRows(dataset, part, options.include_deleted_rows));
        pieces.push_back({readers, slice.fragment, std::move(rows), column, positions[column]++});
      }
    }
  }
  if (options.counters != nullptr) {
    options.counters->fragments_scanned += slices.size();
    options.counters->ranges_scanned += slices.size();
    options.counters->rows_scanned += static_cast<uint64_t>(num_rows);
  }
  std::vector<std::vector<arrow::ArrayVector>> arrays(num_columns);
  for (size_t column = 0; column < num_columns; ++column) arrays[column].resize(positions[column]);
  const ReadOptions read_options = [&] {
    ReadOptions out = dataset.MakeReadOptions(options.stop_token);
    if (options.io_counters != nullptr) out.counters = options.io_counters.get();
    if (options.counters != nullptr) out.counters = &options.counters->scan_io;
    return out;
  }();
  auto work = [&](size_t i) -> arrow::Status {
    const Piece& piece = pieces[i];
    ARROW_ASSIGN_OR_RAISE(
        auto read,
        FragmentRead::Make(dataset, plan, piece.readers, piece.fragment, piece.rows,
                           {&piece.column, 1}, options.include_deleted_rows, read_options));
    if (options.counters != nullptr) read->CountPages(&options.counters->scan_pages);
    return read->Finish(piece.column).Value(&arrays[piece.column][piece.position]);
  };
  arrow::internal::Executor* executor =
      total_bytes < kParallelBytes ? nullptr : dataset.session->impl().cpu_executor();
  ARROW_RETURN_NOT_OK(ParallelFor(executor, pieces.size(), options.stop_token, work));

  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
  for (size_t column = 0; column < num_columns; ++column) {
    arrow::ArrayVector chunks;
    for (arrow::ArrayVector& piece : arrays[column]) {
      for (auto& array : piece) chunks.push_back(std::move(array));
    }
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks),
                                                            plan.schema()->field(column)->type()));
  }
  dataset.session->impl().Count("lancea.rows_scanned", static_cast<uint64_t>(num_rows));
  return arrow::Table::Make(plan.schema(), std::move(columns), num_rows);
}

}  // namespace lancea
