#include "lancea/change/merge_insert_filter.h"

#include <utility>
#include <vector>

#include "arrow/array/concatenate.h"
#include "arrow/compute/expression.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/exec/in_set.h"
#include "lancea/schema/projection.h"

namespace lancea {
namespace {

// Beyond, making the set costs more than it saves.
constexpr uint64_t kMostKeys = 1 << 16;

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> SourceKeys(const MergeSource& source,
                                                        const MergeKeyColumns& keys, size_t key,
                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Partition(0));
  arrow::ArrayVector parts;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_ASSIGN_OR_RAISE(KeyRows rows, keys.OfSource(*batch, pool));
    parts.push_back(std::move(rows.columns[key]));
  }
  if (parts.empty()) return nullptr;
  return parts.size() == 1 ? parts[0] : arrow::Concatenate(parts, pool);
}

arrow::Result<std::shared_ptr<const arrow::compute::Expression>> FilterBySourceKeys(
    const MergeSource& source, const MergeKeyColumns& keys, arrow::MemoryPool* pool) {
  if (source.is_spilled() || source.num_rows() > kMostKeys ||
      !arrow::is_integer(keys.types()[0]->id())) {
    return nullptr;
  }
  ARROW_ASSIGN_OR_RAISE(auto values, SourceKeys(source, keys, 0, pool));
  if (values == nullptr) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto names, ParseFieldPath(keys.paths()[0]));
  std::vector<arrow::FieldRef> path(names.begin(), names.end());
  // A null among the source's keys matches nothing.
  arrow::FieldRef key = path.size() == 1 ? std::move(path[0]) : arrow::FieldRef(std::move(path));
  ARROW_ASSIGN_OR_RAISE(auto filter,
                        InSet(arrow::compute::field_ref(std::move(key)), std::move(values)));
  return std::make_shared<const arrow::compute::Expression>(std::move(filter));
}

}  // namespace lancea
