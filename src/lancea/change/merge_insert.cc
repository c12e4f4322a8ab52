// Merge insert: read the source, then join and commit until no other writer was first.
#include <chrono>
#include <sstream>
#include <utility>

#include "arrow/record_batch.h"
#include "lancea/change/merge_insert_plan.h"
#include "lancea/change/merge_insert_run.h"
#include "lancea/change/merge_insert_source.h"
#include "lancea/change/spill_directory.h"
#include "lancea/change_rows.h"
#include "lancea/scan/view_arrays.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

MergeMemory MemoryOf(const Dataset& dataset, const MergeInsertOptions& options) {
  MergeMemory memory;
  memory.limit = options.memory_limit.value_or(dataset.session()->memory_limit());
  memory.spill_directory = options.spill_directory.value_or(SpillDirectory());
  memory.pool = dataset.session()->impl().PoolUnder(memory.limit);
  return memory;
}

// A source that was read, and what is needed to try it on a version.
class Merge {
 public:
  static arrow::Result<Merge> Make(const Dataset& dataset,
                                   const std::shared_ptr<arrow::RecordBatchReader>& source,
                                   const MergeInsertOptions& options) {
    Merge merge;
    merge.options_ = options;
    merge.memory_ = MemoryOf(dataset, options);
    ARROW_ASSIGN_OR_RAISE(auto rows, WithoutViews(source, merge.memory_.pool));
    ARROW_ASSIGN_OR_RAISE(MergePlan plan, MergePlan::Make(dataset, *rows->schema(), options));
    merge.key_types_ = plan.keys.stored_types();
    ARROW_ASSIGN_OR_RAISE(merge.source_,
                          MergeSource::Read(rows, plan.keys, merge.memory_, options.stop));
    return merge;
  }

  arrow::Result<PreparedChange> Attempt(const WriteContext& context, MergeStats* stats) const {
    ARROW_ASSIGN_OR_RAISE(MergePlan plan,
                          MergePlan::Make(*context.dataset, *source_->schema(), options_));
    for (size_t i = 0; i < key_types_.size(); ++i) {
      if (!plan.keys.stored_types()[i]->Equals(*key_types_[i])) {
        return InvalidInput("the type of key column '", plan.keys.paths()[i],
                            "' was changed during the merge");
      }
    }
    MergeRun run(context, plan, *source_, memory_);
    ARROW_ASSIGN_OR_RAISE(PreparedChange change, run.Run());
    *stats = run.stats();
    return change;
  }

 private:
  MergeInsertOptions options_;
  MergeMemory memory_;
  std::vector<std::shared_ptr<arrow::DataType>> key_types_;
  std::unique_ptr<MergeSource> source_;
};

arrow::Result<PreparedChange> RunOnce(const std::shared_ptr<const Dataset>& dataset,
                                      const std::shared_ptr<arrow::RecordBatchReader>& source,
                                      const MergeInsertOptions& options, MergeStats* stats) {
  ARROW_ASSIGN_OR_RAISE(Merge merge, Merge::Make(*dataset, source, options));
  ARROW_ASSIGN_OR_RAISE(WriteContext context,
                        WriteContext::Make(dataset->uri(), dataset, nullptr, {}));
  ARROW_ASSIGN_OR_RAISE(PreparedChange change, merge.Attempt(context, stats));
  stats->num_attempts = 1;
  return change;
}

}  // namespace

arrow::Result<MergeResult> MergeInsert(const std::shared_ptr<const Dataset>& dataset,
                                       const std::shared_ptr<arrow::RecordBatchReader>& source,
                                       const MergeInsertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(Merge merge, Merge::Make(*dataset, source, options));
  MergeResult out;
  ARROW_ASSIGN_OR_RAISE(CommittedChange committed,
                        CommitWithRetries(dataset, options, [&](const WriteContext& context) {
                          return merge.Attempt(context, &out.stats);
                        }));
  out.stats.num_attempts = committed.num_attempts;
  out.dataset = std::move(committed.dataset);
  out.transaction = std::move(committed.transaction);
  return out;
}

arrow::Result<MergeResult> MergeInsertUncommitted(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& source, const MergeInsertOptions& options) {
  MergeResult out;
  ARROW_ASSIGN_OR_RAISE(PreparedChange change, RunOnce(dataset, source, options, &out.stats));
  change.written.Keep();
  out.transaction = std::move(change.transaction);
  return out;
}

arrow::Result<std::string> AnalyzeMergeInsert(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& source, const MergeInsertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(MergePlan plan, MergePlan::Make(*dataset, *source->schema(), options));
  const std::string steps = plan.Explain(*dataset, *source->schema());
  const auto begin = std::chrono::steady_clock::now();
  const IoStatistics before = dataset->io_statistics();
  MergeStats stats;
  // The files are removed when the change is dropped.
  ARROW_RETURN_NOT_OK(RunOnce(dataset, source, options, &stats).status());
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - begin;
  const IoStatistics after = dataset->io_statistics();

  std::ostringstream out;
  std::istringstream lines(steps);
  for (std::string line; std::getline(lines, line);) {
    out << line;
    if (line.find("MergeInsert:") != std::string::npos) {
      out << ", elapsed=" << elapsed.count() << "ms, metrics=[bytes_written=" << stats.bytes_written
          << ", num_deleted_rows=" << stats.num_deleted_rows
          << ", num_files_written=" << stats.num_files_written
          << ", num_inserted_rows=" << stats.num_inserted_rows
          << ", num_skipped_duplicates=" << stats.num_skipped_duplicates
          << ", num_updated_rows=" << stats.num_updated_rows << "]";
    } else if (line.find("HashJoinExec") != std::string::npos) {
      out << ", metrics=[build_input_rows=" << stats.num_source_rows
          << ", spilled_bytes=" << stats.num_spilled_bytes << "]";
    } else if (line.find("LanceRead") != std::string::npos) {
      out << ", metrics=[rows_scanned=" << stats.num_target_rows
          << ", bytes_read=" << after.bytes_read - before.bytes_read
          << ", iops=" << after.iops - before.iops << "]";
    }
    out << "\n";
  }
  return out.str();
}

}  // namespace lancea
