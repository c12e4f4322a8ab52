// Steps that need nothing of a table: they cut, sort, compute and join the streams of their inputs.
#pragma once

#include <memory>
#include <vector>

#include "lancea/exec/cut_batches.h"
#include "lancea/exec/project.h"
#include "lancea/exec/sort_keys.h"
#include "lancea/exec_node.h"

namespace lancea {

/// GlobalLimitExec where it limits, StrictBatchSizeExec where batches are cut by bytes or strictly, and not
/// shown where it only cuts.
class CutNode : public ExecNode {
 public:
  CutNode(const ExecNodePtr& input, BatchCut cut, bool is_strict);

  const BatchCut& cut() const { return cut_; }
  bool is_limit() const { return cut_.offset > 0 || cut_.limit >= 0; }
  bool is_strict() const { return is_strict_; }

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override;
  PlanNode Describe() const override;

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override;
  arrow::Result<std::shared_ptr<arrow::Table>> RunToTable(
      const ExecContext& context) const override;
  arrow::Result<int64_t> RunToCount(const ExecContext& context) const override;

  const BatchCut cut_;
  const bool is_strict_;
};

/// SortExec: all rows in order, through temporary files when memory does not hold them.
class SortNode : public ExecNode {
 public:
  SortNode(const ExecNodePtr& input, std::vector<SortKey> keys, uint64_t memory_bytes,
           int64_t batch_rows);

  const std::vector<SortKey>& keys() const { return keys_; }

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override;
  PlanNode Describe() const override;

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override;
  arrow::Result<int64_t> RunToCount(const ExecContext& context) const override;

  const std::vector<SortKey> keys_;
  const uint64_t memory_bytes_;
  const int64_t batch_rows_;
};

/// SortExec with TopK: the first rows of an order.
class TopRowsNode : public ExecNode {
 public:
  TopRowsNode(const ExecNodePtr& input, std::vector<SortKey> keys, int64_t num_rows);

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override;
  PlanNode Describe() const override;

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override;

  const std::vector<SortKey> keys_;
  const int64_t num_rows_;
};

/// ProjectionExec: columns computed from the input's.
class ProjectNode : public ExecNode {
 public:
  ProjectNode(ExecNodePtr input, std::shared_ptr<const ProjectColumns> project,
              std::vector<std::string> shown);

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override;
  PlanNode Describe() const override;

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override;
  arrow::Result<std::shared_ptr<arrow::Table>> RunToTable(
      const ExecContext& context) const override;
  arrow::Result<int64_t> RunToCount(const ExecContext& context) const override;

  const std::shared_ptr<const ProjectColumns> project_;
  const std::vector<std::string> shown_;
};

}  // namespace lancea
