// A copy of a table: every file its version refers to, then the version itself.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lancea/clone.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/io/path.h"
#include "lancea/schema/field.h"
#include "lancea/stores.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/refs_write.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/write/write_context.h"

namespace lancea {
namespace {

struct Copy {
  StoreAndPath from;
  std::string to;  ///< relative to the new table's root
};

/// Everything below a directory.
arrow::Status AddDirectory(const StoreAndPath& from, const std::string& to,
                           std::vector<Copy>* copies) {
  ARROW_ASSIGN_OR_RAISE(auto entries, from.store->List(from.path));
  for (const ObjectInfo& entry : entries) {
    const std::string name(FileName(entry.path));
    if (entry.is_directory) {
      ARROW_RETURN_NOT_OK(AddDirectory({from.store, entry.path}, JoinPath(to, name), copies));
    } else {
      copies->push_back({{from.store, entry.path}, JoinPath(to, name)});
    }
  }
  return arrow::Status::OK();
}

std::string WithoutExtension(const std::string& path) { return path.substr(0, path.rfind('.')); }

/// The files of one version.
class ClonedFiles {
 public:
  explicit ClonedFiles(const Dataset::Impl& impl) : impl_(impl) {
    VisitFields(impl.manifest->schema.fields,
                [&](const Field& field) { has_sidecars_ |= IsBlobV2(field); });
  }

  arrow::Result<std::vector<Copy>> List() {
    for (const FragmentMetadata& fragment : impl_.fragments()) {
      for (const DataFile& file : fragment.files) ARROW_RETURN_NOT_OK(AddDataFile(file));
      if (fragment.deletion_file) {
        ARROW_ASSIGN_OR_RAISE(
            FileLocation where,
            LocateDeletionFile(impl_.manifest->base_paths, fragment.id, *fragment.deletion_file));
        ARROW_RETURN_NOT_OK(
            Add(where, fragment.deletion_file->base_id, fragment.deletion_file->Path(fragment.id)));
      }
      for (const SequenceRef* sequence :
           {&fragment.row_ids, &fragment.created_at_versions, &fragment.last_updated_at_versions}) {
        if (!sequence->external) continue;
        const std::string& path = sequence->external->path;
        copies_.push_back({{impl_.location.store, JoinPath(impl_.location.path, path)}, path});
      }
    }
    for (const IndexInfo& index : impl_.indices) {
      ARROW_ASSIGN_OR_RAISE(FileLocation where,
                            LocateIndex(impl_.manifest->base_paths, index.uuid, index.base_id));
      ARROW_ASSIGN_OR_RAISE(StoreAndPath from, Resolve(where, index.base_id));
      ARROW_RETURN_NOT_OK(AddDirectory(from, JoinPath(kIndicesDirectory, index.uuid), &copies_));
    }
    // Fragments may share files, and sequences do.
    std::ranges::sort(copies_, {}, &Copy::to);
    auto same_place = [](const Copy& a, const Copy& b) { return a.to == b.to; };
    copies_.erase(std::unique(copies_.begin(), copies_.end(), same_place), copies_.end());
    return std::move(copies_);
  }

 private:
  arrow::Result<StoreAndPath> Resolve(const FileLocation& where,
                                      std::optional<uint32_t> base_id) const {
    return impl_.Resolve(base_id, where.FullPath(impl_.location.path));
  }

  arrow::Status Add(const FileLocation& where, std::optional<uint32_t> base_id, std::string to) {
    ARROW_ASSIGN_OR_RAISE(StoreAndPath from, Resolve(where, base_id));
    copies_.push_back({std::move(from), std::move(to)});
    return arrow::Status::OK();
  }

  arrow::Status AddDataFile(const DataFile& file) {
    ARROW_ASSIGN_OR_RAISE(FileLocation where, LocateDataFile(impl_.manifest->base_paths, file));
    const std::string to = JoinPath(kDataDirectory, file.path);
    ARROW_RETURN_NOT_OK(Add(where, file.base_id, to));
    if (!has_sidecars_) return arrow::Status::OK();
    StoreAndPath sidecars = copies_.back().from;
    sidecars.path = WithoutExtension(sidecars.path);
    return AddDirectory(sidecars, WithoutExtension(to), &copies_);
  }

  const Dataset::Impl& impl_;
  bool has_sidecars_ = false;
  std::vector<Copy> copies_;
};

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> DeepClone(
    const Dataset& dataset, const std::string& target_uri,
    const std::map<std::string, std::string>& storage_options, const arrow::StopToken& stop) {
  const Dataset::Impl& impl = dataset.impl();
  ARROW_ASSIGN_OR_RAISE(auto source,
                        WriteContext::Make(dataset.uri(), dataset.shared_from_this(), nullptr, {}));
  ARROW_ASSIGN_OR_RAISE(WriteContext target,
                        WriteContext::Make(target_uri, nullptr, impl.session, storage_options));
  if (target.dataset != nullptr) return AlreadyExists("Dataset already exists: ", target_uri);
  ARROW_ASSIGN_OR_RAISE(const auto copies, ClonedFiles(impl).List());

  auto path_of = [&](const Copy& copy) { return JoinPath(target.location.path, copy.to); };
  auto copy_and_commit = [&]() -> arrow::Result<CommitResult> {
    ARROW_RETURN_NOT_OK(
        ParallelFor(impl.session->impl().cpu_executor(), copies.size(), stop, [&](size_t i) {
          return CopyObject(copies[i].from, {target.location.store, path_of(copies[i])});
        }));
    return lancea::DeepClone(target.Target(), source.AsCloneSource());
  };
  auto committed = copy_and_commit();
  if (!committed.ok()) {
    if (IsCommitStatusUnknown(committed.status())) return committed.status();
    // Best effort: what stays behind belongs to no table.
    for (const Copy& copy : copies) (void)target.location.store->Delete(path_of(copy));
    return committed.status();
  }
  return target.Open(std::move(committed->version));
}

}  // namespace lancea
