#include "lancea/write/measure_files.h"

#include <string>
#include <unordered_set>
#include <vector>

#include "lancea/dataset/base_stores.h"
#include "lancea/table/base_paths.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Fragments = std::vector<FragmentMetadata>;

/// The data files that an operation may add.
struct NewFiles {
  std::vector<DataFile*> files;

  void Add(Fragments* fragments) {
    for (FragmentMetadata& fragment : *fragments) {
      for (DataFile& file : fragment.files) files.push_back(&file);
    }
  }
  void operator()(operation::Append& append) { Add(&append.fragments); }
  void operator()(operation::Overwrite& overwrite) { Add(&overwrite.fragments); }
  void operator()(operation::Merge& merge) { Add(&merge.fragments); }
  void operator()(operation::Update& update) {
    Add(&update.updated_fragments);
    Add(&update.new_fragments);
  }
  void operator()(operation::Rewrite& rewrite) {
    for (operation::RewriteGroup& group : rewrite.groups) Add(&group.new_fragments);
  }
  void operator()(operation::DataReplacement& replacement) {
    for (auto& group : replacement.replacements) files.push_back(&group.new_file);
  }
  template <typename Other>
  void operator()(Other&) {}
};

std::vector<BasePath> BasesOf(const WriteContext& context, const Operation& operation) {
  if (context.dataset != nullptr) return context.dataset->base_paths();
  const auto* overwrite = std::get_if<operation::Overwrite>(&operation);
  return overwrite == nullptr ? std::vector<BasePath>() : overwrite->initial_bases;
}

}  // namespace

arrow::Status MeasureNewFiles(const WriteContext& context, Operation* operation) {
  NewFiles added;
  std::visit(added, *operation);
  std::erase_if(added.files, [](const DataFile* file) { return file->file_size_bytes != 0; });
  if (added.files.empty()) return arrow::Status::OK();

  // Old libraries did not note sizes: what the table has already is there.
  std::unordered_set<std::string> known;
  if (context.dataset != nullptr) {
    for (const FragmentMetadata& fragment : context.dataset->fragments()) {
      for (const DataFile& file : fragment.files) known.insert(file.path);
    }
  }
  const std::vector<BasePath> bases = BasesOf(context, *operation);
  for (DataFile* file : added.files) {
    if (known.contains(file->path)) continue;
    auto located = LocateDataFile(bases, *file);
    if (!located.ok()) return InvalidInput(located.status().message());
    StoreAndPath where{context.location.store, located->FullPath(context.location.path)};
    if (located->base != nullptr) {
      ARROW_ASSIGN_OR_RAISE(where, ResolveUnderBase(*context.session, context.storage_options,
                                                    *located->base, where.path));
    }
    auto object = where.store->Open(where.path);
    if (CategoryOf(object.status()) == ErrorCategory::kNotFound) {
      return InvalidInput(OperationName(*operation), " of data file ", where.path,
                          ", which is not there");
    }
    ARROW_RETURN_NOT_OK(object.status());
    file->file_size_bytes = (*object)->size();
  }
  return arrow::Status::OK();
}

}  // namespace lancea
