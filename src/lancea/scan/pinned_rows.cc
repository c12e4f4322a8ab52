// Rows that a filter names by number, found without reading a column.
#include <algorithm>
#include <map>

#include "lancea/dataset/row_id_index.h"
#include "lancea/scan/scan_filter.h"

namespace lancea {
namespace {

// index of the fragment << 32 | physical row
using RowKey = uint64_t;

// The key of the row at an address, if the table has such a row.
std::optional<RowKey> KeyOfAddress(const Dataset::Impl& dataset, uint64_t address) {
  const FragmentMetadata* fragment = dataset.manifest->FindFragment(address >> 32);
  const uint64_t row = address & 0xFFFFFFFF;
  if (fragment == nullptr || row >= fragment->physical_rows) return std::nullopt;
  return static_cast<uint64_t>(fragment - dataset.fragments().data()) << 32 | row;
}

arrow::Result<std::vector<RowKey>> KeysOf(const Dataset::Impl& dataset,
                                          const ScanFilter::Pin& pin) {
  std::vector<RowKey> out;
  const bool stable = dataset.manifest->has_stable_row_ids();
  for (const uint64_t number : pin.numbers) {
    std::optional<RowKey> key;
    if (pin.kind == PlanColumn::Kind::kRowOffset) {
      const auto& offsets = dataset.live_offsets;
      if (number >= offsets.back()) continue;
      const auto after = std::upper_bound(offsets.begin(), offsets.end(), number);
      const size_t fragment = static_cast<size_t>(after - offsets.begin()) - 1;
      uint64_t row = number - offsets[fragment];
      ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(dataset.fragments()[fragment]));
      if (deletions != nullptr) row = deletions->LiveRowToPhysical(row);
      key = static_cast<uint64_t>(fragment) << 32 | row;
    } else if (pin.kind == PlanColumn::Kind::kRowId && stable) {
      ARROW_ASSIGN_OR_RAISE(auto index, RowIdIndex::Get(dataset));
      ARROW_ASSIGN_OR_RAISE(auto address, index->Find(dataset, number));
      if (address.has_value()) key = KeyOfAddress(dataset, *address);
    } else {
      key = KeyOfAddress(dataset, number);
    }
    if (key.has_value()) out.push_back(*key);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

arrow::Result<std::vector<FragmentSlice>> PinnedRows(const Dataset::Impl& dataset,
                                                     const ScanFilter& filter,
                                                     const std::vector<FragmentSlice>& slices,
                                                     bool include_deleted) {
  if (filter.is_never()) return std::vector<FragmentSlice>();
  if (filter.pins().empty()) return slices;
  ARROW_ASSIGN_OR_RAISE(std::vector<RowKey> keys, KeysOf(dataset, filter.pins()[0]));
  for (size_t i = 1; i < filter.pins().size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<RowKey> more, KeysOf(dataset, filter.pins()[i]));
    std::vector<RowKey> both;
    std::set_intersection(keys.begin(), keys.end(), more.begin(), more.end(),
                          std::back_inserter(both));
    keys = std::move(both);
  }
  std::vector<FragmentSlice> out;
  for (const FragmentSlice& slice : slices) {
    const RowKey first = static_cast<uint64_t>(slice.fragment) << 32;
    auto key = std::lower_bound(keys.begin(), keys.end(), first);
    if (key == keys.end() || *key >> 32 != slice.fragment) continue;
    std::shared_ptr<const DeletionVector> deletions;
    if (!include_deleted) {
      ARROW_ASSIGN_OR_RAISE(deletions, dataset.Deletions(dataset.fragments()[slice.fragment]));
    }
    auto rows = std::make_shared<std::vector<RowRange>>();
    uint64_t num_rows = 0;
    for (; key != keys.end() && *key >> 32 == slice.fragment; ++key) {
      const uint64_t row = *key & 0xFFFFFFFF;
      if (deletions != nullptr && deletions->Contains(row)) continue;
      if (!rows->empty() && rows->back().end == row) {
        ++rows->back().end;
      } else {
        rows->push_back({row, row + 1});
      }
      ++num_rows;
    }
    if (num_rows > 0) out.push_back({slice.fragment, {0, num_rows}, std::move(rows)});
  }
  return out;
}

}  // namespace lancea
