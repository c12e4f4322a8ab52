// One compaction task: rows of old fragments -> new files, read back before anybody may commit them.
#include <algorithm>
#include <functional>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/compaction.h"
#include "lancea/maintain/batches_ahead.h"
#include "lancea/maintain/compaction_copy.h"
#include "lancea/maintain/compaction_digest.h"
#include "lancea/maintain/compaction_plan.h"
#include "lancea/maintain/compaction_rows.h"
#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/fragment_reuse.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/util/memory_shares.h"
#include "lancea/write/fragment_writer.h"
#include "lancea/write/one_pass.h"
#include "lancea/write/write_context.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

using Fragments = std::vector<FragmentMetadata>;

// Larger than what is gathered of a column when rows are first written: compaction is for large pages.
constexpr uint64_t kColumnCacheBytes = uint64_t{8} << 20;

// The same files and deletions: what a task was planned on is what would be read.
bool IsSame(const FragmentMetadata& planned, const FragmentMetadata& found) {
  if (planned.deletion_file != found.deletion_file) {
    if (!planned.deletion_file || !found.deletion_file ||
        planned.deletion_file->id != found.deletion_file->id) {
      return false;
    }
  }
  return std::ranges::equal(planned.files, found.files, {}, &DataFile::path, &DataFile::path);
}

// Row ids and row versions of new fragments: those of the rows, in order.
class Lineage {
 public:
  arrow::Status Add(const Dataset::Impl& dataset, const FragmentMetadata& fragment) {
    ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(fragment));
    const auto deleted =
        deletions == nullptr ? std::vector<RowRange>() : deletions->DeletedRanges();
    ARROW_ASSIGN_OR_RAISE(auto ids, dataset.RowIds(fragment));
    if (ids == nullptr) return Corrupt("fragment ", fragment.id, " has no row ids");
    ids_.push_back(ids->WithoutRows(deleted));
    has_versions_ |= !fragment.created_at_versions.empty();
    has_versions_ |= !fragment.last_updated_at_versions.empty();
    ARROW_ASSIGN_OR_RAISE(auto created, dataset.CreatedAtVersions(fragment));
    ARROW_ASSIGN_OR_RAISE(auto updated, dataset.LastUpdatedAtVersions(fragment));
    created_.push_back(created->WithoutRows(deleted));
    updated_.push_back(updated->WithoutRows(deleted));
    return arrow::Status::OK();
  }

  arrow::Status Give(Fragments* fragments) const {
    const auto ids = RowIdSequence::Concatenate(ids_);
    const auto created = RowVersionSequence::Concatenate(created_);
    const auto updated = RowVersionSequence::Concatenate(updated_);
    uint64_t row = 0;
    for (FragmentMetadata& fragment : *fragments) {
      const uint64_t rows = fragment.physical_rows;
      if (row + rows > ids.num_rows() || row + rows > created.num_rows() ||
          row + rows > updated.num_rows()) {
        return Corrupt("rewritten rows are more than their ids");
      }
      fragment.row_ids.inline_bytes = ids.Slice(row, rows).Serialize();
      if (has_versions_) {
        fragment.created_at_versions.inline_bytes = created.Slice(row, rows).Serialize();
        fragment.last_updated_at_versions.inline_bytes = updated.Slice(row, rows).Serialize();
      }
      row += rows;
    }
    return arrow::Status::OK();
  }

 private:
  std::vector<RowIdSequence> ids_;
  std::vector<RowVersionSequence> created_, updated_;
  bool has_versions_ = false;
};

// What was there, with these fragments instead of its own.
TableVersion WithFragments(TableVersion version, const Fragments& fragments) {
  Manifest manifest = *version.manifest;
  manifest.fragments = fragments;
  for (size_t i = 0; i < fragments.size(); ++i) manifest.fragments[i].id = i;
  version.manifest = std::make_shared<const Manifest>(std::move(manifest));
  version.indices = std::make_shared<const std::vector<IndexInfo>>();
  return version;
}

class Rewriter {
 public:
  Rewriter(std::shared_ptr<const Dataset> dataset, const CompactionTask& task,
           const CompactionRun& run)
      : dataset_(std::move(dataset)), impl_(dataset_->impl()), task_(task), run_(run) {}

  arrow::Result<RewriteResult> Run() {
    ARROW_RETURN_NOT_OK(FindFragments());
    ARROW_RETURN_NOT_OK(CheckIndicesAllowRewrite(impl_, task_.fragments, task_.options));
    ARROW_ASSIGN_OR_RAISE(context_, WriteContext::Make(dataset_->uri(), dataset_, nullptr, {}));
    const WriteContext one_pass = ForOnePass(context_);
    ARROW_ASSIGN_OR_RAISE(old_rows_, OpenForOnePass(one_pass, *context_.Target().known));
    RewriteResult result;
    result.read_version = dataset_->version();
    for (size_t index : indices_) result.original_fragments.push_back(impl_.fragments()[index]);
    if (num_rows_ > 0) {
      ARROW_ASSIGN_OR_RAISE(const bool copies_pages, CopiesPages());
      // Until Release the files go with their writer.
      if (copies_pages) {
        ARROW_ASSIGN_OR_RAISE(auto copier, MakeCopier());
        ARROW_ASSIGN_OR_RAISE(result.new_fragments, copier->Copy(indices_));
        ARROW_RETURN_NOT_OK(Complete(&result.new_fragments));
        copier->Release();
      } else {
        ARROW_ASSIGN_OR_RAISE(auto writer, MakeWriter());
        ARROW_RETURN_NOT_OK(CopyRows(writer.get()));
        ARROW_ASSIGN_OR_RAISE(result.new_fragments, writer->Complete());
        ARROW_RETURN_NOT_OK(VerifyRows(one_pass, result.new_fragments));
        ARROW_RETURN_NOT_OK(Complete(&result.new_fragments));
        writer->Release();
      }
    }
    if (NeedsRowAddresses()) {
      ARROW_ASSIGN_OR_RAISE(result.row_addresses, RowAddresses());
    }
    Count(&result);
    return result;
  }

 private:
  arrow::Status FindFragments() {
    for (const FragmentMetadata& planned : task_.fragments) {
      const FragmentMetadata* found = impl_.manifest->FindFragment(planned.id);
      if (found == nullptr || !IsSame(planned, *found)) {
        return InvalidInput("the task was planned on another table, or another version: fragment ",
                            planned.id, " of version ", dataset_->version(), " differs");
      }
      const auto index = static_cast<size_t>(found - impl_.fragments().data());
      indices_.push_back(index);
      num_rows_ += impl_.live_offsets[index + 1] - impl_.live_offsets[index];
    }
    return arrow::Status::OK();
  }

  // Indices of addresses are moved to the new ones, now or later.
  bool NeedsRowAddresses() const {
    if (impl_.manifest->has_stable_row_ids() || num_rows_ == 0) return false;
    return task_.options.defer_index_remap || !std::ranges::all_of(impl_.indices, IsSystemIndex);
  }

  arrow::Result<std::string> RowAddresses() const {
    std::vector<LiveRows> rows;
    for (size_t index : indices_) {
      const FragmentMetadata& fragment = impl_.fragments()[index];
      LiveRows& live = rows.emplace_back();
      live.fragment_id = static_cast<uint32_t>(fragment.id);
      ARROW_ASSIGN_OR_RAISE(auto deletions, impl_.Deletions(fragment));
      const DeletionVector none;
      (deletions == nullptr ? none : *deletions)
          .AppendLiveRanges({0, fragment.physical_rows}, &live.offsets);
    }
    return SerializeRowAddresses(rows);
  }

  arrow::internal::Executor* Cpu() const { return impl_.session->impl().cpu_executor(); }

  // Tasks that run at once divide the memory.
  MemoryShares Shares() const {
    return MemoryShares(impl_.session->memory_limit(), NumTasksAtOnce(task_.options));
  }

  CompactionRows::Options RowOptions() const {
    CompactionRows::Options options;
    options.batch_size = task_.options.batch_size;
    options.batch_bytes = std::min(Shares().batch(), options.batch_bytes);
    options.io_buffer_size =
        task_.options.io_buffer_size.value_or(std::min(Shares().feed(), options.io_buffer_size));
    options.stop = run_.stop;
    return options;
  }

  arrow::Result<FileFormat> TargetFormat() const {
    ARROW_ASSIGN_OR_RAISE(std::string version, TargetStorageVersion(impl_, task_.options));
    return ParseStorageVersion(version);
  }

  arrow::Result<bool> CopiesPages() const {
    if (task_.options.mode == CompactionMode::kReencode) return false;
    ARROW_ASSIGN_OR_RAISE(const FileFormat format, TargetFormat());
    ARROW_ASSIGN_OR_RAISE(const std::string obstacle,
                          CopyObstacle(old_rows_->impl(), indices_, format));
    if (obstacle.empty()) return true;
    if (task_.options.mode == CompactionMode::kTryBinaryCopy) return false;
    return Unsupported("binary copy is not supported here: ", obstacle);
  }

  // As many files as have the wanted size, of equal numbers of rows.
  uint64_t NumFiles() const {
    const uint64_t target = std::max<uint64_t>(1, task_.options.target_rows_per_fragment);
    return std::max<uint64_t>(1, num_rows_ / target);
  }
  uint64_t MaxRowsPerFile() const { return (num_rows_ + NumFiles() - 1) / NumFiles(); }

  FileTarget Target() const {
    return {context_.location.store, JoinPath(context_.location.path, kDataDirectory), {}};
  }

  std::function<arrow::Status(const WriteProgress&)> Progress() const {
    return [this](const WriteProgress& written) {
      if (!run_.progress) return arrow::Status::OK();
      return run_.progress({written.rows, num_rows_, written.bytes});
    };
  }

  arrow::Result<std::unique_ptr<FragmentCopier>> MakeCopier() const {
    FragmentCopyOptions options;
    ARROW_ASSIGN_OR_RAISE(options.pages.format, TargetFormat());
    options.pages.pool = impl_.memory_pool();
    options.pages.read_batch_bytes =
        task_.options.binary_copy_read_batch_bytes.value_or(options.pages.read_batch_bytes);
    options.max_rows_per_file = MaxRowsPerFile();
    options.max_bytes_per_file =
        task_.options.max_bytes_per_file.value_or(options.max_bytes_per_file);
    options.verify = task_.options.verify;
    options.progress = Progress();
    options.stop = run_.stop;
    return std::make_unique<FragmentCopier>(old_rows_->impl(), Target(), std::move(options));
  }

  arrow::Result<std::unique_ptr<FragmentWriter>> MakeWriter() {
    FragmentWriterOptions options;
    ARROW_ASSIGN_OR_RAISE(options.file.format, TargetFormat());
    options.file.pool = impl_.memory_pool();
    options.file.cpu = Cpu();
    options.file.column_cache_bytes = kColumnCacheBytes;
    KeepTo(Shares(), &options.file);
    options.max_rows_per_file = MaxRowsPerFile();
    if (num_rows_ % NumFiles() != 0) options.num_full_files = num_rows_ % NumFiles();
    options.max_bytes_per_file =
        task_.options.max_bytes_per_file.value_or(options.max_bytes_per_file);
    // Blobs that lie elsewhere stay there.
    options.blobs.bases = impl_.manifest->base_paths;
    options.blobs.allow_outside_bases = true;
    options.stop = run_.stop;
    options.progress = Progress();
    ARROW_ASSIGN_OR_RAISE(rows_, CompactionRows::Make(old_rows_, indices_, RowOptions()));
    return FragmentWriter::Make({Target()}, impl_.manifest->schema, rows_->schema(),
                                std::move(options));
  }

  arrow::Status CopyRows(FragmentWriter* writer) {
    BatchesAhead batches(Cpu(), [this]() -> arrow::Result<BatchesAhead::Batch> {
      ARROW_ASSIGN_OR_RAISE(auto batch, rows_->Next());
      if (batch != nullptr && task_.options.verify) ARROW_RETURN_NOT_OK(source_.Append(*batch));
      return batch;
    });
    uint64_t copied = 0;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, batches.Next());
      if (batch == nullptr) break;
      copied += static_cast<uint64_t>(batch->num_rows());
      ARROW_RETURN_NOT_OK(writer->Write(batch));
    }
    if (copied != num_rows_) return Corrupt("read ", copied, " of ", num_rows_, " rows");
    return arrow::Status::OK();
  }

  // Whoever wrote the rows: as many as before, with their ids and versions.
  arrow::Status Complete(Fragments* fragments) {
    uint64_t written = 0;
    for (const FragmentMetadata& fragment : *fragments) written += fragment.physical_rows;
    if (written != num_rows_) return Corrupt("wrote ", written, " of ", num_rows_, " rows");
    if (!impl_.manifest->has_stable_row_ids()) return arrow::Status::OK();
    Lineage lineage;
    for (size_t index : indices_) {
      ARROW_RETURN_NOT_OK(lineage.Add(impl_, impl_.fragments()[index]));
    }
    return lineage.Give(fragments);
  }

  // Read back what was written and compare it with what was read.
  arrow::Status VerifyRows(const WriteContext& one_pass, const Fragments& fragments) {
    if (!task_.options.verify) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(
        auto rewritten,
        OpenForOnePass(one_pass, WithFragments(*context_.Target().known, fragments)));
    std::vector<size_t> all(fragments.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    ARROW_ASSIGN_OR_RAISE(auto rows, CompactionRows::Make(rewritten, all, RowOptions()));
    BatchesAhead batches(Cpu(), [&] { return rows->Next(); });
    RowsDigest digest(Cpu());
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, batches.Next());
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(digest.Append(*batch));
    }
    return Prefix(source_.CheckSame(digest, rows->schema()), "compaction");
  }

  static void Count(RewriteResult* result) {
    CompactionMetrics& metrics = result->metrics;
    metrics.fragments_removed = result->original_fragments.size();
    metrics.fragments_added = result->new_fragments.size();
    for (const FragmentMetadata& fragment : result->original_fragments) {
      metrics.files_removed += fragment.files.size() + fragment.deletion_file.has_value();
    }
    for (const FragmentMetadata& fragment : result->new_fragments) {
      metrics.files_added += fragment.files.size();
    }
  }

  const std::shared_ptr<const Dataset> dataset_;
  const Dataset::Impl& impl_;
  const CompactionTask& task_;
  const CompactionRun& run_;
  WriteContext context_;
  std::shared_ptr<const Dataset> old_rows_;  // dataset_, for one pass over what is rewritten
  std::vector<size_t> indices_;              // of the fragments, in the manifest
  uint64_t num_rows_ = 0;
  std::unique_ptr<CompactionRows> rows_;
  RowsDigest source_{Cpu()};
};

}  // namespace

arrow::Result<RewriteResult> ExecuteCompaction(const Dataset& dataset, const CompactionTask& task,
                                               const CompactionRun& run) {
  std::shared_ptr<const Dataset> at = dataset.shared_from_this();
  if (task.read_version != dataset.version()) {
    ARROW_ASSIGN_OR_RAISE(at, dataset.Checkout(task.read_version));
  }
  ARROW_RETURN_NOT_OK(CheckWritable(*at->impl().manifest));
  return Rewriter(std::move(at), task, run).Run();
}

}  // namespace lancea
