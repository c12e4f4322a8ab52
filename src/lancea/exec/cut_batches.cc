#include "lancea/exec/cut_batches.h"

#include <algorithm>
#include <deque>

#include "arrow/array/concatenate.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"

namespace lancea {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

class CutReader : public arrow::RecordBatchReader {
 public:
  CutReader(std::shared_ptr<arrow::RecordBatchReader> input, BatchCut cut, arrow::MemoryPool* pool)
      : input_(std::move(input)),
        schema_(input_->schema()),
        cut_(cut),
        skip_(cut.offset),
        left_(cut.limit < 0 ? INT64_MAX : cut.limit),
        pool_(pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(Batch* out) override {
    out->reset();
    while (waiting_rows_ < std::min(cut_.num_rows, left_) && !ended_) {
      ARROW_RETURN_NOT_OK(Pull());
    }
    const int64_t rows = std::min({waiting_rows_, Wanted(), left_});
    if (rows <= 0) return Close();
    left_ -= rows;
    ARROW_RETURN_NOT_OK(Pop(rows).Value(out));
    if (left_ == 0) return Close();
    return arrow::Status::OK();
  }

  arrow::Status Close() override {
    ended_ = true;
    waiting_.clear();
    waiting_rows_ = 0;
    left_ = 0;
    if (input_ == nullptr) return arrow::Status::OK();
    auto input = std::move(input_);
    input_ = nullptr;
    return input->Close();
  }

 private:
  arrow::Status Pull() {
    Batch batch;
    ARROW_RETURN_NOT_OK(input_->ReadNext(&batch));
    if (batch == nullptr) {
      ended_ = true;
      return arrow::Status::OK();
    }
    const int64_t skipped = std::min(skip_, batch->num_rows());
    skip_ -= skipped;
    if (skipped == batch->num_rows()) return arrow::Status::OK();
    if (skipped > 0) batch = batch->Slice(skipped);
    waiting_rows_ += batch->num_rows();
    waiting_.push_back(std::move(batch));
    return arrow::Status::OK();
  }

  int64_t Wanted() const {
    if (cut_.num_bytes == 0 || waiting_.empty()) return cut_.num_rows;
    const Batch& first = waiting_.front();
    const auto bytes = arrow::util::ReferencedBufferSize(*first);
    if (!bytes.ok() || *bytes <= 0) return cut_.num_rows;
    const int64_t row_bytes = std::max<int64_t>(1, *bytes / first->num_rows());
    return std::clamp<int64_t>(static_cast<int64_t>(cut_.num_bytes) / row_bytes, 1, cut_.num_rows);
  }

  arrow::Result<Batch> Pop(int64_t rows) {
    waiting_rows_ -= rows;
    std::vector<Batch> parts;
    while (rows > 0) {
      Batch& first = waiting_.front();
      if (first->num_rows() <= rows) {
        rows -= first->num_rows();
        parts.push_back(std::move(first));
        waiting_.pop_front();
      } else {
        parts.push_back(first->Slice(0, rows));
        first = first->Slice(rows);
        rows = 0;
      }
    }
    if (parts.size() == 1) return parts[0];
    int64_t num_rows = 0;
    for (const Batch& part : parts) num_rows += part->num_rows();
    arrow::ArrayVector columns;
    for (int c = 0; c < schema_->num_fields(); ++c) {
      arrow::ArrayVector pieces;
      for (const Batch& part : parts) pieces.push_back(part->column(c));
      ARROW_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(pieces, pool_));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, num_rows, std::move(columns));
  }

  std::shared_ptr<arrow::RecordBatchReader> input_;
  const std::shared_ptr<arrow::Schema> schema_;
  const BatchCut cut_;
  int64_t skip_, left_;
  arrow::MemoryPool* const pool_;
  std::deque<Batch> waiting_;
  int64_t waiting_rows_ = 0;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> CutBatches(
    std::shared_ptr<arrow::RecordBatchReader> input, BatchCut cut, arrow::MemoryPool* pool) {
  return std::make_shared<CutReader>(std::move(input), cut, pool);
}

}  // namespace lancea
