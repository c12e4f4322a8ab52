// Dataset::BytesByField and DataFilePath: what the files of a table are and hold, from metadata alone.
#include <map>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/describe_legacy.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/table/base_paths.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Sizes = std::map<int32_t, uint64_t>;

arrow::Status AddFile(const Dataset::Impl& dataset, const DataFile& file, Sizes* sizes) {
  ARROW_ASSIGN_OR_RAISE(auto reader, dataset.OpenDataFile(file));
  if (reader->is_legacy()) {
    ARROW_ASSIGN_OR_RAISE(auto columns,
                          DescribeLegacyColumns(*reader, dataset.manifest->schema, {}));
    for (const ColumnDescription& column : columns) (*sizes)[column.field_id] += column.num_bytes();
    return arrow::Status::OK();
  }
  for (size_t i = 0; i < file.fields.size() && i < file.column_indices.size(); ++i) {
    if (file.fields[i] < 0 || file.column_indices[i] < 0) continue;
    ARROW_ASSIGN_OR_RAISE(auto column, reader->Column(file.column_indices[i]));
    uint64_t& bytes = (*sizes)[file.fields[i]];
    for (const PageInfo& page : column->pages) {
      for (const ByteRange& buffer : page.buffers) bytes += buffer.length;
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::map<int32_t, uint64_t>> Dataset::BytesByField() const {
  const auto& fragments = impl_->fragments();
  std::vector<Sizes> by_fragment(fragments.size());
  ARROW_RETURN_NOT_OK(ParallelFor(impl_->session->impl().cpu_executor(), fragments.size(),
                                  arrow::StopToken::Unstoppable(), [&](size_t i) -> arrow::Status {
                                    for (const DataFile& file : fragments[i].files) {
                                      ARROW_RETURN_NOT_OK(AddFile(*impl_, file, &by_fragment[i]));
                                    }
                                    return arrow::Status::OK();
                                  }));
  Sizes total;
  for (const Sizes& sizes : by_fragment) {
    for (const auto& [field, bytes] : sizes) total[field] += bytes;
  }
  return total;
}

arrow::Result<std::string> Dataset::DataFilePath(const DataFile& file) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation where, LocateDataFile(impl_->manifest->base_paths, file));
  ARROW_ASSIGN_OR_RAISE(StoreAndPath resolved,
                        impl_->Resolve(file.base_id, where.FullPath(impl_->location.path)));
  return resolved.path;
}

}  // namespace lancea
