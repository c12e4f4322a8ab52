#include "lancea/change/row_changes_rows.h"

#include <utility>

#include "arrow/array/concatenate.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/scan/copied_blobs.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::shared_ptr<arrow::Array>> AsWritten(const Dataset& dataset, const Field& field,
                                                       const std::shared_ptr<arrow::Array>& rows,
                                                       std::span<const uint64_t> addresses,
                                                       const arrow::StopToken& stop) {
  if (!HoldsBlobs(field) || addresses.empty()) return rows;
  const Dataset::Impl& impl = dataset.impl();
  const ReadOptions options = impl.MakeReadOptions(stop);
  arrow::ArrayVector parts;
  for (size_t begin = 0; begin < addresses.size();) {
    size_t end = begin + 1;
    const uint64_t id = addresses[begin] >> 32;
    while (end < addresses.size() && addresses[end] >> 32 == id) ++end;
    const FragmentMetadata* fragment = impl.manifest->FindFragment(id);
    if (fragment == nullptr) return InvalidInput("no fragment ", id);
    auto part = rows->Slice(static_cast<int64_t>(begin), static_cast<int64_t>(end - begin));
    ARROW_ASSIGN_OR_RAISE(part, BlobsAsGiven(impl, *fragment, field, part, options));
    parts.push_back(std::move(part));
    begin = end;
  }
  if (parts.size() == 1) return parts[0];
  return arrow::Concatenate(parts, impl.memory_pool());
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> FetchRows(
    const Dataset& dataset, const std::vector<std::string>& columns,
    const std::vector<uint64_t>& addresses, const arrow::StopToken& stop) {
  ScanOptions options;
  options.columns.emplace();
  for (const std::string& name : columns) {
    options.columns->push_back(FormatFieldPath(std::span<const std::string>(&name, 1)));
  }
  options.stop_token = stop;
  ARROW_ASSIGN_OR_RAISE(auto table, dataset.TakeAddresses(addresses, options));
  if (static_cast<size_t>(table->num_rows()) != addresses.size()) {
    return Corrupt("rows matched by a merge are gone: expected ", addresses.size(), ", found ",
                   table->num_rows());
  }
  arrow::ArrayVector arrays;
  for (const auto& column : table->columns()) {
    if (column->num_chunks() == 1) {
      arrays.push_back(column->chunk(0));
      continue;
    }
    if (column->num_chunks() == 0) {
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(column->type()));
      arrays.push_back(std::move(empty));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto whole,
                          arrow::Concatenate(column->chunks(), dataset.impl().memory_pool()));
    arrays.push_back(std::move(whole));
  }
  return arrow::RecordBatch::Make(table->schema(), table->num_rows(), std::move(arrays));
}

}  // namespace lancea
