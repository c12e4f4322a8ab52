// Delete: scan for the rows, list them in deletion files.
#include <algorithm>
#include <utility>

#include "lancea/change/row_changes.h"
#include "lancea/change_rows.h"
#include "lancea/util/errors.h"
#include "lancea/write/one_pass.h"

namespace lancea {

arrow::Result<DeleteResult> DeleteRows(const std::shared_ptr<const Dataset>& dataset,
                                       const RowFilter& filter, const ChangeOptions& options) {
  DeleteResult out;
  auto prepare = [&](const WriteContext& context) -> arrow::Result<PreparedChange> {
    ARROW_ASSIGN_OR_RAISE(const auto scanned, ForOneScan(context));
    ARROW_ASSIGN_OR_RAISE(RowCollector rows,
                          CollectRows(*scanned, filter, std::nullopt, options.stop));
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

namespace {

arrow::Result<const FragmentMetadata*> FindFragment(const Dataset& dataset, uint64_t fragment_id) {
  const FragmentMetadata* fragment = dataset.impl().manifest->FindFragment(fragment_id);
  if (fragment == nullptr) {
    return NotFound("no fragment ", fragment_id, " in version ", dataset.version());
  }
  return fragment;
}

/// The fragment with a new deletion file, which stays; itself when there is no row, nullopt when none is left.
arrow::Result<std::optional<FragmentMetadata>> Without(const Dataset& dataset,
                                                       const FragmentMetadata& fragment,
                                                       RowCollector rows,
                                                       const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(WriteContext context,
                        WriteContext::Make(dataset.uri(), dataset.shared_from_this(), nullptr, {}));
  WrittenFiles written;
  ARROW_ASSIGN_OR_RAISE(DeletedRows deleted,
                        ApplyDeletions(context, rows.Finish(), stop, &written));
  written.Keep();
  if (!deleted.removed_fragment_ids.empty()) return std::nullopt;
  if (deleted.updated_fragments.empty()) return fragment;
  return std::move(deleted.updated_fragments[0]);
}

}  // namespace

arrow::Result<std::optional<FragmentMetadata>> DeleteFromFragment(const Dataset& dataset,
                                                                  uint64_t fragment_id,
                                                                  const RowFilter& filter,
                                                                  const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(const FragmentMetadata* fragment, FindFragment(dataset, fragment_id));
  ARROW_ASSIGN_OR_RAISE(RowCollector rows, CollectRows(dataset, filter, {{fragment_id}}, stop));
  return Without(dataset, *fragment, std::move(rows), stop);
}

arrow::Result<std::optional<FragmentMetadata>> DeleteRowsFromFragment(
    const Dataset& dataset, uint64_t fragment_id, std::vector<uint64_t> offsets,
    const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(const FragmentMetadata* fragment, FindFragment(dataset, fragment_id));
  std::ranges::sort(offsets);
  const auto repeated = std::ranges::unique(offsets);
  offsets.erase(repeated.begin(), repeated.end());
  if (!offsets.empty() && offsets.back() >= fragment->physical_rows) {
    return InvalidInput("row offset ", offsets.back(), " is out of range: fragment ", fragment_id,
                        " stores ", fragment->physical_rows, " rows");
  }
  RowCollector rows;
  for (uint64_t offset : offsets) rows.Add(fragment_id << 32 | offset);
  return Without(dataset, *fragment, std::move(rows), stop);
}

}  // namespace lancea
