// New columns joined to a table by key.
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/change/column_change.h"
#include "lancea/change/hash_join.h"
#include "lancea/change/join_columns.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct Merged {
  ChangedFragments changed;
  ExtendedSchema extended;
};

arrow::Result<Merged> Merge(const ColumnChange& change, arrow::RecordBatchReader* right,
                            const std::string& left_on, const std::string& right_on,
                            const JoinSides& sides) {
  const Dataset& dataset = change.dataset();
  ARROW_RETURN_NOT_OK(CheckColumnsWritable(dataset));
  ARROW_RETURN_NOT_OK(CheckJoinColumns(dataset, *right->schema(), left_on, right_on, sides));
  for (const auto& field : right->schema()->fields()) {
    if (field->name() == right_on) continue;
    if (dataset.schema()->GetFieldByName(field->name()) != nullptr) {
      return InvalidInput("Column ", field->name(), sides.in_both);
    }
  }
  ARROW_ASSIGN_OR_RAISE(
      auto join, HashJoin::Make(right, right_on, change.JoinMemoryOf(), change.options().stop));
  Merged out;
  ARROW_ASSIGN_OR_RAISE(out.extended, Extend(dataset, *join->schema()));
  auto source = [&](size_t fragment) -> arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> {
    ScanOptions scan = change.ScanOf(fragment, join->row_bytes());
    scan.columns = std::vector<std::string>{left_on};
    ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(std::move(scan)));
    ARROW_ASSIGN_OR_RAISE(auto keys, scanner->ToReader());
    return MapBatches(std::move(keys), join->schema(),
                      [&](const std::shared_ptr<arrow::RecordBatch>& batch)
                          -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
                        ARROW_ASSIGN_OR_RAISE(auto rows, join->Find(batch->column(0)));
                        return join->Take(rows);
                      });
  };
  if (join->schema()->num_fields() == 0) {
    for (const size_t index : change.fragments()) {
      out.changed.fragments.push_back(change.fragment(index));
    }
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(out.changed, change.WriteAll(out.extended.written, source));
  return out;
}

constexpr JoinSides kOfTable = {"the left side dataset", "the right side dataset",
                                " exists in both sides of the dataset"};
constexpr JoinSides kOfFragment = {"the left side fragment", "the right side fragment",
                                   " exists in left side fragment and right side dataset"};

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> MergeColumns(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& right, const std::string& left_on,
    const std::string& right_on, const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, {}, options));
  ARROW_ASSIGN_OR_RAISE(Merged merged, Merge(change, right.get(), left_on, right_on, kOfTable));
  return change.Commit(operation::Merge{merged.changed.fragments, std::move(merged.extended.schema),
                                        merged.extended.preserves_nullability},
                       &merged.changed);
}

arrow::Result<ExtendedFragment> MergeColumnsToFragment(
    const std::shared_ptr<const Dataset>& dataset, uint64_t fragment_id,
    const std::shared_ptr<arrow::RecordBatchReader>& right, const std::string& left_on,
    const std::string& right_on, const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, fragment_id, options));
  ARROW_ASSIGN_OR_RAISE(Merged merged, Merge(change, right.get(), left_on, right_on, kOfFragment));
  merged.changed.Keep();
  return ExtendedFragment{std::move(merged.changed.fragments[0]),
                          std::move(merged.extended.schema)};
}

}  // namespace lancea
