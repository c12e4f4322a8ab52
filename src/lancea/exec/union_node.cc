// UnionExec: inputs one after the other.
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/exec_node.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Begins an input when the one before has ended.
class Sequence : public arrow::RecordBatchReader {
 public:
  Sequence(std::shared_ptr<arrow::Schema> schema, ExecNode::Inputs inputs, ExecContext context)
      : schema_(std::move(schema)), inputs_(std::move(inputs)), context_(std::move(context)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    while (true) {
      if (current_ == nullptr) {
        batch->reset();
        if (next_ == inputs_.size()) return arrow::Status::OK();
        ARROW_ASSIGN_OR_RAISE(current_, inputs_[next_++]->Stream(context_));
      }
      ARROW_RETURN_NOT_OK(current_->ReadNext(batch));
      if (*batch != nullptr) return arrow::Status::OK();
      current_.reset();
    }
  }

  arrow::Status Close() override {
    next_ = inputs_.size();
    if (current_ == nullptr) return arrow::Status::OK();
    const ExecNode::Reader current = std::move(current_);
    return current->Close();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const ExecNode::Inputs inputs_;
  const ExecContext context_;
  size_t next_ = 0;
  ExecNode::Reader current_;
};

class UnionNode : public ExecNode {
 public:
  explicit UnionNode(Inputs inputs) : ExecNode(inputs[0]->schema(), inputs) {}

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override {
    return UnionOf(std::move(inputs));
  }
  PlanNode Describe() const override { return {"UnionExec", {}, {}, false, {}}; }

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override {
    return std::make_shared<Sequence>(schema(), inputs(), context);
  }
  arrow::Result<std::shared_ptr<arrow::Table>> RunToTable(
      const ExecContext& context) const override {
    std::vector<std::shared_ptr<arrow::Table>> tables;
    for (const ExecNodePtr& input : inputs()) {
      ARROW_ASSIGN_OR_RAISE(auto table, input->ToTable(context));
      tables.push_back(std::move(table));
    }
    return arrow::ConcatenateTables(tables);
  }
  arrow::Result<int64_t> RunToCount(const ExecContext& context) const override {
    int64_t rows = 0;
    for (const ExecNodePtr& input : inputs()) {
      ARROW_ASSIGN_OR_RAISE(const int64_t more, input->CountRows(context));
      rows += more;
    }
    return rows;
  }
};

}  // namespace

arrow::Result<ExecNodePtr> UnionOf(ExecNode::Inputs inputs) {
  if (inputs.empty()) return InvalidInput("a union needs at least one input");
  for (const ExecNodePtr& input : inputs) {
    if (input->schema()->Equals(*inputs[0]->schema(), /*check_metadata=*/false)) continue;
    return InvalidInput("inputs of a union differ:\n", inputs[0]->schema()->ToString(), "\nand\n",
                        input->schema()->ToString());
  }
  return std::make_shared<UnionNode>(std::move(inputs));
}

}  // namespace lancea
