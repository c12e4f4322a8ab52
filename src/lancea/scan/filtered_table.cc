#include "lancea/scan/filtered_table.h"

#include <algorithm>
#include <numeric>

#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/parallel_for.h"

namespace lancea {
namespace {

// Fewer rows in all are looked at by the calling thread alone.
constexpr uint64_t kParallelRows = 32 << 10;
// Chunks of fewer rows on average are joined to one.
constexpr int64_t kMinChunkRows = 4096;

std::vector<FragmentSlice> CutPieces(const FilteredScan& scan,
                                     const std::vector<FragmentSlice>& slices, uint64_t* num_rows) {
  std::vector<FragmentSlice> out;
  *num_rows = 0;
  for (const FragmentSlice& slice : slices) {
    const uint64_t piece_rows = scan.PieceRows(slice.fragment, UINT64_MAX);
    *num_rows += slice.rows.size();
    for (uint64_t row = slice.rows.start; row < slice.rows.end; row += piece_rows) {
      out.push_back(
          {slice.fragment, {row, std::min(slice.rows.end, row + piece_rows)}, slice.named});
    }
  }
  if (scan.counters != nullptr) scan.counters->fragments_scanned += slices.size();
  return out;
}

arrow::Status EachPiece(const FilteredScan& scan, size_t num_pieces, uint64_t num_rows,
                        const std::function<arrow::Status(size_t)>& work) {
  const Session::Impl& session = scan.dataset.session->impl();
  arrow::internal::Executor* executor = num_rows < kParallelRows ? nullptr : session.cpu_executor();
  ARROW_RETURN_NOT_OK(ParallelFor(executor, num_pieces, scan.read_options.stop_token, work));
  session.Count("lancea.rows_scanned", num_rows);
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Table>> ReadFilteredTable(
    const FilteredScan& scan, const std::vector<FragmentSlice>& slices) {
  uint64_t num_rows = 0;
  const std::vector<FragmentSlice> pieces = CutPieces(scan, slices, &num_rows);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches(pieces.size());
  ARROW_RETURN_NOT_OK(EachPiece(scan, pieces.size(), num_rows,
                                [&](size_t i) { return scan.Read(pieces[i]).Value(&batches[i]); }));
  std::erase_if(batches, [](const auto& batch) { return batch->num_rows() == 0; });
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(scan.plan.schema(), batches));
  if (batches.size() > 1 &&
      table->num_rows() / static_cast<int64_t>(batches.size()) < kMinChunkRows) {
    return table->CombineChunks(scan.dataset.memory_pool());
  }
  return table;
}

arrow::Result<int64_t> CountFiltered(const FilteredScan& scan,
                                     const std::vector<FragmentSlice>& slices) {
  uint64_t num_rows = 0;
  const std::vector<FragmentSlice> pieces = CutPieces(scan, slices, &num_rows);
  std::vector<int64_t> counts(pieces.size(), 0);
  ARROW_RETURN_NOT_OK(EachPiece(scan, pieces.size(), num_rows,
                                [&](size_t i) { return scan.Count(pieces[i]).Value(&counts[i]); }));
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

}  // namespace lancea
