// Take: rows by offset, by row id, by address, in the order asked.
//
// Requests are turned into (fragment, physical row) keys, sorted and made distinct, read as ranges like a
// scan's, and put back into the order asked only if that is another one.
#include <algorithm>
#include <numeric>
#include <random>
#include <unordered_set>

#include "arrow/array/array_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/chunked_array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/fragment_read.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/dataset/row_id_index.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// (index of the fragment in the manifest) << 32 | physical row: sorts in table order.
using RowKey = uint64_t;

// Columns are decoded side by side from this many rows times columns on.
constexpr size_t kParallelCells = 4096;

arrow::Result<size_t> FragmentOfId(const Dataset::Impl& dataset, uint64_t id) {
  const auto& fragments = dataset.fragments();
  // Ids ascend in nearly every table, often without gaps.
  if (id < fragments.size() && fragments[id].id == id) return static_cast<size_t>(id);
  const FragmentMetadata* fragment = dataset.manifest->FindFragment(id);
  if (fragment == nullptr) return NotFound("fragment ", id, " does not exist");
  return static_cast<size_t>(fragment - fragments.data());
}

arrow::Result<RowKey> KeyOfOffset(const Dataset::Impl& dataset, uint64_t offset) {
  const auto& offsets = dataset.live_offsets;
  if (offset >= offsets.back()) {
    return arrow::Status::IndexError("row offset ", offset, " is out of range, the table has ",
                                     offsets.back(), " rows");
  }
  const size_t fragment =
      static_cast<size_t>(std::upper_bound(offsets.begin(), offsets.end(), offset) - offsets.begin()) - 1;
  uint64_t row = offset - offsets[fragment];
  ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(dataset.fragments()[fragment]));
  if (deletions != nullptr) row = deletions->LiveRowToPhysical(row);
  return static_cast<uint64_t>(fragment) << 32 | row;
}

arrow::Result<std::vector<RowKey>> KeysOfOffsets(const Dataset::Impl& dataset,
                                                 const std::vector<uint64_t>& offsets) {
  std::vector<RowKey> keys(offsets.size());
  for (size_t i = 0; i < offsets.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(keys[i], KeyOfOffset(dataset, offsets[i]));
  }
  return keys;
}

// The rows of `keys`, ascending and distinct, one or more arrays for each column.
arrow::Result<std::vector<arrow::ArrayVector>> ReadSorted(const Dataset::Impl& dataset,
                                                          const ReadPlan& plan,
                                                          const std::vector<RowKey>& keys,
                                                          const ScanOptions& options) {
  const size_t num_columns = plan.columns().size();
  std::vector<size_t> columns(num_columns);
  std::iota(columns.begin(), columns.end(), size_t{0});
  ReadOptions read_options = dataset.MakeReadOptions(options.stop_token);
  if (options.io_counters != nullptr) read_options.counters = options.io_counters.get();
  std::vector<std::unique_ptr<FragmentRead>> reads;
  for (size_t begin = 0; begin < keys.size();) {
    const size_t fragment = static_cast<size_t>(keys[begin] >> 32);
    std::vector<RowRange> rows;
    size_t end = begin;
    for (; end < keys.size() && keys[end] >> 32 == fragment; ++end) {
      const uint64_t row = keys[end] & 0xFFFFFFFF;
      if (!rows.empty() && rows.back().end == row) {
        ++rows.back().end;
      } else {
        rows.push_back({row, row + 1});
      }
    }
    begin = end;
    ARROW_ASSIGN_OR_RAISE(auto readers, plan.ForFragment(fragment, /*keep=*/true));
    if (rows.back().end > readers->num_rows) {
      return arrow::Status::IndexError("row ", rows.back().end - 1, " is out of range, fragment ",
                                       dataset.fragments()[fragment].id, " has ", readers->num_rows,
                                       " rows");
    }
    ARROW_ASSIGN_OR_RAISE(auto read,
                          FragmentRead::Make(dataset, plan, std::move(readers), fragment,
                                             std::move(rows), columns, false, read_options));
    reads.push_back(std::move(read));
  }
  std::vector<arrow::ArrayVector> out(num_columns);
  auto work = [&](size_t column) -> arrow::Status {
    for (const auto& read : reads) {
      ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector arrays, read->Finish(column));
      for (auto& array : arrays) out[column].push_back(std::move(array));
    }
    return arrow::Status::OK();
  };
  if (keys.size() * num_columns < kParallelCells) {
    for (size_t column = 0; column < num_columns; ++column) ARROW_RETURN_NOT_OK(work(column));
  } else {
    ARROW_RETURN_NOT_OK(ParallelFor(dataset.session->impl().cpu_executor(), num_columns,
                                    options.stop_token, work));
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Table>> TakeKeys(const Dataset::Impl& dataset,
                                                      std::vector<RowKey> keys,
                                                      const ScanOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto plan, dataset.Plan(options));
  const int64_t num_rows = static_cast<int64_t>(keys.size());
  const bool in_order =
      std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<RowKey>()) == keys.end();
  std::shared_ptr<arrow::Array> positions;
  if (!in_order) {
    std::vector<RowKey> distinct = keys;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(num_rows * 8, dataset.memory_pool()));
    int64_t* to = buffer->mutable_data_as<int64_t>();
    for (int64_t i = 0; i < num_rows; ++i) {
      to[i] = std::lower_bound(distinct.begin(), distinct.end(), keys[i]) - distinct.begin();
    }
    positions = std::make_shared<arrow::Int64Array>(num_rows, std::move(buffer));
    keys = std::move(distinct);
  }
  ARROW_ASSIGN_OR_RAISE(auto arrays, ReadSorted(dataset, *plan, keys, options));
  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
  columns.reserve(arrays.size());
  for (size_t c = 0; c < arrays.size(); ++c) {
    const auto& type = plan->schema()->field(static_cast<int>(c))->type();
    if (positions == nullptr || arrays[c].empty()) {
      columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(arrays[c]), type));
      continue;
    }
    std::shared_ptr<arrow::Array> whole = arrays[c][0];
    if (arrays[c].size() > 1) {
      ARROW_ASSIGN_OR_RAISE(whole, arrow::Concatenate(arrays[c], dataset.memory_pool()));
    }
    arrow::compute::ExecContext context(dataset.memory_pool());
    ARROW_ASSIGN_OR_RAISE(arrow::Datum taken,
                          arrow::compute::Take(whole, positions,
                                               arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(taken.make_array()));
  }
  return arrow::Table::Make(plan->schema(), std::move(columns), num_rows);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::Take(const std::vector<uint64_t>& offsets,
                                                           const ScanOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(auto keys, KeysOfOffsets(*impl_, offsets));
  return TakeKeys(*impl_, std::move(keys), options);
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::TakeAddresses(
    const std::vector<uint64_t>& addresses, const ScanOptions& options) const {
  std::vector<RowKey> keys(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(size_t fragment, FragmentOfId(*impl_, addresses[i] >> 32));
    const uint64_t row = addresses[i] & 0xFFFFFFFF;
    if (row >= impl_->fragments()[fragment].physical_rows) {
      return arrow::Status::IndexError("row address ", addresses[i], ": fragment ", addresses[i] >> 32,
                                       " has ", impl_->fragments()[fragment].physical_rows, " rows");
    }
    keys[i] = static_cast<uint64_t>(fragment) << 32 | row;
  }
  return TakeKeys(*impl_, std::move(keys), options);
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::TakeRowIds(const std::vector<uint64_t>& row_ids,
                                                                 const ScanOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(auto addresses, AddressesOfRowIds(row_ids));
  std::vector<uint64_t> found;
  for (const auto& address : addresses) {
    if (address.has_value()) found.push_back(*address);
  }
  return TakeAddresses(found, options);
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::TakeFromFragment(
    uint64_t fragment_id, const std::vector<uint64_t>& offsets, const ScanOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(size_t fragment, FragmentOfId(*impl_, fragment_id));
  const uint64_t base = impl_->live_offsets[fragment];
  const uint64_t rows = impl_->live_offsets[fragment + 1] - base;
  std::vector<uint64_t> in_table(offsets.size());
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] >= rows) {
      return arrow::Status::IndexError("row offset ", offsets[i], " is out of range, fragment ",
                                       fragment_id, " has ", rows, " rows");
    }
    in_table[i] = base + offsets[i];
  }
  return Take(in_table, options);
}

arrow::Result<std::vector<uint64_t>> Dataset::AddressesOfOffsets(
    const std::vector<uint64_t>& offsets) const {
  ARROW_ASSIGN_OR_RAISE(std::vector<RowKey> keys, KeysOfOffsets(*impl_, offsets));
  for (uint64_t& key : keys) {
    key = impl_->fragments()[key >> 32].id << 32 | (key & 0xFFFFFFFF);
  }
  return keys;
}

arrow::Result<std::vector<std::optional<uint64_t>>> Dataset::AddressesOfRowIds(
    const std::vector<uint64_t>& row_ids) const {
  std::vector<std::optional<uint64_t>> out(row_ids.size());
  if (impl_->manifest->has_stable_row_ids()) {
    ARROW_ASSIGN_OR_RAISE(auto index, RowIdIndex::Get(*impl_));
    for (size_t i = 0; i < row_ids.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(out[i], index->Find(*impl_, row_ids[i]));
    }
    return out;
  }
  for (size_t i = 0; i < row_ids.size(); ++i) {
    auto fragment = FragmentOfId(*impl_, row_ids[i] >> 32);
    const uint64_t row = row_ids[i] & 0xFFFFFFFF;
    if (!fragment.ok() || row >= impl_->fragments()[*fragment].physical_rows) continue;
    ARROW_ASSIGN_OR_RAISE(auto deletions, impl_->Deletions(impl_->fragments()[*fragment]));
    if (deletions == nullptr || !deletions->Contains(row)) out[i] = row_ids[i];
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::Sample(uint64_t num_rows, uint64_t seed,
                                                             const ScanOptions& options) const {
  const uint64_t total = impl_->live_offsets.back();
  std::vector<uint64_t> offsets;
  if (num_rows >= total) {
    offsets.resize(total);
    std::iota(offsets.begin(), offsets.end(), uint64_t{0});
    return Take(offsets, options);
  }
  // Floyd's algorithm: distinct draws in O(num_rows) memory, whatever the table's size.
  std::mt19937_64 random(seed);
  std::unordered_set<uint64_t> chosen;
  for (uint64_t i = total - num_rows; i < total; ++i) {
    const uint64_t draw = std::uniform_int_distribution<uint64_t>(0, i)(random);
    chosen.insert(chosen.contains(draw) ? i : draw);
  }
  offsets.assign(chosen.begin(), chosen.end());
  std::sort(offsets.begin(), offsets.end());
  return Take(offsets, options);
}

}  // namespace lancea
