// Take: rows by offset, by row id, by address, in the order asked.
//
// Requests are turned into (fragment, physical row) keys, sorted and made distinct, read as ranges like a
// scan's, and put back into the order asked only if that is another one.
#include <algorithm>
#include <numeric>
#include <random>
#include <span>
#include <unordered_set>

#include "arrow/chunked_array.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/dataset/row_id_index.h"
#include "lancea/scan/fragment_read.h"
#include "lancea/scan/row_order.h"
#include "lancea/scan/scan_columns.h"
#include "lancea/scan/take_rows.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// (index of the fragment in the manifest) << 32 | physical row: sorts in table order.
using RowKey = uint64_t;

// Columns are decoded side by side from this many rows times columns on.
constexpr size_t kParallelCells = 4096;
// Rows that one thread reads at once: many enough that few share a chunk of a page with the next part.
constexpr size_t kRowsOfAPart = 2560;

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
      static_cast<size_t>(std::upper_bound(offsets.begin(), offsets.end(), offset) -
                          offsets.begin()) -
      1;
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

// Keys of ascending offsets, in place; one step for each fragment.
arrow::Status OffsetsToKeys(const Dataset::Impl& dataset, std::vector<uint64_t>* rows) {
  const auto& offsets = dataset.live_offsets;
  if (rows->empty()) return arrow::Status::OK();
  if (rows->back() >= offsets.back()) {
    return arrow::Status::IndexError("row offset ", rows->back(),
                                     " is out of range, the table has ", offsets.back(), " rows");
  }
  for (size_t begin = 0; begin < rows->size();) {
    const size_t fragment =
        static_cast<size_t>(std::upper_bound(offsets.begin(), offsets.end(), (*rows)[begin]) -
                            offsets.begin()) -
        1;
    size_t end = begin;
    for (; end < rows->size() && (*rows)[end] < offsets[fragment + 1]; ++end) {
      (*rows)[end] -= offsets[fragment];
    }
    const std::span<uint64_t> here(rows->data() + begin, end - begin);
    ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(dataset.fragments()[fragment]));
    if (deletions != nullptr) deletions->LiveRowsToPhysical(here);
    for (uint64_t& row : here) row |= static_cast<uint64_t>(fragment) << 32;
    begin = end;
  }
  return arrow::Status::OK();
}

// Rows of one fragment, or a part of them: what one thread reads.
struct FragmentRows {
  size_t fragment;
  std::shared_ptr<const FragmentColumns> readers;
  std::vector<RowRange> rows;
};

arrow::Result<std::vector<FragmentRows>> SplitByFragment(const Dataset::Impl& dataset,
                                                         const ReadPlan& plan,
                                                         const std::vector<RowKey>& keys,
                                                         size_t max_rows) {
  std::vector<FragmentRows> out;
  for (size_t begin = 0; begin < keys.size();) {
    FragmentRows here{
        .fragment = static_cast<size_t>(keys[begin] >> 32), .readers = {}, .rows = {}};
    size_t end = begin;
    for (; end < keys.size() && keys[end] >> 32 == here.fragment && end - begin < max_rows; ++end) {
      const uint64_t row = keys[end] & 0xFFFFFFFF;
      if (!here.rows.empty() && here.rows.back().end == row) {
        ++here.rows.back().end;
      } else {
        here.rows.push_back({row, row + 1});
      }
    }
    begin = end;
    ARROW_ASSIGN_OR_RAISE(here.readers, plan.ForFragment(here.fragment, /*keep=*/true));
    if (here.rows.back().end > here.readers->num_rows) {
      return arrow::Status::IndexError(
          "row ", here.rows.back().end - 1, " is out of range, fragment ",
          dataset.fragments()[here.fragment].id, " has ", here.readers->num_rows, " rows");
    }
    out.push_back(std::move(here));
  }
  return out;
}

// True where all rows from the first to the last wanted are read sooner than each is found. Only for values
// in memory, where bytes that are not wanted cost no I/O.
bool IsDense(const ReadPlan& plan, const FragmentRows& part, size_t column) {
  constexpr uint64_t kMinRanges = 256;
  // Bounds the memory, too: values may be far larger decoded than stored.
  constexpr uint64_t kMaxRowsPerWanted = 8;
  // What finding a row of a column costs, in bytes decoded in a row.
  constexpr uint64_t kBytesPerRange = 300;
  const PlanColumn& plan_column = plan.columns()[column];
  const auto& readers = part.readers->columns[column];
  if (plan_column.kind != PlanColumn::Kind::kField || plan_column.has_blob_bytes ||
      part.rows.size() < kMinRanges || readers.empty() || part.readers->num_rows == 0) {
    return false;
  }
  uint64_t bytes = 0;
  for (const auto& reader : readers) {
    if (reader.reader->encoded_bytes() == 0) return false;  // not known
    bytes += reader.reader->encoded_bytes();
  }
  const uint64_t span = part.rows.back().end - part.rows.front().start;
  // A byte more a row: values of no bytes take time too.
  const uint64_t row_bytes = bytes / part.readers->num_rows + 1;
  return span < UINT32_MAX &&
         span / part.rows.size() <= std::min(kMaxRowsPerWanted, kBytesPerRange / row_bytes);
}

// Reads and decodes what one take asks for: arrays_[column][fragment].
class TakeRead {
 public:
  TakeRead(const Dataset::Impl& dataset, const ReadPlan& plan, const ScanOptions& options,
           std::vector<FragmentRows> parts)
      : dataset_(dataset),
        plan_(plan),
        read_options_(dataset.MakeReadOptions(options.stop_token)),
        parts_(std::move(parts)),
        arrays_(plan.columns().size(), std::vector<arrow::ArrayVector>(parts_.size())) {
    if (options.io_counters != nullptr) read_options_.counters = options.io_counters.get();
    all_columns_.resize(arrays_.size());
    std::iota(all_columns_.begin(), all_columns_.end(), size_t{0});
  }

  arrow::Status Run(arrow::internal::Executor* executor) {
    const arrow::StopToken& stop = read_options_.stop_token;
    // Reads of mapped files cost nothing, so columns are independent work. Elsewhere all columns of a
    // fragment share one vectored read.
    by_column_ = executor != nullptr && AllInMemory();
    const size_t width = by_column_ ? arrays_.size() : 1;
    return ParallelFor(executor, parts_.size() * width, stop, [&](size_t i) -> arrow::Status {
      const std::span<const size_t> all(all_columns_);
      return ReadPart(i / width, by_column_ ? all.subspan(i % width, 1) : all);
    });
  }

  arrow::ArrayVector TakeColumn(size_t column) {
    arrow::ArrayVector out;
    for (arrow::ArrayVector& part : arrays_[column]) {
      for (auto& array : part) out.push_back(std::move(array));
    }
    return out;
  }

 private:
  arrow::Status ReadPart(size_t part, std::span<const size_t> columns) {
    const FragmentRows& rows = parts_[part];
    if (by_column_ && IsDense(plan_, rows, columns[0])) {
      return ReadSpan(rows, columns[0]).Value(&arrays_[columns[0]][part]);
    }
    ARROW_ASSIGN_OR_RAISE(
        auto read, FragmentRead::Make(dataset_, plan_, rows.readers, rows.fragment, rows.rows,
                                      columns, /*mark_deleted=*/false, read_options_));
    for (size_t column : columns) {
      ARROW_RETURN_NOT_OK(read->Finish(column).Value(&arrays_[column][part]));
    }
    return arrow::Status::OK();
  }

  // Read all rows from the first to the last, and pick those that are wanted.
  arrow::Result<arrow::ArrayVector> ReadSpan(const FragmentRows& rows, size_t column) {
    const uint64_t first = rows.rows.front().start;
    ARROW_ASSIGN_OR_RAISE(auto read,
                          FragmentRead::Make(dataset_, plan_, rows.readers, rows.fragment,
                                             {{first, rows.rows.back().end}}, {&column, 1},
                                             /*mark_deleted=*/false, read_options_));
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector span, read->Finish(column));
    std::vector<uint32_t> wanted;
    for (const RowRange& range : rows.rows) {
      for (uint64_t row = range.start; row < range.end; ++row) {
        wanted.push_back(static_cast<uint32_t>(row - first));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto picked, RestoreOrder(span, wanted, dataset_.memory_pool()));
    return arrow::ArrayVector{std::move(picked)};
  }

  bool AllInMemory() const {
    for (const FragmentRows& part : parts_) {
      for (const auto& file : part.readers->files) {
        if (!file->object()->is_memory()) return false;
      }
    }
    return true;
  }

  const Dataset::Impl& dataset_;
  const ReadPlan& plan_;
  ReadOptions read_options_;
  const std::vector<FragmentRows> parts_;
  std::vector<std::vector<arrow::ArrayVector>> arrays_;
  std::vector<size_t> all_columns_;
  bool by_column_ = false;
};

// \param keys  ascending and distinct
// \param positions  as in RowOrder
arrow::Result<std::shared_ptr<arrow::Table>> TakeKeys(const Dataset::Impl& dataset,
                                                      const ReadPlan& plan,
                                                      const std::vector<RowKey>& keys,
                                                      const std::vector<uint32_t>& positions,
                                                      const ScanOptions& options) {
  const size_t num_columns = plan.columns().size();
  const size_t num_rows = positions.empty() ? keys.size() : positions.size();
  arrow::internal::Executor* executor =
      num_rows * num_columns < kParallelCells ? nullptr : dataset.session->impl().cpu_executor();
  // On this machine reads are independent of each other; elsewhere a fragment's rows share theirs.
  const bool split = executor != nullptr && dataset.location.store->is_local();
  ARROW_ASSIGN_OR_RAISE(auto parts,
                        SplitByFragment(dataset, plan, keys, split ? kRowsOfAPart : SIZE_MAX));
  TakeRead read(dataset, plan, options, std::move(parts));
  ARROW_RETURN_NOT_OK(read.Run(executor));
  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns(num_columns);
  ARROW_RETURN_NOT_OK(
      ParallelFor(executor, num_columns, options.stop_token, [&](size_t c) -> arrow::Status {
        arrow::ArrayVector chunks = read.TakeColumn(c);
        if (!positions.empty()) {
          ARROW_ASSIGN_OR_RAISE(auto restored,
                                RestoreOrder(chunks, positions, dataset.memory_pool()));
          chunks = {std::move(restored)};
        }
        columns[c] = std::make_shared<arrow::ChunkedArray>(
            std::move(chunks), plan.schema()->field(static_cast<int>(c))->type());
        return arrow::Status::OK();
      }));
  dataset.session->impl().Count("lancea.rows_taken", num_rows);
  return arrow::Table::Make(plan.schema(), std::move(columns), static_cast<int64_t>(num_rows));
}

// What `take` gives for the columns wanted, and what is computed from it.
template <typename Take>
arrow::Result<std::shared_ptr<arrow::Table>> TakeComputed(const Dataset::Impl& dataset,
                                                          const ScanOptions& options, Take take) {
  if (!options.projections.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto plan, dataset.Plan(options));
    return take(*plan);
  }
  ARROW_RETURN_NOT_OK(CheckScanOptions(options, *dataset.schema));
  ARROW_ASSIGN_OR_RAISE(const ScanColumns columns, ScanColumns::Of(dataset, options));
  ARROW_ASSIGN_OR_RAISE(auto plan, dataset.ScanPlan(columns.read()));
  ARROW_ASSIGN_OR_RAISE(auto table, take(*plan));
  ARROW_ASSIGN_OR_RAISE(auto project,
                        columns.Project(plan->schema(), plan->schema()->num_fields()));
  return project->Apply(*table, dataset.memory_pool());
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Table>> TakeByAddress(const Dataset::Impl& dataset,
                                                           const ReadPlan& plan,
                                                           const std::vector<uint64_t>& addresses,
                                                           const ScanOptions& options) {
  std::vector<RowKey> keys(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(size_t fragment, FragmentOfId(dataset, addresses[i] >> 32));
    const uint64_t row = addresses[i] & 0xFFFFFFFF;
    if (row >= dataset.fragments()[fragment].physical_rows) {
      return arrow::Status::IndexError("row address ", addresses[i], ": fragment ",
                                       addresses[i] >> 32, " has ",
                                       dataset.fragments()[fragment].physical_rows, " rows");
    }
    keys[i] = static_cast<uint64_t>(fragment) << 32 | row;
  }
  ARROW_ASSIGN_OR_RAISE(RowOrder order, SortRows(std::move(keys)));
  return TakeKeys(dataset, plan, order.rows, order.positions, options);
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::Take(const std::vector<uint64_t>& offsets,
                                                           const ScanOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(RowOrder order, SortRows(offsets));
  ARROW_RETURN_NOT_OK(OffsetsToKeys(*impl_, &order.rows));
  return TakeComputed(*impl_, options, [&](const ReadPlan& plan) {
    return TakeKeys(*impl_, plan, order.rows, order.positions, options);
  });
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::TakeAddresses(
    const std::vector<uint64_t>& addresses, const ScanOptions& options) const {
  return TakeComputed(*impl_, options, [&](const ReadPlan& plan) {
    return TakeByAddress(*impl_, plan, addresses, options);
  });
}

arrow::Result<std::shared_ptr<arrow::Table>> Dataset::TakeRowIds(
    const std::vector<uint64_t>& row_ids, const ScanOptions& options) const {
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
