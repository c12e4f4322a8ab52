// Dataset::TakeBlobs: the bytes of chosen blobs without a copy where their file is mapped.
#include "arrow/array/array_nested.h"
#include "arrow/array/concatenate.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/scan/blobs.h"
#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// The descriptions in the only column of `table`, stepping into the structs around the blob field.
arrow::Result<std::shared_ptr<arrow::Array>> DescriptionsOf(const arrow::Table& table, size_t depth,
                                                            arrow::MemoryPool* pool) {
  const arrow::ChunkedArray& column = *table.column(0);
  std::shared_ptr<arrow::Array> array;
  if (column.num_chunks() == 1) {
    array = column.chunk(0);
  } else {
    ARROW_ASSIGN_OR_RAISE(array, arrow::Concatenate(column.chunks(), pool));
  }
  for (size_t level = 1; level < depth; ++level) {
    if (array->type_id() != arrow::Type::STRUCT || array->type()->num_fields() != 1) {
      return Unsupported("blobs below a column of ", column.type()->ToString());
    }
    ARROW_ASSIGN_OR_RAISE(
        array, static_cast<const arrow::StructArray&>(*array).GetFlattenedField(0, pool));
  }
  return array;
}

}  // namespace

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Dataset::TakeBlobs(
    const std::string& column, const std::vector<uint64_t>& addresses) const {
  ARROW_ASSIGN_OR_RAISE(auto path, ResolvePath(lance_schema(), column));
  const Field& field = *path.back();
  if (!IsBlob(field)) {
    return InvalidInput("column \"", column, "\" is no blob column but ", field.logical_type);
  }
  if (addresses.empty()) return Blobs();
  ScanOptions options;
  options.columns = {column};
  ARROW_ASSIGN_OR_RAISE(auto table, TakeAddresses(addresses, options));
  if (static_cast<size_t>(table->num_rows()) != addresses.size()) {
    return InvalidInput("only ", table->num_rows(), " of ", addresses.size(),
                        " row addresses exist and are not deleted");
  }
  ARROW_ASSIGN_OR_RAISE(auto descriptions,
                        DescriptionsOf(*table, path.size(), impl_->memory_pool()));
  std::vector<const DataFile*> files(addresses.size());
  uint64_t last_fragment = 0;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const uint64_t fragment_id = addresses[i] >> 32;
    if (i > 0 && fragment_id == last_fragment) {
      files[i] = files[i - 1];
      continue;
    }
    last_fragment = fragment_id;
    const FragmentMetadata* fragment = impl_->manifest->FindFragment(fragment_id);
    if (fragment != nullptr) files[i] = DataFileOfField(*fragment, field.id);
  }
  return ReadBlobs(*impl_, *descriptions, files,
                   impl_->MakeReadOptions(arrow::StopToken::Unstoppable()));
}

}  // namespace lancea
