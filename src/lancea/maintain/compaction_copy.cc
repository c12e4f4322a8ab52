#include "lancea/maintain/compaction_copy.h"

#include <utility>

#include "lancea/io/path.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

/// What data files store of the table's schema.
Schema FileSchema(const Dataset::Impl& dataset) {
  Schema schema = SchemaInDataFiles(dataset.manifest->schema);
  schema.metadata.clear();
  return schema;
}

// Fields and where they are, without those that have no column.
std::vector<std::pair<int32_t, int32_t>> StoredColumns(const std::vector<int32_t>& fields,
                                                       const std::vector<int32_t>& indices) {
  std::vector<std::pair<int32_t, int32_t>> out;
  for (size_t i = 0; i < fields.size() && i < indices.size(); ++i) {
    if (indices[i] >= 0) out.emplace_back(fields[i], indices[i]);
  }
  return out;
}

}  // namespace

arrow::Result<std::string> CopyObstacle(const Dataset::Impl& dataset,
                                        std::span<const size_t> fragments, FileFormat format) {
  const Schema schema = FileSchema(dataset);
  bool has_blobs = false;
  VisitFields(schema.fields, [&](const Field& field) { has_blobs |= IsBlob(field); });
  if (has_blobs) return std::string("blob columns lie outside of pages");
  std::shared_ptr<const DataFileReader> first;
  for (size_t index : fragments) {
    const FragmentMetadata& fragment = dataset.fragments()[index];
    const std::string name = "fragment " + std::to_string(fragment.id);
    if (fragment.deletion_file) return name + " has deleted rows";
    if (fragment.files.size() != 1) return name + " has several data files";
    const DataFile& data_file = fragment.files[0];
    ARROW_ASSIGN_OR_RAISE(auto file, dataset.OpenDataFile(data_file));
    if (file->is_legacy()) return name + " is of version 0.1";
    if (first == nullptr) first = file;
    ARROW_ASSIGN_OR_RAISE(auto obstacle, PageCopier::Obstacle(*file, *first, schema, format));
    if (!obstacle.empty()) return obstacle.insert(0, name + ": ");
    ARROW_ASSIGN_OR_RAISE(const FieldColumns own, file->OwnFieldColumns(schema));
    if (StoredColumns(data_file.fields, data_file.column_indices) !=
        StoredColumns(own.field_ids, own.column_indices)) {
      return name + " has other columns than the table, or has them in another order";
    }
    if (file->num_rows() != fragment.physical_rows) {
      return Corrupt(data_file.path, " has ", file->num_rows(), " rows, fragment ", fragment.id,
                     " says ", fragment.physical_rows);
    }
  }
  return std::string();
}

FragmentCopier::~FragmentCopier() {
  file_.reset();
  // Best effort: what stays behind is an orphan that verify names and cleanup removes.
  for (const std::string& path : paths_) (void)target_.store->Delete(path);
}

arrow::Status FragmentCopier::OpenFile() {
  file_name_ = DataFileName() + ".lance";
  const std::string path = JoinPath(target_.directory, file_name_);
  ARROW_ASSIGN_OR_RAISE(auto object, target_.store->Create(path));
  ARROW_ASSIGN_OR_RAISE(file_,
                        PageCopier::Make(std::move(object), FileSchema(dataset_), options_.pages));
  paths_.push_back(path);
  return arrow::Status::OK();
}

arrow::Status FragmentCopier::Verify(const WrittenFile& written) const {
  ARROW_ASSIGN_OR_RAISE(auto object,
                        dataset_.location.store->Open(paths_.back(), written.size_bytes));
  ARROW_ASSIGN_OR_RAISE(
      auto file,
      DataFileReader::Open(std::move(object), nullptr,
                           DataFileOptions::Of(dataset_.session->host().verify_checksums)));
  if (file->num_rows() != written.num_rows) {
    return Corrupt("compaction: ", paths_.back(), " reads back with ", file->num_rows(), " of ",
                   written.num_rows, " rows");
  }
  ARROW_ASSIGN_OR_RAISE(auto digests, PageCopier::Digest(*file, options_.pages.read_batch_bytes));
  for (size_t i = 0; i < digests.size(); ++i) {
    if (digests[i] == file_->column_digests()[i]) continue;
    return Corrupt("compaction: column ", i, " of ", paths_.back(),
                   " does not read back as it was copied");
  }
  return arrow::Status::OK();
}

arrow::Status FragmentCopier::FinishFile() {
  ARROW_ASSIGN_OR_RAISE(WrittenFile written, file_->Finish());
  if (options_.verify) ARROW_RETURN_NOT_OK(Verify(written));
  file_.reset();
  DataFile data_file;
  data_file.path = file_name_;
  data_file.base_id = target_.base_id;
  data_file.fields = std::move(written.fields);
  data_file.column_indices = std::move(written.column_indices);
  data_file.file_major_version = written.major;
  data_file.file_minor_version = written.minor;
  data_file.file_size_bytes = written.size_bytes;
  FragmentMetadata fragment;
  fragment.files.push_back(std::move(data_file));
  fragment.physical_rows = written.num_rows;
  fragments_.push_back(std::move(fragment));
  done_.rows += written.num_rows;
  done_.bytes += written.size_bytes;
  ++done_.files;
  return arrow::Status::OK();
}

arrow::Result<std::vector<FragmentMetadata>> FragmentCopier::Copy(
    std::span<const size_t> fragments) {
  for (size_t index : fragments) {
    ARROW_RETURN_NOT_OK(options_.stop.Poll());
    ARROW_ASSIGN_OR_RAISE(auto source, dataset_.OpenDataFile(dataset_.fragments()[index].files[0]));
    if (file_ == nullptr) ARROW_RETURN_NOT_OK(OpenFile());
    ARROW_RETURN_NOT_OK(file_->Append(*source));
    WriteProgress now = done_;
    now.rows += file_->num_rows();
    now.bytes += file_->bytes_written();
    if (file_->num_rows() >= options_.max_rows_per_file ||
        file_->bytes_written() >= options_.max_bytes_per_file) {
      ARROW_RETURN_NOT_OK(FinishFile());
    }
    if (options_.progress) ARROW_RETURN_NOT_OK(options_.progress(now));
  }
  if (file_ != nullptr) ARROW_RETURN_NOT_OK(FinishFile());
  return std::move(fragments_);
}

}  // namespace lancea
