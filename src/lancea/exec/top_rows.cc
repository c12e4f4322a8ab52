#include "lancea/exec/top_rows.h"

#include <algorithm>

#include "arrow/array/array_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/type.h"

namespace lancea {
namespace {

// Candidates gathered before the best are chosen anew.
constexpr int64_t kMinCandidates = 16384;

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                            const std::vector<uint32_t>& positions,
                                                            arrow::MemoryPool* pool) {
  const auto buffer =
      std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(positions.data()),
                                      static_cast<int64_t>(positions.size() * sizeof(uint32_t)));
  const arrow::UInt32Array indices(static_cast<int64_t>(positions.size()), buffer);
  arrow::compute::ExecContext context(pool);
  arrow::ArrayVector columns;
  for (const auto& column : batch.columns()) {
    ARROW_ASSIGN_OR_RAISE(
        auto taken, arrow::compute::Take(*column, indices,
                                         arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(batch.schema(), indices.length(), std::move(columns));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> TopRows(arrow::RecordBatchReader* input,
                                                           const std::vector<SortKey>& keys,
                                                           int64_t num_rows,
                                                           arrow::MemoryPool* pool) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> candidates;
  int64_t num_candidates = 0;
  std::string worst;  // key of the last row kept, once there are enough
  bool is_full = false;
  auto choose = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateRecordBatches(candidates, pool));
    ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(*all, keys, pool));
    std::vector<uint32_t> order = sort_keys.Order();
    if (static_cast<int64_t>(order.size()) >= num_rows) {
      order.resize(static_cast<size_t>(num_rows));
      is_full = true;
      if (num_rows > 0) worst = sort_keys[order.back()];
    }
    ARROW_ASSIGN_OR_RAISE(auto kept, TakeRows(*all, order, pool));
    num_candidates = kept->num_rows();
    candidates = {std::move(kept)};
    return arrow::Status::OK();
  };
  while (num_rows > 0) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(input->ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    if (is_full) {
      ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(*batch, keys, pool));
      std::vector<uint32_t> better;
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        if (sort_keys[row] < worst) better.push_back(static_cast<uint32_t>(row));
      }
      if (better.empty()) continue;
      ARROW_ASSIGN_OR_RAISE(batch, TakeRows(*batch, better, pool));
    }
    num_candidates += batch->num_rows();
    candidates.push_back(std::move(batch));
    if (num_candidates >= std::max(2 * num_rows, kMinCandidates) ||
        (!is_full && num_candidates >= num_rows)) {
      ARROW_RETURN_NOT_OK(choose());
    }
  }
  if (candidates.empty()) {
    return arrow::RecordBatch::MakeEmpty(input->schema(), pool);
  }
  ARROW_RETURN_NOT_OK(choose());
  return candidates[0];
}

}  // namespace lancea
