// Delete: scan for the rows, list them in deletion files.
#include <utility>

#include "lancea/change/row_changes.h"
#include "lancea/change_rows.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<DeleteResult> DeleteRows(const std::shared_ptr<const Dataset>& dataset,
                                       const RowFilter& filter, const ChangeOptions& options) {
  DeleteResult out;
  auto prepare = [&](const WriteContext& context) -> arrow::Result<PreparedChange> {
    ARROW_ASSIGN_OR_RAISE(RowCollector rows,
                          CollectRows(*context.dataset, filter, std::nullopt, options.stop));
    out.num_deleted_rows = rows.num_rows();
    PreparedChange change;
    auto affected = std::make_shared<const AffectedRows>(rows.Finish());
    ARROW_ASSIGN_OR_RAISE(DeletedRows deleted,
                          ApplyDeletions(context, *affected, options.stop, &change.written));
    change.affected_rows = std::move(affected);
    change.transaction = NewTransaction(context, options,
                                        operation::Delete{std::move(deleted.updated_fragments),
                                                          std::move(deleted.removed_fragment_ids),
                                                          filter.sql            ? *filter.sql
                                                          : filter.text.empty() ? "true"
                                                                                : filter.text});
    return change;
  };
  ARROW_ASSIGN_OR_RAISE(CommittedChange committed, CommitWithRetries(dataset, options, prepare));
  out.dataset = std::move(committed.dataset);
  return out;
}

arrow::Result<std::optional<FragmentMetadata>> DeleteFromFragment(const Dataset& dataset,
                                                                  uint64_t fragment_id,
                                                                  const RowFilter& filter,
                                                                  const arrow::StopToken& stop) {
  const FragmentMetadata* fragment = dataset.impl().manifest->FindFragment(fragment_id);
  if (fragment == nullptr) {
    return NotFound("no fragment ", fragment_id, " in version ", dataset.version());
  }
  ARROW_ASSIGN_OR_RAISE(WriteContext context,
                        WriteContext::Make(dataset.uri(), dataset.shared_from_this(), nullptr, {}));
  ARROW_ASSIGN_OR_RAISE(RowCollector rows, CollectRows(dataset, filter, {{fragment_id}}, stop));
  WrittenFiles written;
  ARROW_ASSIGN_OR_RAISE(DeletedRows deleted,
                        ApplyDeletions(context, rows.Finish(), stop, &written));
  written.Keep();
  if (!deleted.removed_fragment_ids.empty()) return std::nullopt;
  if (deleted.updated_fragments.empty()) return *fragment;
  return std::move(deleted.updated_fragments[0]);
}

}  // namespace lancea
