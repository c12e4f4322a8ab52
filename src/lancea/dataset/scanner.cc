#include "lancea/scanner.h"

#include <algorithm>
#include <cstdlib>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/read_plan.h"
#include "lancea/dataset/scan_rows.h"
#include "lancea/dataset/scan_stream.h"
#include "lancea/dataset/scan_table.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr int64_t kDefaultBatchSize = 8192;

int64_t DefaultBatchSize() {
  const char* text = std::getenv("LANCE_DEFAULT_BATCH_SIZE");
  const int64_t value = text != nullptr ? std::atoll(text) : 0;
  return value > 0 ? value : kDefaultBatchSize;
}

}  // namespace

class Scanner::Impl {
 public:
  std::shared_ptr<const Dataset> dataset;
  ScanOptions options;
  int64_t batch_size = kDefaultBatchSize;
  std::shared_ptr<const ReadPlan> plan;
  std::vector<FragmentSlice> slices;
};

Scanner::Scanner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scanner::~Scanner() = default;

arrow::Result<std::shared_ptr<Scanner>> Scanner::Make(std::shared_ptr<const Dataset> dataset,
                                                      ScanOptions options) {
  auto impl = std::make_unique<Impl>();
  if (options.batch_size.has_value() && *options.batch_size <= 0) {
    return InvalidInput("batch_size must be positive, got ", *options.batch_size);
  }
  const bool shows_row_id =
      options.with_row_id ||
      (options.columns.has_value() && std::find(options.columns->begin(), options.columns->end(),
                                                "_rowid") != options.columns->end());
  if (options.include_deleted_rows && !shows_row_id) {
    return InvalidInput(
        "include_deleted_rows needs with_row_id: deleted rows are those whose _rowid is "
        "null");
  }
  impl->batch_size = options.batch_size.value_or(DefaultBatchSize());
  ARROW_ASSIGN_OR_RAISE(impl->plan,
                        ReadPlan::Make(dataset->impl(), options, ReadPlan::Nested::kFlattened));
  ARROW_ASSIGN_OR_RAISE(impl->slices, RowsOfScan(dataset->impl(), options));
  impl->dataset = std::move(dataset);
  impl->options = std::move(options);
  return std::shared_ptr<Scanner>(new Scanner(std::move(impl)));
}

const std::shared_ptr<arrow::Schema>& Scanner::schema() const { return impl_->plan->schema(); }

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Scanner::ToReader() const {
  return MakeScanStream(impl_->dataset, impl_->plan, impl_->slices, impl_->options,
                        impl_->batch_size);
}

arrow::Result<std::shared_ptr<arrow::Table>> Scanner::ToTable() const {
  return ReadTable(impl_->dataset->impl(), *impl_->plan, impl_->slices, impl_->options);
}

arrow::Result<int64_t> Scanner::CountRows() const {
  int64_t rows = 0;
  for (const FragmentSlice& slice : impl_->slices) rows += static_cast<int64_t>(slice.rows.size());
  return rows;
}

arrow::Result<std::shared_ptr<Scanner>> Dataset::Scan(ScanOptions options) const {
  return Scanner::Make(shared_from_this(), std::move(options));
}

}  // namespace lancea
