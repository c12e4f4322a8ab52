#include "lancea/exec/sort_rows.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "arrow/io/file.h"
#include "arrow/ipc/reader.h"
#include "arrow/ipc/writer.h"
#include "arrow/util/byte_size.h"
#include "lancea/exec/top_rows.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// A sorted part of the rows in a file that has no name any more: it goes with its last descriptor.
class Run {
 public:
  static arrow::Result<std::unique_ptr<Run>> Write(const arrow::RecordBatch& rows,
                                                   const std::vector<uint32_t>& order,
                                                   int64_t batch_rows, arrow::MemoryPool* pool) {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    if (error) return arrow::Status::IOError("no folder for temporary files: ", error.message());
    std::string name = (folder / "lancea-sort-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file < 0) return arrow::Status::IOError("cannot create ", name, ": ", strerror(errno));
    ::unlink(name.c_str());
    const int for_writing = ::dup(file);
    std::unique_ptr<Run> out(new Run());
    auto reading = arrow::io::ReadableFile::Open(file, pool);
    if (!reading.ok() || for_writing < 0) {
      ::close(file);
      return arrow::Status::IOError("cannot use ", name);
    }
    out->file_ = *std::move(reading);
    ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::FileOutputStream::Open(for_writing));
    ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, rows.schema()));
    for (size_t row = 0; row < order.size(); row += static_cast<size_t>(batch_rows)) {
      const size_t end = std::min(order.size(), row + static_cast<size_t>(batch_rows));
      ARROW_ASSIGN_OR_RAISE(
          auto batch,
          TakeRows(rows, std::vector<uint32_t>(order.begin() + row, order.begin() + end), pool));
      ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
    }
    ARROW_RETURN_NOT_OK(writer->Close());
    ARROW_ASSIGN_OR_RAISE(out->num_bytes_, sink->Tell());
    ARROW_RETURN_NOT_OK(sink->Close());
    ARROW_RETURN_NOT_OK(out->file_->Seek(0));
    ARROW_ASSIGN_OR_RAISE(out->reader_, arrow::ipc::RecordBatchStreamReader::Open(out->file_));
    return out;
  }

  int64_t num_bytes() const { return num_bytes_; }
  arrow::Status Next(Batch* batch) { return reader_->ReadNext(batch); }

 private:
  Run() = default;
  std::shared_ptr<arrow::io::ReadableFile> file_;
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  int64_t num_bytes_ = 0;
};

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
  MergeReader(std::shared_ptr<arrow::Schema> schema, std::vector<std::unique_ptr<Run>> runs,
              std::vector<SortKey> keys, int64_t batch_rows, arrow::MemoryPool* pool)
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
    std::unique_ptr<Run> run;
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

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> SortRowsOf(
    std::shared_ptr<arrow::RecordBatchReader> input, std::vector<SortKey> keys,
    const SortOptions& options, arrow::MemoryPool* pool) {
  const std::shared_ptr<arrow::Schema> schema = input->schema();
  std::vector<std::unique_ptr<Run>> runs;
  std::vector<Batch> held;
  uint64_t held_bytes = 0;
  int64_t held_rows = 0;
  auto spill = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateRecordBatches(held, pool));
    held.clear();
    ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(*all, keys, pool));
    ARROW_ASSIGN_OR_RAISE(auto run, Run::Write(*all, sort_keys.Order(), options.batch_rows, pool));
    if (options.spilled_bytes != nullptr) {
      *options.spilled_bytes += static_cast<uint64_t>(run->num_bytes());
    }
    runs.push_back(std::move(run));
    held_bytes = 0;
    held_rows = 0;
    return arrow::Status::OK();
  };
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
    // Sorting needs the rows twice, joined and as they came; and rows are numbered with 32 bits.
    if (2 * held_bytes > options.memory_bytes || held_rows > INT32_MAX) {
      ARROW_RETURN_NOT_OK(spill());
    }
  }
  if (runs.empty()) {
    if (held.empty()) return arrow::RecordBatchReader::Make({}, schema);
    ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateRecordBatches(held, pool));
    held.clear();
    ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(*all, keys, pool));
    return std::make_shared<SortedReader>(std::move(all), sort_keys.Order(), options.batch_rows,
                                          pool);
  }
  if (!held.empty()) ARROW_RETURN_NOT_OK(spill());
  return std::make_shared<MergeReader>(schema, std::move(runs), std::move(keys), options.batch_rows,
                                       pool);
}

}  // namespace lancea
