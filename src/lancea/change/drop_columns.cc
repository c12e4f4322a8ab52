// Columns dropped: a new schema, nothing else.
#include <utility>

#include "lancea/change/column_change.h"

namespace lancea {

arrow::Result<std::shared_ptr<Dataset>> DropColumns(const std::shared_ptr<const Dataset>& dataset,
                                                    const std::vector<std::string>& columns,
                                                    const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, {}, options));
  ARROW_ASSIGN_OR_RAISE(Schema schema, WithoutColumns(*dataset, columns));
  return change.Commit(operation::Project{std::move(schema), /*preserves_nullability=*/true});
}

}  // namespace lancea
