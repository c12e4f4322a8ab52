// Plans that run: a tree of steps, each making rows from the rows of its inputs.
//
//   ProjectionExec            what a scan is carried out by; a step that is not Lancea's own stands
//     Take                    among them as an equal: it runs, is explained and analyzed, and rules
//       SortExec              (lancea/optimizer.h) see it and may put it there
//         LanceRead
//
// A step says what it does (Describe) and does it (Run); counting of rows and time is done for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/export.h"
#include "lancea/plan.h"
#include "lancea/scanner.h"

namespace lancea {

class ExecNode;
using ExecNodePtr = std::shared_ptr<const ExecNode>;

/// What the steps of one run did. Thread-safe.
class LANCEA_EXPORT RunMetrics {
 public:
  using Values = std::vector<std::pair<std::string, uint64_t>>;

  /// `values` is called when the run has ended: what a step counts beyond rows, batches and time.
  void Report(const ExecNode& node, std::function<Values()> values);
  void AddRows(const ExecNode& node, uint64_t rows, uint64_t batches, uint64_t nanos);
  /// In the order shown: elapsed_ns, output_rows, output_batches, then what was reported.
  Values Of(const ExecNode& node) const;

 private:
  struct Step {
    uint64_t rows = 0, batches = 0, nanos = 0;
    std::function<Values()> more;
  };
  mutable std::mutex mutex_;
  std::map<const ExecNode*, Step> steps_;
};

/// What all steps of one run are given.
struct LANCEA_EXPORT ExecContext {
  arrow::MemoryPool* memory_pool = nullptr;  ///< nullptr: arrow::default_memory_pool()
  arrow::StopToken stop_token = arrow::StopToken::Unstoppable();
  std::shared_ptr<RunMetrics> metrics;  ///< nullptr: nothing is measured

  arrow::MemoryPool* pool() const;
};

/// One step. Immutable, thread-safe; every run begins anew.
class LANCEA_EXPORT ExecNode {
 public:
  using Inputs = std::vector<ExecNodePtr>;
  using Reader = std::shared_ptr<arrow::RecordBatchReader>;

  virtual ~ExecNode();

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  const Inputs& inputs() const { return inputs_; }

  /// The same step over other inputs of the same schemas; not called for steps without inputs.
  virtual arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const = 0;

  /// Its name and what it is told to do. Without a name it is not shown. What is shown below it, when it
  /// does more than one step at once, is in PlanNode::inputs; inputs() are added under the last of those.
  virtual PlanNode Describe() const = 0;

  /// The rows as a stream. The step must outlive it.
  arrow::Result<Reader> Stream(const ExecContext& context) const;
  /// All rows in memory.
  arrow::Result<std::shared_ptr<arrow::Table>> ToTable(const ExecContext& context) const;
  /// How many rows there are.
  arrow::Result<int64_t> CountRows(const ExecContext& context) const;

 protected:
  ExecNode(std::shared_ptr<arrow::Schema> schema, Inputs inputs)
      : schema_(std::move(schema)), inputs_(std::move(inputs)) {}

  /// Make the rows. Inputs are run by their public functions.
  virtual arrow::Result<Reader> Run(const ExecContext& context) const = 0;
  /// The same where all rows are wanted at once; by default through Run.
  virtual arrow::Result<std::shared_ptr<arrow::Table>> RunToTable(const ExecContext& context) const;
  /// The same where only their number matters; by default through Run.
  virtual arrow::Result<int64_t> RunToCount(const ExecContext& context) const;

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const Inputs inputs_;
};

/// The plan of a scan, as rules have left it. It keeps the dataset.
LANCEA_EXPORT arrow::Result<ExecNodePtr> PlanScan(std::shared_ptr<const Dataset> dataset,
                                                  const ScanOptions& options = {});

/// UnionExec: the rows of all inputs, one input after the other. For data of which only a part is indexed,
/// and is found by the index: the rest is scanned.
/// \return InvalidInput when there is no input, or their schemas differ
LANCEA_EXPORT arrow::Result<ExecNodePtr> UnionOf(ExecNode::Inputs inputs);

/// The tree to show.
/// \param metrics  of a run, to be shown too
LANCEA_EXPORT PlanNode Explain(const ExecNode& root, const RunMetrics* metrics = nullptr);

}  // namespace lancea
