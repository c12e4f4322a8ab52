#include "lancea/change/merge_insert_run.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "lancea/change/merge_insert_filter.h"
#include "lancea/change/merge_insert_index.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/metrics.h"
#include "lancea/util/errors.h"
#include "lancea/util/memory_shares.h"

namespace lancea {

using WhenMatched = MergeInsertOptions::WhenMatched;

MergeRun::MergeRun(const WriteContext& context, const MergePlan& plan, const MergeSource& source,
                   const MergeMemory& memory)
    : context_(context), plan_(plan), source_(source), memory_(memory), target_(*context.dataset) {
  stats_.num_source_rows = source.num_rows();
  if (plan.primary_key) inserted_keys_.emplace(*plan.primary_key);
}

arrow::Result<PreparedChange> MergeRun::Run() {
  if (source_.is_spilled()) {
    ARROW_RETURN_NOT_OK(ScanTarget(nullptr));
    for (size_t i = 0; i < source_.num_partitions(); ++i) {
      ARROW_RETURN_NOT_OK(plan_.options.stop.Poll());
      ARROW_ASSIGN_OR_RAISE(auto table, BuildTable(i));
      ARROW_RETURN_NOT_OK(ProbeSpilled(i, table.get()));
      ARROW_RETURN_NOT_OK(WriteUpdates(i, *table));
      ARROW_RETURN_NOT_OK(WriteInserts(i, *table));
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(auto table, BuildTable(0));
    ARROW_RETURN_NOT_OK(ScanTarget(table.get()));
    ARROW_RETURN_NOT_OK(WriteUpdates(0, *table));
    ARROW_RETURN_NOT_OK(WriteInserts(0, *table));
  }
  stats_.num_spilled_bytes = source_.num_spilled_bytes();
  if (target_spill_ != nullptr) stats_.num_spilled_bytes += target_spill_->num_bytes();

  PreparedChange change;
  operation::Update update;
  if (plan_.rewrites_columns()) {
    ARROW_ASSIGN_OR_RAISE(update, RewriteColumns(&change.written));
  } else {
    ARROW_ASSIGN_OR_RAISE(update, MoveRows(&change));
  }
  change.transaction = NewTransaction(context_, plan_.options, std::move(update));
  return change;
}

arrow::Result<operation::Update> MergeRun::MoveRows(PreparedChange* change) {
  operation::Update update;
  auto complete = [&]() -> arrow::Status {
    for (auto* writer : {&updates_, &inserts_}) {
      if (*writer == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(auto fragments, (*writer)->Complete());
      if (writer == &updates_) SetRowIds(moved_ids_, &fragments);
      change->written.Add(std::move(*writer));
      for (FragmentMetadata& fragment : fragments) {
        for (const DataFile& file : fragment.files) stats_.bytes_written += file.file_size_bytes;
        stats_.num_files_written += fragment.files.size();
        update.new_fragments.push_back(std::move(fragment));
      }
    }
    return arrow::Status::OK();
  };
  auto affected = std::make_shared<const AffectedRows>(gone_.Finish());
  DeletedRows deleted;
  WrittenFiles deletion_files;
  // Deletion files reach the disk while the new rows do. A local disk keeps no thread waiting for long.
  const arrow::StopToken& stop = plan_.options.stop;
  const Dataset::Impl& target = target_.impl();
  arrow::internal::Executor* const executor = target.location.store->is_local()
                                                  ? target.session->impl().cpu_executor()
                                                  : target.MakeReadOptions(stop).io_executor;
  ARROW_RETURN_NOT_OK(ParallelFor(executor, 2, stop, [&](size_t which) {
    if (which == 0) return complete();
    return ApplyDeletions(context_, *affected, stop, &deletion_files).Value(&deleted);
  }));
  change->written.Add(std::move(deletion_files));
  update.updated_fragments = std::move(deleted.updated_fragments);
  update.removed_fragment_ids = std::move(deleted.removed_fragment_ids);
  update.changed_fields = plan_.fields;
  if (inserted_keys_) update.inserted_rows = inserted_keys_->Finish();
  change->affected_rows = std::move(affected);
  return update;
}

arrow::Result<std::unique_ptr<MergeKeyTable>> MergeRun::BuildTable(size_t partition) const {
  ARROW_ASSIGN_OR_RAISE(auto table, MergeKeyTable::Make(plan_.keys.types(), memory_.pool));
  ARROW_ASSIGN_OR_RAISE(auto reader, source_.Partition(partition));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return table;
    ARROW_ASSIGN_OR_RAISE(KeyRows keys, plan_.keys.OfSource(*batch, memory_.pool));
    ARROW_RETURN_NOT_OK(table->Add(keys));
  }
}

arrow::Status MergeRun::ScanTarget(MergeKeyTable* table) {
  if (source_.num_rows() == 0 && !plan_.options.delete_not_matched_by_source) {
    return arrow::Status::OK();
  }
  if (table == nullptr) {
    arrow::FieldVector fields;
    for (size_t i = 0; i < plan_.keys.types().size(); ++i) {
      fields.push_back(arrow::field("key" + std::to_string(i), plan_.keys.types()[i]));
    }
    fields.push_back(arrow::field("address", arrow::uint64()));
    fields.push_back(arrow::field("row_id", arrow::uint64()));
    fields.push_back(arrow::field("deletable", arrow::boolean()));
    spill_schema_ = arrow::schema(std::move(fields));
    target_spill_ = std::make_unique<PartitionedSpill>(memory_.spill_directory, spill_schema_,
                                                       MemoryShares(memory_.limit).spill_buffer(),
                                                       memory_.pool);
  }
  ScanOptions scan;
  scan.columns = plan_.ScannedColumns();
  scan.batch_size = 32768;
  scan.with_row_address = true;
  scan.with_row_id = plan_.has_stable_row_ids;
  scan.io_buffer_size = std::min(scan.io_buffer_size, MemoryShares(memory_.limit).feed());
  scan.stop_token = plan_.options.stop;
  scan.counters = std::make_shared<ScanCounters>();
  if (!plan_.options.delete_not_matched_by_source) {
    if (plan_.options.use_index) {
      ARROW_ASSIGN_OR_RAISE(const auto found, FindByKeyIndex(target_, source_, plan_.keys,
                                                             memory_.pool, plan_.options.stop));
      if (found) {
        ScanOptions by_index = scan;
        by_index.fragment_ids = found->covered_fragments;
        by_index.filter_expression = found->filter;
        is_filtered_ = true;
        ARROW_RETURN_NOT_OK(ScanRows(std::move(by_index), table));
        scan.fragment_ids = found->other_fragments;
      }
    }
    ARROW_ASSIGN_OR_RAISE(scan.filter_expression,
                          FilterBySourceKeys(source_, plan_.keys, memory_.pool));
    is_filtered_ = scan.filter_expression != nullptr;
  }
  const auto counters = scan.counters;
  if (!scan.fragment_ids || !scan.fragment_ids->empty()) {
    ARROW_RETURN_NOT_OK(ScanRows(std::move(scan), table));
  }
  stats_.num_target_rows += counters->rows_scanned;
  return target_spill_ != nullptr ? target_spill_->Finish() : arrow::Status::OK();
}

arrow::Status MergeRun::ScanRows(ScanOptions scan, MergeKeyTable* table) {
  ARROW_ASSIGN_OR_RAISE(auto scanner, target_.Scan(std::move(scan)));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    TargetRows rows;
    ARROW_ASSIGN_OR_RAISE(rows.keys, plan_.keys.OfTarget(*batch, memory_.pool));
    const auto addresses = batch->GetColumnByName("_rowaddr");
    rows.addresses = static_cast<const arrow::UInt64Array&>(*addresses).raw_values();
    const auto ids = batch->GetColumnByName("_rowid");
    if (ids != nullptr) rows.row_ids = static_cast<const arrow::UInt64Array&>(*ids).raw_values();
    if (plan_.delete_condition) {
      ARROW_ASSIGN_OR_RAISE(rows.deletable, plan_.delete_condition->Evaluate(*batch, memory_.pool));
    }
    ARROW_RETURN_NOT_OK(table != nullptr ? Probe(rows, table) : SpillTarget(rows));
  }
}

bool MergeRun::MayDelete(const TargetRows& rows, int64_t row) const {
  if (!plan_.options.delete_not_matched_by_source) return false;
  if (rows.deletable == nullptr) return true;
  if (rows.deletable->type_id() != arrow::Type::BOOL) return false;
  const auto& deletable = static_cast<const arrow::BooleanArray&>(*rows.deletable);
  return deletable.IsValid(row) && deletable.Value(row);
}

arrow::Status MergeRun::SpillTarget(const TargetRows& rows) {
  const std::vector<uint64_t> all_hashes = HashKeys(rows.keys);
  std::vector<int32_t> chosen;
  std::vector<uint64_t> hashes;
  arrow::UInt64Builder addresses(memory_.pool), ids(memory_.pool);
  arrow::BooleanBuilder deletable(memory_.pool);
  size_t next_valid = 0;
  for (int64_t row = 0; row < rows.keys.num_rows; ++row) {
    bool is_valid = rows.keys.all_valid;
    if (!is_valid && next_valid < rows.keys.valid.size() && rows.keys.valid[next_valid] == row) {
      is_valid = true;
      ++next_valid;
    }
    const bool may_delete = MayDelete(rows, row);
    const uint64_t hash = all_hashes[static_cast<size_t>(row)];
    if (!is_valid || !source_.MayHave(hash)) {
      if (!may_delete) continue;
      gone_.Add(rows.addresses[row]);
      ++stats_.num_deleted_rows;
      continue;
    }
    chosen.push_back(static_cast<int32_t>(row));
    hashes.push_back(hash);
    ARROW_RETURN_NOT_OK(addresses.Append(rows.addresses[row]));
    ARROW_RETURN_NOT_OK(ids.Append(rows.row_ids == nullptr ? 0 : rows.row_ids[row]));
    ARROW_RETURN_NOT_OK(deletable.Append(may_delete));
  }
  if (chosen.empty()) return arrow::Status::OK();
  const auto keys =
      arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector(spill_schema_->fields().begin(),
                                                                spill_schema_->fields().end() - 3)),
                               rows.keys.num_rows, rows.keys.columns);
  arrow::ArrayVector columns;
  for (int i = 0; i < keys->num_columns(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, TakeSource(*keys, i, chosen));
    columns.push_back(std::move(column));
  }
  columns.resize(columns.size() + 3);
  ARROW_RETURN_NOT_OK(addresses.Finish(&columns[columns.size() - 3]));
  ARROW_RETURN_NOT_OK(ids.Finish(&columns[columns.size() - 2]));
  ARROW_RETURN_NOT_OK(deletable.Finish(&columns[columns.size() - 1]));
  return target_spill_->Write(
      arrow::RecordBatch::Make(spill_schema_, static_cast<int64_t>(chosen.size()),
                               std::move(columns)),
      hashes);
}

arrow::Status MergeRun::ProbeSpilled(size_t partition, MergeKeyTable* table) {
  ARROW_ASSIGN_OR_RAISE(auto reader, target_spill_->Read(partition));
  if (reader == nullptr) return arrow::Status::OK();
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    TargetRows rows;
    ARROW_ASSIGN_OR_RAISE(rows.keys, plan_.keys.OfTarget(*batch, memory_.pool));
    const int last = batch->num_columns() - 1;
    rows.addresses = static_cast<const arrow::UInt64Array&>(*batch->column(last - 2)).raw_values();
    rows.row_ids = static_cast<const arrow::UInt64Array&>(*batch->column(last - 1)).raw_values();
    rows.deletable = batch->column(last);
    ARROW_RETURN_NOT_OK(Probe(rows, table));
  }
}

arrow::Status MergeRun::Duplicate(const KeyRows& keys, int64_t row) const {
  return InvalidInput(
      "Ambiguous merge inserts are prohibited: multiple source rows match the same target row on (",
      plan_.keys.Format(keys, row),
      "). Please ensure each target row is matched by at most one source row.");
}

arrow::Status MergeRun::Probe(const TargetRows& rows, MergeKeyTable* table) {
  ARROW_RETURN_NOT_OK(table->Lookup(rows.keys, is_filtered_, &hits_));
  const MergeInsertOptions& options = plan_.options;
  if (options.delete_not_matched_by_source) {
    size_t next_hit = 0;
    for (int64_t row = 0; row < rows.keys.num_rows; ++row) {
      if (next_hit < hits_.size() && hits_[next_hit].row == row) {
        ++next_hit;
      } else if (MayDelete(rows, row)) {
        gone_.Add(rows.addresses[row]);
        ++stats_.num_deleted_rows;
      }
    }
  }
  for (const auto [hit_row, group] : hits_) {
    const int64_t row = hit_row;
    table->SetMatched(group);
    const uint32_t first = table->FirstRow(group);
    const bool has_more = table->NextRow(first) != MergeKeyTable::kNone;
    switch (options.when_matched) {
      case WhenMatched::kDoNothing:
        break;
      case WhenMatched::kFail:
        return InvalidInput("Merge insert failed: found matching row with key values: ",
                            plan_.keys.Format(rows.keys, row));
      case WhenMatched::kDelete:
        for (uint32_t s = table->NextRow(first); s != MergeKeyTable::kNone; s = table->NextRow(s)) {
          if (!options.skip_duplicates) return Duplicate(rows.keys, row);
          ++stats_.num_skipped_duplicates;
        }
        gone_.Add(rows.addresses[row]);
        ++stats_.num_deleted_rows;
        break;
      case WhenMatched::kUpdateAll:
        // A condition may leave one of several.
        if (has_more && !plan_.update_condition && !options.skip_duplicates) {
          return Duplicate(rows.keys, row);
        }
        for (uint32_t s = first; s != MergeKeyTable::kNone; s = table->NextRow(s)) {
          matches_.push_back(
              {s, rows.addresses[row], rows.row_ids == nullptr ? 0 : rows.row_ids[row]});
        }
        break;
    }
  }
  return arrow::Status::OK();
}

}  // namespace lancea
