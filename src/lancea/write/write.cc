// Create, append and overwrite: rows -> data files -> transaction -> version.
#include "lancea/write.h"

#include <algorithm>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/io/storage_options.h"
#include "lancea/io/uri.h"
#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"
#include "lancea/write/file_targets.h"
#include "lancea/write/fragment_writer.h"
#include "lancea/write/measure_files.h"
#include "lancea/write/write_context.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

// "14days 2h": how the reference writes durations in the table's config.
std::string FormatDuration(uint64_t seconds) {
  std::string out;
  for (const auto& [unit, name] :
       {std::pair<uint64_t, const char*>{86400, "day"}, {3600, "h"}, {60, "m"}, {1, "s"}}) {
    const uint64_t count = seconds / unit;
    seconds %= unit;
    if (count == 0) continue;
    if (!out.empty()) out += ' ';
    out += std::to_string(count) + name;
    if (unit == 86400 && count > 1) out += 's';
  }
  return out.empty() ? "0s" : out;
}

// The formats that are written; a table of the legacy format takes no more rows.
arrow::Result<FileFormat> FormatOf(const WriteContext& context, const WriteOptions& options,
                                   WriteMode mode) {
  if (context.dataset == nullptr) {
    return ParseStorageVersion(options.data_storage_version.value_or("stable"));
  }
  const std::string& own = context.dataset->data_storage_version();
  if (mode == WriteMode::kAppend && own == "0.1") {
    return Unsupported(
        "tables of data storage version 0.1 (legacy) are read but not appended to; "
        "write the rows to a new table");
  }
  return ParseStorageVersion(options.data_storage_version.value_or(own));
}

std::vector<BasePath> WithIds(std::vector<BasePath> bases) {
  uint32_t next = 1;
  for (const BasePath& base : bases) next = std::max(next, base.id + 1);
  for (BasePath& base : bases) {
    if (base.id == 0) base.id = next++;
  }
  return bases;
}

// A write on its way: the context, with the mode that the state of the table makes of the one asked for.
struct Write {
  WriteContext context;
  WriteMode mode = WriteMode::kCreate;
  FileFormat format = FileFormat::k2_2;
  Transaction transaction;
  /// Removes the files unless they are released.
  std::unique_ptr<FragmentWriter> files;
};

BlobWriteOptions BlobOptionsOf(const WriteContext& context, const WriteOptions& options,
                               const std::vector<BasePath>& bases) {
  BlobWriteOptions out;
  out.bases = bases;
  out.allow_outside_bases = options.allow_external_blobs_outside_bases;
  out.external = options.external_blob_mode;
  out.pack_file_bytes = options.blob_pack_file_bytes;
  out.resolve = [bases, options = context.storage_options](const std::string& uri) {
    for (const BasePath& base : bases) {
      if (uri.starts_with(base.path)) {
        return ResolveUri(uri, OptionsOfBase(options, base.id, base.path));
      }
    }
    return ResolveUri(uri, options);
  };
  return out;
}

arrow::Status CheckOptions(const WriteOptions& options, WriteMode mode) {
  if (mode != WriteMode::kCreate && !options.initial_bases.empty()) {
    return InvalidInput("Cannot register new bases in ",
                        mode == WriteMode::kAppend ? "Append" : "Overwrite",
                        " mode. Only CREATE mode can register new bases.");
  }
  if (options.target_all_bases && !options.target_bases.empty()) {
    return InvalidInput("Cannot specify target_all_bases together with target_bases.");
  }
  if (options.external_blob_mode == ExternalBlobMode::kIngest &&
      options.allow_external_blobs_outside_bases) {
    return InvalidInput(
        "allow_external_blob_outside_bases only applies when external_blob_mode=\"reference\"");
  }
  if (options.blob_pack_file_bytes == 0) {
    return InvalidInput("blob_pack_file_size_threshold must be positive, got 0");
  }
  return arrow::Status::OK();
}

arrow::Result<Write> WriteFiles(const std::shared_ptr<arrow::RecordBatchReader>& rows,
                                WriteContext context, const WriteOptions& options) {
  Write write;
  write.mode = options.mode;
  if (context.dataset == nullptr) {
    write.mode = WriteMode::kCreate;
  } else if (options.mode == WriteMode::kCreate) {
    return AlreadyExists("Dataset already exists: ", context.uri);
  }
  const bool append = write.mode == WriteMode::kAppend;
  ARROW_RETURN_NOT_OK(CheckOptions(options, write.mode));
  if (context.dataset != nullptr) {
    const Manifest& manifest = *context.dataset->impl().manifest;
    ARROW_RETURN_NOT_OK(CheckWritable(manifest));
  }
  ARROW_ASSIGN_OR_RAISE(write.format, FormatOf(context, options, write.mode));
  Schema schema;
  if (append) {
    ARROW_ASSIGN_OR_RAISE(schema,
                          SchemaOfAppendedRows(context.dataset->lance_schema(), *rows->schema()));
  } else {
    ARROW_ASSIGN_OR_RAISE(schema, SchemaOfNewTable(*rows->schema()));
  }
  std::vector<BasePath> bases = WithIds(options.initial_bases);
  if (context.dataset != nullptr) {
    const auto& registered = context.dataset->base_paths();
    bases.insert(bases.end(), registered.begin(), registered.end());
  }

  FragmentWriterOptions fragment_options;
  fragment_options.file.format = write.format;
  fragment_options.file.data_cache_bytes = options.data_cache_bytes;
  fragment_options.file.keep_original_array = options.keep_original_arrays;
  if (options.max_page_bytes) fragment_options.file.max_page_bytes = *options.max_page_bytes;
  fragment_options.file.checksums = options.checksums;
  fragment_options.file.encoding.compact = options.compact;
  fragment_options.file.pool = context.session->impl().memory_pool();
  fragment_options.file.cpu = context.session->impl().cpu_executor();
  KeepTo(MemoryShares(context.session->memory_limit()), &fragment_options.file);
  fragment_options.max_rows_per_file = options.max_rows_per_file;
  fragment_options.max_bytes_per_file = options.max_bytes_per_file;
  fragment_options.blobs = BlobOptionsOf(context, options, bases);
  fragment_options.progress = options.progress;
  fragment_options.fragment_begun = options.fragment_begun;
  fragment_options.fragment_complete = options.fragment_complete;
  fragment_options.stop = options.stop;
  ARROW_ASSIGN_OR_RAISE(auto targets,
                        options.target_all_bases
                            ? AllFileTargets(context, *options.target_all_bases, bases)
                            : FileTargets(context, options.target_bases, bases));
  ARROW_ASSIGN_OR_RAISE(write.files,
                        FragmentWriter::Make(std::move(targets), schema, *rows->schema(),
                                             std::move(fragment_options)));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(write.files->Write(batch));
  }
  ARROW_ASSIGN_OR_RAISE(auto fragments, write.files->Complete());

  write.transaction.read_version = context.dataset == nullptr ? 0 : context.dataset->version();
  write.transaction.uuid = Uuid::Random().ToString();
  write.transaction.properties = options.transaction_properties;
  if (append) {
    write.transaction.operation = operation::Append{std::move(fragments)};
  } else {
    operation::Overwrite overwrite;
    overwrite.fragments = std::move(fragments);
    overwrite.schema = std::move(schema);
    overwrite.initial_bases = WithIds(options.initial_bases);
    if (options.auto_cleanup && write.mode == WriteMode::kCreate) {
      overwrite.config_upsert_values = {
          {"lance.auto_cleanup.interval", std::to_string(options.auto_cleanup->interval)},
          {"lance.auto_cleanup.older_than",
           FormatDuration(options.auto_cleanup->older_than_seconds)}};
    }
    write.transaction.operation = std::move(overwrite);
  }
  write.context = std::move(context);
  return write;
}

// Another writer created the table meanwhile. What was to create it becomes what was asked for, if the
// fields got the same ids.
arrow::Result<CommitResult> CommitToOther(Write* write, const WriteOptions& options,
                                          CommitOptions commit) {
  auto exists = AlreadyExists("Dataset already exists: ", write->context.uri);
  if (options.mode == WriteMode::kCreate || write->context.dataset != nullptr) return exists;
  ARROW_ASSIGN_OR_RAISE(write->context,
                        WriteContext::Make(write->context.uri, nullptr, write->context.session,
                                           write->context.storage_options));
  if (write->context.dataset == nullptr) return exists;
  const Dataset& dataset = *write->context.dataset;
  write->transaction.read_version = dataset.version();
  if (options.mode == WriteMode::kAppend) {
    auto& created = std::get<operation::Overwrite>(write->transaction.operation);
    if (created.schema.fields != dataset.lance_schema().fields) return exists;
    write->transaction.operation = operation::Append{std::move(created.fragments)};
    commit.data_storage_version.reset();
  }
  return Commit(write->context.Target(), write->transaction, commit);
}

arrow::Result<std::shared_ptr<Dataset>> WriteAndCommit(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, WriteContext context,
    const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(Write write, WriteFiles(rows, std::move(context), options));
  CommitOptions commit;
  commit.enable_v2_manifest_paths = options.enable_v2_manifest_paths;
  commit.enable_stable_row_ids = options.enable_stable_row_ids;
  if (write.mode != WriteMode::kAppend) {
    commit.data_storage_version = StorageVersionText(write.format);
  }
  commit.max_retries = options.max_retries;
  commit.commit_handler = options.commit_handler;
  commit.stop = options.stop;
  auto committed = Commit(write.context.Target(), write.transaction, commit);
  if (CategoryOf(committed.status()) == ErrorCategory::kAlreadyExists) {
    committed = CommitToOther(&write, options, commit);
  }
  if (committed.ok() || IsCommitStatusUnknown(committed.status())) write.files->Release();
  ARROW_RETURN_NOT_OK(committed.status());
  return write.context.Open(std::move(committed->version));
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> WriteDataset(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, const std::string& uri,
    const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto context,
                        WriteContext::Make(uri, nullptr, options.session, options.storage_options));
  return WriteAndCommit(rows, std::move(context), options);
}

arrow::Result<std::shared_ptr<Dataset>> WriteDataset(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, const std::shared_ptr<Dataset>& dataset,
    const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto context, WriteContext::Make(dataset->uri(), dataset, options.session,
                                                         options.storage_options));
  return WriteAndCommit(rows, std::move(context), options);
}

arrow::Result<Transaction> WriteUncommitted(const std::shared_ptr<arrow::RecordBatchReader>& rows,
                                            const std::string& uri,
                                            const std::shared_ptr<Dataset>& dataset,
                                            const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto context,
                        WriteContext::Make(uri, dataset, options.session, options.storage_options));
  ARROW_ASSIGN_OR_RAISE(Write write, WriteFiles(rows, std::move(context), options));
  write.files->Release();
  return std::move(write.transaction);
}

arrow::Result<std::shared_ptr<Dataset>> CommitTransaction(const std::string& uri,
                                                          const std::shared_ptr<Dataset>& dataset,
                                                          Transaction transaction,
                                                          const CommitOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto context,
                        WriteContext::Make(uri, dataset, options.session, options.storage_options));
  if (transaction.uuid.empty()) transaction.uuid = Uuid::Random().ToString();
  CommitTarget target = context.Target();
  if (context.dataset == nullptr &&
      !std::holds_alternative<operation::Overwrite>(transaction.operation)) {
    return NotFound("there is no table at ", context.uri, " to commit a ",
                    OperationName(transaction.operation), " to");
  }
  ARROW_RETURN_NOT_OK(MeasureNewFiles(context, &transaction.operation));
  ARROW_ASSIGN_OR_RAISE(CommitResult committed, Commit(target, std::move(transaction), options));
  return context.Open(std::move(committed.version));
}

}  // namespace lancea
