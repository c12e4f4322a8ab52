#include "lancea/exec/project.h"

#include <set>

#include "arrow/array/util.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/exec/predicate.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class ProjectReader : public arrow::RecordBatchReader {
 public:
  ProjectReader(std::shared_ptr<const ProjectColumns> project,
                std::shared_ptr<arrow::RecordBatchReader> input, arrow::MemoryPool* pool)
      : project_(std::move(project)), input_(std::move(input)), pool_(pool) {}
  std::shared_ptr<arrow::Schema> schema() const override { return project_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    ARROW_RETURN_NOT_OK(input_->ReadNext(out));
    if (*out == nullptr) return arrow::Status::OK();
    return project_->Apply(**out, pool_).Value(out);
  }
  arrow::Status Close() override { return input_->Close(); }

 private:
  const std::shared_ptr<const ProjectColumns> project_;
  const std::shared_ptr<arrow::RecordBatchReader> input_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

arrow::Result<std::shared_ptr<const ProjectColumns>> ProjectColumns::Make(
    std::shared_ptr<arrow::Schema> input, std::vector<Column> columns) {
  std::shared_ptr<ProjectColumns> out(new ProjectColumns());
  const std::shared_ptr<arrow::Schema> seen = EvaluatedSchema(*input);
  arrow::FieldVector fields;
  std::set<std::string> names;
  for (Column& column : columns) {
    if (!names.insert(column.name).second) {
      return InvalidInput("Duplicate column name: ", column.name);
    }
    std::vector<int> reads;
    if (column.input >= 0) {
      fields.push_back(input->field(column.input)->WithName(column.name));
    } else {
      arrow::FieldVector bound_to;
      std::set<int> used;
      for (const auto& path : FieldPaths(column.expression)) {
        const int index = seen->GetFieldIndex(path[0]);
        if (index < 0) return NotFound("no column \"", path[0], "\"");
        if (!used.insert(index).second) continue;
        reads.push_back(index);
        bound_to.push_back(seen->field(index));
      }
      ARROW_ASSIGN_OR_RAISE(column.expression,
                            Unbound(column.expression).Bind(*arrow::schema(std::move(bound_to))));
      fields.push_back(arrow::field(column.name, column.expression.type()->GetSharedPtr()));
    }
    out->inputs_.push_back(std::move(reads));
  }
  out->columns_ = std::move(columns);
  out->schema_ = arrow::schema(std::move(fields), input->metadata());
  return out;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ProjectColumns::Apply(
    const arrow::RecordBatch& batch, arrow::MemoryPool* pool) const {
  arrow::ArrayVector out;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    if (column.input >= 0) {
      out.push_back(batch.column(column.input));
      continue;
    }
    std::vector<arrow::Datum> values;
    for (const int input : inputs_[c]) {
      ARROW_ASSIGN_OR_RAISE(auto value, AsEvaluated(batch.column(input), pool));
      values.emplace_back(std::move(value));
    }
    arrow::compute::ExecContext context(pool);
    context.set_use_threads(false);
    ARROW_ASSIGN_OR_RAISE(
        const arrow::Datum value,
        arrow::compute::ExecuteScalarExpression(
            column.expression, arrow::compute::ExecBatch(std::move(values), batch.num_rows()),
            &context));
    if (value.is_scalar()) {
      ARROW_ASSIGN_OR_RAISE(auto repeated,
                            arrow::MakeArrayFromScalar(*value.scalar(), batch.num_rows(), pool));
      out.push_back(std::move(repeated));
    } else {
      out.push_back(value.make_array());
    }
  }
  return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(out));
}

arrow::Result<std::shared_ptr<arrow::Table>> ProjectColumns::Apply(const arrow::Table& table,
                                                                   arrow::MemoryPool* pool) const {
  arrow::TableBatchReader reader(table);
  std::vector<std::shared_ptr<arrow::RecordBatch>> out;
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_ASSIGN_OR_RAISE(auto projected, Apply(*batch, pool));
    out.push_back(std::move(projected));
  }
  return arrow::Table::FromRecordBatches(schema_, out);
}

std::shared_ptr<arrow::RecordBatchReader> ProjectColumns::Stream(
    std::shared_ptr<const ProjectColumns> project, std::shared_ptr<arrow::RecordBatchReader> input,
    arrow::MemoryPool* pool) {
  return std::make_shared<ProjectReader>(std::move(project), std::move(input), pool);
}

}  // namespace lancea
