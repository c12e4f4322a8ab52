#include "lancea/scanner.h"

#include <chrono>

#include "arrow/array/array_primitive.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/explain_scan.h"
#include "lancea/dataset/filtered_table.h"
#include "lancea/dataset/scan_setup.h"
#include "lancea/dataset/scan_stream.h"
#include "lancea/dataset/scan_table.h"
#include "lancea/dataset/take_rows.h"
#include "lancea/exec/cut_batches.h"
#include "lancea/exec/sort_rows.h"
#include "lancea/exec/top_rows.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

// Keeps what a stream reads from.
class OwningReader : public arrow::RecordBatchReader {
 public:
  OwningReader(std::shared_ptr<const Dataset> dataset, Reader inner)
      : dataset_(std::move(dataset)), inner_(std::move(inner)) {}
  ~OwningReader() override { inner_.reset(); }
  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return inner_->ReadNext(batch);
  }
  arrow::Status Close() override { return inner_->Close(); }

 private:
  const std::shared_ptr<const Dataset> dataset_;
  Reader inner_;
};

}  // namespace

class Scanner::Impl {
 public:
  std::shared_ptr<const Dataset> dataset;
  ScanSetup setup;

  arrow::MemoryPool* pool() const { return dataset->impl().memory_pool(); }

  // What the rows come from, as a stream: read and filtered, not yet limited.
  Reader Source(const ScanOptions& options) const {
    return MakeScanStream(dataset, setup.plan, setup.slices, options, setup.batch_size,
                          setup.filter);
  }

  BatchCut Cut(bool limited) const {
    BatchCut cut;
    cut.num_rows = setup.batch_size;
    cut.num_bytes = setup.options.batch_size_bytes.value_or(0);
    if (limited) {
      cut.offset = setup.options.offset;
      cut.limit = setup.options.limit.value_or(-1);
    }
    return cut;
  }

  arrow::Result<Reader> Stream(const ScanOptions& options) const {
    Reader out;
    if (setup.taken != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto table, Top(options));
      out = std::make_shared<arrow::TableBatchReader>(std::move(table));
      out = CutBatches(std::move(out), Cut(/*limited=*/false), pool());
    } else if (!setup.sort.empty()) {
      SortOptions sort;
      sort.memory_bytes = options.sort_memory;
      sort.batch_rows = setup.batch_size;
      sort.stop_token = options.stop_token;
      if (options.counters != nullptr) sort.spilled_bytes = &options.counters->spilled_bytes;
      ARROW_ASSIGN_OR_RAISE(out, SortRowsOf(Source(options), setup.sort, sort, pool()));
      out = CutBatches(std::move(out), Cut(/*limited=*/true), pool());
    } else {
      out = Source(options);
      if (setup.filter != nullptr) {
        out = CutBatches(std::move(out), Cut(/*limited=*/true), pool());
      } else if (options.batch_size_bytes.has_value()) {
        out = CutBatches(std::move(out), Cut(/*limited=*/false), pool());
      }
    }
    if (setup.project != nullptr) {
      out = ProjectColumns::Stream(setup.project, std::move(out), pool());
    }
    return out;
  }

  // The rows of a top-k, not yet projected.
  arrow::Result<std::shared_ptr<arrow::Table>> Top(const ScanOptions& options) const {
    const Reader source = Source(options);
    ARROW_ASSIGN_OR_RAISE(auto best, TopRows(source.get(), setup.sort,
                                             setup.options.offset + *setup.options.limit, pool()));
    ARROW_RETURN_NOT_OK(source->Close());
    best = best->Slice(std::min(setup.options.offset, best->num_rows()));
    const int column = best->schema()->GetFieldIndex("_rowaddr");
    const auto& column_array = static_cast<const arrow::UInt64Array&>(*best->column(column));
    const std::vector<uint64_t> addresses(column_array.raw_values(),
                                          column_array.raw_values() + column_array.length());
    ScanOptions take = options;
    if (options.counters != nullptr) {
      take.io_counters = std::shared_ptr<IoCounters>(options.counters, &options.counters->take_io);
      options.counters->rows_taken += addresses.size();
    }
    return TakeByAddress(dataset->impl(), *setup.taken, addresses, take);
  }

  arrow::Result<std::shared_ptr<arrow::Table>> Table(const ScanOptions& options) const {
    std::shared_ptr<arrow::Table> table;
    const bool streams = (!setup.sort.empty() && setup.taken == nullptr) ||
                         (setup.taken == nullptr && setup.filter != nullptr && setup.is_limited());
    if (streams) {
      ARROW_ASSIGN_OR_RAISE(auto reader, Stream(options));
      return reader->ToTable();
    }
    if (setup.taken != nullptr) {
      ARROW_ASSIGN_OR_RAISE(table, Top(options));
    } else if (setup.filter != nullptr) {
      ARROW_ASSIGN_OR_RAISE(table, ReadFilteredTable(Filtered(options), setup.slices));
    } else {
      ARROW_ASSIGN_OR_RAISE(table, ReadTable(dataset->impl(), *setup.plan, setup.slices, options));
    }
    if (setup.project == nullptr) return table;
    return setup.project->Apply(*table, pool());
  }

  arrow::Result<int64_t> Count(const ScanOptions& options) const {
    int64_t rows = 0;
    if (setup.filter == nullptr) {
      for (const FragmentSlice& slice : setup.slices) {
        rows += static_cast<int64_t>(slice.rows.size());
      }
      if (setup.sort.empty()) return rows;
    } else {
      ARROW_ASSIGN_OR_RAISE(rows, CountFiltered(Filtered(options), setup.slices));
    }
    rows = std::max<int64_t>(0, rows - setup.options.offset);
    return std::min(rows, setup.options.limit.value_or(rows));
  }

  ScanOptions Counted(std::shared_ptr<ScanCounters> counters) const {
    ScanOptions out = setup.read;
    out.counters = std::move(counters);
    return out;
  }

 private:
  FilteredScan Filtered(const ScanOptions& options) const {
    ReadOptions read = dataset->impl().MakeReadOptions(options.stop_token);
    if (options.io_counters != nullptr) read.counters = options.io_counters.get();
    return FilteredScan(dataset->impl(), *setup.filter, *setup.plan, options, std::move(read));
  }
};

Scanner::Scanner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scanner::~Scanner() = default;

arrow::Result<std::shared_ptr<Scanner>> Scanner::Make(std::shared_ptr<const Dataset> dataset,
                                                      ScanOptions options) {
  auto impl = std::make_unique<Impl>();
  ARROW_ASSIGN_OR_RAISE(impl->setup, ScanSetup::Make(dataset->impl(), std::move(options)));
  impl->dataset = std::move(dataset);
  return std::shared_ptr<Scanner>(new Scanner(std::move(impl)));
}

const std::shared_ptr<arrow::Schema>& Scanner::schema() const { return impl_->setup.schema; }

arrow::Result<Reader> Scanner::ToReader() const {
  ARROW_ASSIGN_OR_RAISE(auto reader, impl_->Stream(impl_->setup.read));
  return std::make_shared<OwningReader>(impl_->dataset, std::move(reader));
}

arrow::Result<std::shared_ptr<arrow::Table>> Scanner::ToTable() const {
  return impl_->Table(impl_->setup.read);
}

arrow::Result<int64_t> Scanner::CountRows() const { return impl_->Count(impl_->setup.read); }

PlanNode Scanner::Plan() const { return ExplainScan(impl_->dataset->impl(), impl_->setup); }

std::string Scanner::ExplainPlan(bool) const { return Plan().ToText(); }

arrow::Result<PlanNode> Scanner::Analyze(bool count_rows) const {
  auto counters = std::make_shared<ScanCounters>();
  counters->scan_io.CountFor(impl_->dataset->impl().io_counters.get());
  counters->take_io.CountFor(impl_->dataset->impl().io_counters.get());
  const ScanOptions options = impl_->Counted(counters);
  const auto begin = std::chrono::steady_clock::now();
  ScanOutcome outcome;
  if (count_rows) {
    ARROW_ASSIGN_OR_RAISE(outcome.rows, impl_->Count(options));
  } else {
    ARROW_ASSIGN_OR_RAISE(auto reader, impl_->Stream(options));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (batch == nullptr) break;
      outcome.rows += batch->num_rows();
      ++outcome.batches;
    }
  }
  outcome.elapsed = std::chrono::steady_clock::now() - begin;
  return AnalyzedScan(impl_->dataset->impl(), impl_->setup, *counters, outcome);
}

arrow::Result<std::string> Scanner::AnalyzePlan(bool count_rows) const {
  ARROW_ASSIGN_OR_RAISE(PlanNode plan, Analyze(count_rows));
  return plan.ToText();
}

arrow::Result<std::shared_ptr<Scanner>> Dataset::Scan(ScanOptions options) const {
  return Scanner::Make(shared_from_this(), std::move(options));
}

}  // namespace lancea
