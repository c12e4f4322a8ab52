#include "lancea/exec/sort_rows.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "arrow/util/byte_size.h"
#include "lancea/exec/sorted_run.h"
#include "lancea/exec/top_rows.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// Runs merged at once.
constexpr size_t kMostRuns = 64;

int64_t RowsOf(uint64_t bytes, uint64_t row_bytes, int64_t most) {
  const uint64_t rows = bytes / std::max<uint64_t>(1, row_bytes);
  return std::clamp<int64_t>(static_cast<int64_t>(std::min<uint64_t>(rows, INT64_MAX)), 1, most);
}

using Runs = std::vector<std::unique_ptr<SortedRun>>;

// Rows in memory, in order.
class SortedReader : public arrow::RecordBatchReader {
 public:
  SortedReader(Batch rows, std::vector<uint32_t> order, int64_t batch_rows, arrow::MemoryPool* pool)
      : rows_(std::move(rows)), order_(std::move(order)), batch_rows_(batch_rows), pool_(pool) {}
  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(Batch* out) override {
    out->reset();
    const size_t end = std::min(order_.size(), next_ + static_cast<size_t>(batch_rows_));
    if (next_ == end) return arrow::Status::OK();
    const std::vector<uint32_t> here(order_.begin() + next_, order_.begin() + end);
    next_ = end;
    return TakeRows(*rows_, here, pool_).Value(out);
  }

 private:
  const Batch rows_;
  const std::vector<uint32_t> order_;
  const int64_t batch_rows_;
  arrow::MemoryPool* const pool_;
  size_t next_ = 0;
};

class MergeReader : public arrow::RecordBatchReader {
 public:
  MergeReader(std::shared_ptr<arrow::Schema> schema, Runs runs, std::vector<SortKey> keys,
              int64_t batch_rows, arrow::MemoryPool* pool)
      : schema_(std::move(schema)),
        keys_(std::move(keys)),
        batch_rows_(static_cast<size_t>(batch_rows)),
        pool_(pool) {
    for (auto& run : runs) heads_.push_back({std::move(run), nullptr, {}, 0, {}});
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(Batch* out) override {
    out->reset();
    if (!began_) {
      began_ = true;
      for (size_t i = 0; i < heads_.size(); ++i) {
        ARROW_RETURN_NOT_OK(Advance(i));
        if (heads_[i].batch != nullptr) heap_.push_back(i);
      }
      std::make_heap(heap_.begin(), heap_.end(), later_);
    }
    parts_.clear();
    num_parts_rows_ = 0;
    std::vector<size_t> sources;  // head of each row that comes out
    while (sources.size() < batch_rows_ && !heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), later_);
      const size_t i = heap_.back();
      Head& head = heads_[i];
      head.picked.push_back(static_cast<uint32_t>(head.row++));
      sources.push_back(i);
      if (head.row == head.batch->num_rows()) {
        ARROW_RETURN_NOT_OK(Flush(i));
        ARROW_RETURN_NOT_OK(Advance(i));
      }
      if (head.batch == nullptr) {
        heap_.pop_back();
      } else {
        std::push_heap(heap_.begin(), heap_.end(), later_);
      }
    }
    if (sources.empty()) return arrow::Status::OK();
    for (size_t i = 0; i < heads_.size(); ++i) ARROW_RETURN_NOT_OK(Flush(i));
    std::vector<std::vector<uint32_t>> places(heads_.size());
    for (const auto& [head, begin, rows] : places_) {
      for (uint32_t row = 0; row < rows; ++row) places[head].push_back(begin + row);
    }
    places_.clear();
    std::vector<size_t> next(heads_.size(), 0);
    std::vector<uint32_t> order;
    for (const size_t source : sources) order.push_back(places[source][next[source]++]);
    ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateRecordBatches(parts_, pool_));
    return TakeRows(*all, order, pool_).Value(out);
  }

 private:
  struct Head {
    std::unique_ptr<SortedRun> run;
    Batch batch;
    std::optional<SortKeys> keys;
    int64_t row;
    std::vector<uint32_t> picked;  // of `batch`, not yet in parts_
  };
  struct Place {
    size_t head;
    uint32_t begin, rows;
  };
  struct Later {
    const std::vector<Head>* heads;
    bool operator()(size_t a, size_t b) const {
      const Head &left = (*heads)[a], &right = (*heads)[b];
      const int order = (*left.keys)[left.row].compare((*right.keys)[right.row]);
      return order != 0 ? order > 0 : a > b;
    }
  };

  arrow::Status Advance(size_t i) {
    Head& head = heads_[i];
    head.row = 0;
    do {
      ARROW_RETURN_NOT_OK(head.run->Next(&head.batch));
    } while (head.batch != nullptr && head.batch->num_rows() == 0);
    if (head.batch == nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(head.keys, SortKeys::Make(*head.batch, keys_, pool_));
    return arrow::Status::OK();
  }

  // Move the rows picked from a head's batch to the parts of the next batch out.
  arrow::Status Flush(size_t i) {
    Head& head = heads_[i];
    if (head.picked.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto part, TakeRows(*head.batch, head.picked, pool_));
    places_.push_back({i, num_parts_rows_, static_cast<uint32_t>(head.picked.size())});
    num_parts_rows_ += static_cast<uint32_t>(head.picked.size());
    parts_.push_back(std::move(part));
    head.picked.clear();
    return arrow::Status::OK();
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<SortKey> keys_;
  const size_t batch_rows_;
  arrow::MemoryPool* const pool_;
  bool began_ = false;
  std::vector<Head> heads_;
  const Later later_{&heads_};
  std::vector<size_t> heap_;
  std::vector<Batch> parts_;
  std::vector<Place> places_;
  uint32_t num_parts_rows_ = 0;
};

// The runs of one sort, in the order of the input.
class RunMerger {
 public:
  RunMerger(std::shared_ptr<arrow::Schema> schema, std::vector<SortKey> keys,
            const SortOptions& options, arrow::MemoryPool* pool)
      : schema_(std::move(schema)), keys_(std::move(keys)), options_(options), pool_(pool) {}

  bool is_empty() const { return runs_.empty(); }

  // What is held becomes a run; nothing is held then.
  arrow::Status Add(std::vector<Batch>* held) {
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::ConcatenateRecordBatches(*held, pool_));
    held->clear();
    std::vector<uint32_t> order;
    {
      ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(*rows, keys_, pool_));
      order = sort_keys.Order();
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*rows));
    SortedReader sorted(rows, std::move(order),
                        RowsInRuns(static_cast<uint64_t>(bytes / rows->num_rows())), pool_);
    ARROW_RETURN_NOT_OK(Write(&sorted, 0));
    while (runs_.size() >= kMostRuns &&
           runs_[runs_.size() - kMostRuns]->level() == runs_.back()->level()) {
      ARROW_RETURN_NOT_OK(MergeLast(kMostRuns));
    }
    return arrow::Status::OK();
  }

  // All rows in order.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Finish() {
    while (runs_.size() > kMostRuns) {
      ARROW_RETURN_NOT_OK(MergeLast(std::min(kMostRuns, runs_.size() - kMostRuns + 1)));
    }
    return Merge(std::move(runs_), options_.batch_rows);
  }

 private:
  int64_t RowsInRuns(uint64_t row_bytes) const {
    return RowsOf(options_.memory_bytes / (4 * kMostRuns), row_bytes, options_.batch_rows);
  }

  std::shared_ptr<MergeReader> Merge(Runs runs, int64_t most_rows) const {
    uint64_t row_bytes = 1;
    for (const auto& run : runs) row_bytes = std::max(row_bytes, run->row_bytes());
    const int64_t rows = RowsOf(options_.memory_bytes / 16, row_bytes, most_rows);
    return std::make_shared<MergeReader>(schema_, std::move(runs), keys_, rows, pool_);
  }

  arrow::Status MergeLast(size_t count) {
    const auto first = runs_.end() - static_cast<std::ptrdiff_t>(count);
    Runs last(std::make_move_iterator(first), std::make_move_iterator(runs_.end()));
    runs_.erase(first, runs_.end());
    const int level = last[0]->level() + 1;
    const int64_t rows = RowsInRuns(last[0]->row_bytes());
    return Write(Merge(std::move(last), rows).get(), level);
  }

  arrow::Status Write(arrow::RecordBatchReader* rows, int level) {
    ARROW_ASSIGN_OR_RAISE(auto run, SortedRun::Make(schema_, pool_));
    for (Batch batch;;) {
      ARROW_RETURN_NOT_OK(options_.stop_token.Poll());
      ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(run->Add(*batch));
    }
    ARROW_RETURN_NOT_OK(run->Finish());
    run->set_level(level);
    if (options_.spilled_bytes != nullptr) *options_.spilled_bytes += run->num_bytes();
    runs_.push_back(std::move(run));
    return arrow::Status::OK();
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<SortKey> keys_;
  const SortOptions options_;
  arrow::MemoryPool* const pool_;
  Runs runs_;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> SortRowsOf(
    std::shared_ptr<arrow::RecordBatchReader> input, std::vector<SortKey> keys,
    const SortOptions& options, arrow::MemoryPool* pool) {
  const std::shared_ptr<arrow::Schema> schema = input->schema();
  RunMerger runs(schema, keys, options, pool);
  std::vector<Batch> held;
  uint64_t held_bytes = 0;
  int64_t held_rows = 0;
  while (true) {
    ARROW_RETURN_NOT_OK(options.stop_token.Poll());
    Batch batch;
    ARROW_RETURN_NOT_OK(input->ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*batch));
    held_bytes += static_cast<uint64_t>(bytes);
    held_rows += batch->num_rows();
    held.push_back(std::move(batch));
    // Rows are numbered with 32 bits.
    if (4 * held_bytes > options.memory_bytes || held_rows > INT32_MAX) {
      ARROW_RETURN_NOT_OK(runs.Add(&held));
      held_bytes = 0;
      held_rows = 0;
    }
  }
  if (runs.is_empty()) {
    if (held.empty()) return arrow::RecordBatchReader::Make({}, schema);
    ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateRecordBatches(held, pool));
    held.clear();
    ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(*all, keys, pool));
    return std::make_shared<SortedReader>(std::move(all), sort_keys.Order(), options.batch_rows,
                                          pool);
  }
  if (!held.empty()) ARROW_RETURN_NOT_OK(runs.Add(&held));
  input.reset();
  return runs.Finish();
}

}  // namespace lancea
