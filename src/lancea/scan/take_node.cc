#include "arrow/array/array_primitive.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/scan/read_node.h"
#include "lancea/scan/take_rows.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<std::vector<uint64_t>> AddressesIn(const arrow::RecordBatch& rows) {
  const auto column = rows.GetColumnByName("_rowaddr");
  if (column == nullptr || column->type_id() != arrow::Type::UINT64) {
    return InvalidInput("rows are taken by _rowaddr, a uint64, which is not among the columns");
  }
  const auto& addresses = static_cast<const arrow::UInt64Array&>(*column);
  return std::vector<uint64_t>(addresses.raw_values(), addresses.raw_values() + addresses.length());
}

// Takes the rows of each batch of addresses when it is asked for.
class TakeReader : public arrow::RecordBatchReader {
 public:
  TakeReader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const ReadPlan> plan,
             ScanOptions options, ExecNode::Reader addresses)
      : dataset_(std::move(dataset)),
        plan_(std::move(plan)),
        options_(std::move(options)),
        addresses_(std::move(addresses)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return plan_->schema(); }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(addresses_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto addresses, AddressesIn(**batch));
    if (options_.counters != nullptr) options_.counters->rows_taken += addresses.size();
    ARROW_ASSIGN_OR_RAISE(auto table, TakeByAddress(dataset_->impl(), *plan_, addresses, options_));
    return table->CombineChunksToBatch(dataset_->impl().memory_pool()).Value(batch);
  }

  arrow::Status Close() override { return addresses_->Close(); }

 private:
  const std::shared_ptr<const Dataset> dataset_;
  const std::shared_ptr<const ReadPlan> plan_;
  const ScanOptions options_;
  const ExecNode::Reader addresses_;
};

// The options with reads counted for this step.
ScanOptions Counted(const ScanOptions& given, const ExecNode& node, const ExecContext& context,
                    const Dataset::Impl& dataset) {
  ScanOptions out = given;
  if (context.metrics != nullptr) {
    auto counters = std::make_shared<ScanCounters>();
    counters->take_io.CountFor(dataset.io_counters.get());
    context.metrics->Report(node, [counters] {
      const IoStatistics io = counters->take_io.Read();
      return RunMetrics::Values{
          {"bytes_read", io.bytes_read}, {"iops", io.iops}, {"requests", io.requests}};
    });
    out.counters = std::move(counters);
  }
  if (out.counters != nullptr) {
    out.io_counters = std::shared_ptr<IoCounters>(out.counters, &out.counters->take_io);
  }
  return out;
}

}  // namespace

TakeNode::TakeNode(ExecNodePtr input, std::shared_ptr<const Dataset> dataset,
                   std::shared_ptr<const ReadPlan> plan, ScanOptions options)
    : ExecNode(plan->schema(), {std::move(input)}),
      dataset_(std::move(dataset)),
      plan_(std::move(plan)),
      options_(std::move(options)) {}

arrow::Result<ExecNodePtr> TakeNode::WithInputs(Inputs inputs) const {
  return std::make_shared<TakeNode>(std::move(inputs[0]), dataset_, plan_, options_);
}

PlanNode TakeNode::Describe() const {
  std::string columns = "\"_rowaddr";
  for (const auto& field : plan_->schema()->fields()) columns += ", (" + field->name() + ")";
  return {"Take", {{"columns", columns + "\""}}, {}, false, {}};
}

arrow::Result<ExecNode::Reader> TakeNode::Run(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
  return std::make_shared<TakeReader>(
      dataset_, plan_, Counted(options_, *this, context, dataset_->impl()), std::move(input));
}

arrow::Result<std::shared_ptr<arrow::Table>> TakeNode::RunToTable(
    const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
  const ScanOptions options = Counted(options_, *this, context, dataset_->impl());
  std::vector<uint64_t> addresses;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, input->Next());
    if (batch == nullptr) break;
    ARROW_ASSIGN_OR_RAISE(const auto more, AddressesIn(*batch));
    addresses.insert(addresses.end(), more.begin(), more.end());
  }
  if (options.counters != nullptr) options.counters->rows_taken += addresses.size();
  return TakeByAddress(dataset_->impl(), *plan_, addresses, options);
}

arrow::Result<int64_t> TakeNode::RunToCount(const ExecContext& context) const {
  return inputs()[0]->CountRows(context);
}

}  // namespace lancea
