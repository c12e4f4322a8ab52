#include "lancea/change/row_changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/io/path.h"
#include "lancea/table/deletion_file_writer.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/row_id_sequence.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/backoff.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"
#include "lancea/write/auto_cleanup.h"
#include "lancea/write/file_targets.h"
#include "lancea/write/write_schema.h"

namespace lancea {
void RowCollector::Add(uint64_t address) {
  auto& ranges = rows_[address >> 32];
  const auto row = static_cast<uint32_t>(address);
  ++num_rows_;
  if (ranges.empty() || row > uint64_t{ranges.back().last} + 1) {
    ranges.push_back({row, row});
  } else if (row == uint64_t{ranges.back().last} + 1) {
    ranges.back().last = row;
  } else {
    ranges.push_back({row, row});
    ascending_ = false;
  }
}

AffectedRows RowCollector::Finish() {
  if (!ascending_) {
    for (auto& [fragment, ranges] : rows_) {
      std::ranges::sort(ranges, {}, &ValueRange::first);
      std::vector<ValueRange> merged;
      for (const ValueRange& range : ranges) {
        if (merged.empty() || range.first > uint64_t{merged.back().last} + 1) {
          merged.push_back(range);
        } else {
          merged.back().last = std::max(merged.back().last, range.last);
        }
      }
      ranges = std::move(merged);
    }
  }
  num_rows_ = 0;
  ascending_ = true;
  return std::exchange(rows_, {});
}

void WrittenFiles::Add(std::shared_ptr<ObjectStore> store, std::string path) {
  files_.emplace_back(std::move(store), std::move(path));
}

void WrittenFiles::Add(WrittenFiles others) {
  std::ranges::move(others.files_, std::back_inserter(files_));
  std::ranges::move(others.writers_, std::back_inserter(writers_));
  others.files_.clear();
  others.writers_.clear();
}

void WrittenFiles::Keep() {
  for (const auto& writer : writers_) writer->Release();
  writers_.clear();
  files_.clear();
}

void WrittenFiles::Remove() {
  // Best effort: what stays behind is an orphan that verify names and cleanup removes.
  for (const auto& [store, path] : files_) (void)store->Delete(path);
  files_.clear();
  writers_.clear();
}

arrow::Result<DeletedRows> ApplyDeletions(const WriteContext& context, const AffectedRows& rows,
                                          const arrow::StopToken& stop, WrittenFiles* written) {
  const Dataset::Impl& dataset = context.dataset->impl();
  std::vector<const FragmentMetadata*> fragments;
  for (const FragmentMetadata& fragment : dataset.fragments()) {
    auto found = rows.find(fragment.id);
    if (found != rows.end() && !found->second.empty()) fragments.push_back(&fragment);
  }
  // Their files wait for the disk side by side. nullopt: nothing is left of a fragment.
  std::vector<std::optional<FragmentMetadata>> updated(fragments.size());
  const arrow::Status status = ParallelFor(
      fragments.size() > 1 ? dataset.MakeReadOptions(stop).io_executor : nullptr, fragments.size(),
      stop, [&](size_t i) -> arrow::Status {
        const FragmentMetadata& fragment = *fragments[i];
        ARROW_ASSIGN_OR_RAISE(auto before, dataset.Deletions(fragment));
        const auto& ranges = rows.find(fragment.id)->second;
        std::vector<RowRange> more;
        more.reserve(ranges.size());
        for (const ValueRange& range : ranges) {
          more.push_back({range.first, uint64_t{range.last} + 1});
        }
        ARROW_ASSIGN_OR_RAISE(DeletionVector deleted,
                              Union(before == nullptr ? DeletionVector() : *before, more));
        if (deleted.num_deleted() == fragment.physical_rows) return arrow::Status::OK();
        FragmentMetadata next = fragment;
        ARROW_ASSIGN_OR_RAISE(next.deletion_file,
                              WriteDeletionFile(*context.location.store, context.location.path,
                                                fragment.id, context.dataset->version(), deleted));
        updated[i] = std::move(next);
        return arrow::Status::OK();
      });
  DeletedRows out;
  for (size_t i = 0; i < fragments.size(); ++i) {
    if (!updated[i]) {
      out.removed_fragment_ids.push_back(fragments[i]->id);
      continue;
    }
    written->Add(context.location.store,
                 JoinPath(context.location.path, updated[i]->deletion_file->Path(updated[i]->id)));
    out.updated_fragments.push_back(*std::move(updated[i]));
  }
  ARROW_RETURN_NOT_OK(status);
  return out;
}

void SetFilter(const RowFilter& filter, ScanOptions* scan) {
  scan->filter = filter.sql;
  scan->filter_expression = filter.expression;
}

arrow::Result<RowCollector> CollectRows(const Dataset& dataset, const RowFilter& filter,
                                        const std::optional<std::vector<uint64_t>>& fragment_ids,
                                        const arrow::StopToken& stop) {
  ScanOptions scan;
  scan.columns = std::vector<std::string>();
  scan.with_row_address = true;
  scan.fragment_ids = fragment_ids;
  scan.batch_size = 65536;
  scan.stop_token = stop;
  SetFilter(filter, &scan);
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(std::move(scan)));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  RowCollector rows;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return rows;
    const auto& addresses =
        static_cast<const arrow::UInt64Array&>(*batch->column(batch->num_columns() - 1));
    for (int64_t i = 0; i < addresses.length(); ++i) rows.Add(addresses.Value(i));
  }
}

arrow::Result<std::unique_ptr<FragmentWriter>> MakeRowWriter(const WriteContext& context,
                                                             const ChangeOptions& options,
                                                             const RowWriterOptions& row_options,
                                                             const arrow::Schema& rows) {
  const std::string& own = context.dataset->data_storage_version();
  if (own == "0.1") {
    return Unsupported(
        "rows of tables of data storage version 0.1 (legacy) can be deleted but not "
        "written; write them to a new table");
  }
  FragmentWriterOptions writer;
  ARROW_ASSIGN_OR_RAISE(writer.file.format,
                        ParseStorageVersion(options.data_storage_version.value_or(own)));
  writer.file.pool = context.session->impl().memory_pool();
  writer.file.cpu = context.session->impl().cpu_executor();
  writer.max_rows_per_file = row_options.max_rows_per_file;
  KeepTo(MemoryShares(row_options.memory_limit), &writer.file);
  // Blobs that move keep what they refer to, wherever that lies.
  writer.blobs.bases = context.dataset->base_paths();
  writer.blobs.allow_outside_bases = true;
  writer.stop = options.stop;
  ARROW_ASSIGN_OR_RAISE(
      auto targets, FileTargets(context, row_options.target_bases, context.dataset->base_paths()));
  return FragmentWriter::Make(std::move(targets), context.dataset->lance_schema(), rows,
                              std::move(writer));
}

void SetRowIds(const std::vector<uint64_t>& row_ids, std::vector<FragmentMetadata>* fragments) {
  size_t begin = 0;
  for (FragmentMetadata& fragment : *fragments) {
    const size_t end = std::min<size_t>(row_ids.size(), begin + fragment.physical_rows);
    if (begin == end) return;
    const auto first = row_ids.begin();
    fragment.row_ids.inline_bytes =
        RowIdSequence::FromValues(
            {first + static_cast<std::ptrdiff_t>(begin), first + static_cast<std::ptrdiff_t>(end)})
            .Serialize();
    begin = end;
  }
}

Transaction NewTransaction(const WriteContext& context, const ChangeOptions& options,
                           Operation operation) {
  Transaction transaction;
  transaction.read_version = context.dataset->version();
  transaction.uuid = Uuid::Random().ToString();
  transaction.properties = options.transaction_properties;
  transaction.operation = std::move(operation);
  return transaction;
}

arrow::Result<CommittedChange> CommitWithRetries(
    std::shared_ptr<const Dataset> dataset, const ChangeOptions& options,
    const std::function<arrow::Result<PreparedChange>(const WriteContext&)>& prepare) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  std::optional<Backoff> backoff;
  CommittedChange out;
  while (true) {
    ++out.num_attempts;
    ARROW_ASSIGN_OR_RAISE(WriteContext context,
                          WriteContext::Make(dataset->uri(), dataset, nullptr, {}));
    ARROW_RETURN_NOT_OK(CheckWritable(*dataset->impl().manifest));
    ARROW_ASSIGN_OR_RAISE(PreparedChange change, prepare(context));
    CommitTarget target = context.Target();
    target.affected_rows = change.affected_rows;
    CommitOptions commit;
    commit.commit_handler = options.commit_handler;
    commit.stop = options.stop;
    auto committed = Commit(target, std::move(change.transaction), commit);
    if (committed.ok()) {
      change.written.Keep();
      out.transaction = std::move(committed->transaction);
      ARROW_ASSIGN_OR_RAISE(out.dataset, context.Open(std::move(committed->version)));
      CleanUpAfterCommit(*out.dataset);
      return out;
    }
    if (IsCommitStatusUnknown(committed.status())) change.written.Keep();
    if (CategoryOf(committed.status()) != ErrorCategory::kRetryableConflict) {
      return committed.status();
    }
    change.written.Remove();
    const auto elapsed = Clock::now() - begin;
    if (out.num_attempts > options.conflict_retries) {
      return RetryableConflict("Too many concurrent writers. Attempted ", options.conflict_retries,
                               " retries. ", committed.status().message());
    }
    if (elapsed > options.retry_timeout) {
      return RetryableConflict("Attempted ", out.num_attempts,
                               " times, but failed on retry_timeout of ",
                               std::chrono::duration<double>(options.retry_timeout).count(),
                               " seconds. ", committed.status().message());
    }
    if (!backoff) {
      // One attempt tells how long the writers that are in the way may take.
      BackoffOptions waits;
      waits.first = std::clamp<std::chrono::nanoseconds>(elapsed, std::chrono::milliseconds(5),
                                                         std::chrono::seconds(1));
      backoff.emplace(waits);
    }
    ARROW_RETURN_NOT_OK(backoff->Wait(options.stop));
    ARROW_ASSIGN_OR_RAISE(dataset, dataset->CheckoutLatest());
  }
}

}  // namespace lancea
