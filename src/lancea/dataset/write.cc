// Create, append and overwrite: rows -> data files -> transaction -> version.
#include "lancea/write.h"

#include <algorithm>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/dataset/fragment_writer.h"
#include "lancea/dataset/write_context.h"
#include "lancea/dataset/write_schema.h"
#include "lancea/io/path.h"
#include "lancea/io/uri.h"
#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"

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

// Where new files go: the table's own data directory, or bases in turn.
arrow::Result<std::vector<FileTarget>> TargetsOf(const WriteContext& context,
                                                 const WriteOptions& options,
                                                 const std::vector<BasePath>& bases) {
  const FileTarget own{context.location.store, JoinPath(context.location.path, kDataDirectory), {}};
  if (options.target_bases.empty()) return std::vector<FileTarget>{own};
  std::vector<FileTarget> targets;
  for (const std::string& name : options.target_bases) {
    if (name == context.uri) {
      targets.push_back(own);
      continue;
    }
    auto base = std::find_if(bases.begin(), bases.end(), [&](const BasePath& candidate) {
      return candidate.name == name || candidate.path == name;
    });
    if (base == bases.end()) {
      return InvalidInput("target base \"", name, "\" not found among the table's base paths");
    }
    ARROW_ASSIGN_OR_RAISE(StoreAndPath where, ResolveUri(base->path, context.storage_options));
    targets.push_back({where.store,
                       base->is_dataset_root ? JoinPath(where.path, kDataDirectory) : where.path,
                       base->id});
  }
  return targets;
}

// A write on its way: the context, with the mode that the state of the table makes of the one asked for.
struct Write {
  WriteContext context;
  WriteMode mode = WriteMode::kCreate;
  FileFormat format = FileFormat::k2_2;
  Transaction transaction;
};

void RemoveFiles(const WriteContext& context, const Transaction& transaction) {
  const std::vector<FragmentMetadata>* fragments = nullptr;
  if (auto* append = std::get_if<operation::Append>(&transaction.operation)) {
    fragments = &append->fragments;
  } else if (auto* overwrite = std::get_if<operation::Overwrite>(&transaction.operation)) {
    fragments = &overwrite->fragments;
  }
  if (fragments == nullptr) return;
  const std::string directory = JoinPath(context.location.path, kDataDirectory);
  for (const FragmentMetadata& fragment : *fragments) {
    for (const DataFile& file : fragment.files) {
      // Best effort: what stays behind is an orphan.
      if (!file.base_id) (void)context.location.store->Delete(JoinPath(directory, file.path));
    }
  }
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
  if (append && !options.initial_bases.empty()) {
    return InvalidInput("Cannot register new bases in Append mode");
  }
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
  if (options.max_page_bytes) fragment_options.file.max_page_bytes = *options.max_page_bytes;
  fragment_options.file.checksums = options.checksums;
  fragment_options.file.encoding.compact = options.compact;
  fragment_options.file.pool = context.session->impl().memory_pool();
  fragment_options.file.cpu = context.session->impl().cpu_executor();
  fragment_options.max_rows_per_file = options.max_rows_per_file;
  fragment_options.max_bytes_per_file = options.max_bytes_per_file;
  fragment_options.external_blobs = {bases, options.allow_external_blobs_outside_bases};
  fragment_options.progress = options.progress;
  fragment_options.fragment_begun = options.fragment_begun;
  fragment_options.fragment_complete = options.fragment_complete;
  fragment_options.stop = options.stop;
  ARROW_ASSIGN_OR_RAISE(auto targets, TargetsOf(context, options, bases));
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        FragmentWriter::Make(std::move(targets), schema, *rows->schema(),
                                             std::move(fragment_options)));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer->Write(batch));
  }
  ARROW_ASSIGN_OR_RAISE(auto fragments, writer->Finish());

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
  if (!committed.ok()) {
    if (!IsCommitStatusUnknown(committed.status())) {
      RemoveFiles(write.context, write.transaction);
    }
    return committed.status();
  }
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
  ARROW_ASSIGN_OR_RAISE(CommitResult committed, Commit(target, std::move(transaction), options));
  return context.Open(std::move(committed.version));
}

}  // namespace lancea
