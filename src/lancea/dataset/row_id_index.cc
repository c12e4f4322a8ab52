#include "lancea/dataset/row_id_index.h"

#include <algorithm>

namespace lancea {

arrow::Result<std::shared_ptr<const RowIdIndex>> RowIdIndex::Get(const Dataset::Impl& dataset) {
  LruCache& cache = dataset.session->impl().cache();
  const std::string key = "row id index:" + dataset.cache_identity;
  if (auto kept = cache.Get<RowIdIndex>(key)) return kept;
  auto index = std::make_shared<RowIdIndex>();
  for (size_t i = 0; i < dataset.fragments().size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto ids, dataset.RowIds(dataset.fragments()[i]));
    if (ids == nullptr || ids->num_rows() == 0) continue;
    index->entries_.push_back({ids->min(), ids->max(), i, std::move(ids)});
  }
  std::sort(index->entries_.begin(), index->entries_.end(),
            [](const Entry& a, const Entry& b) { return a.min < b.min; });
  uint64_t largest = 0;
  for (const Entry& entry : index->entries_) {
    largest = std::max(largest, entry.max);
    index->max_so_far_.push_back(largest);
  }
  const uint64_t bytes = index->entries_.size() * (sizeof(Entry) + 8);
  return cache.Put<RowIdIndex>(key, "row id index", std::move(index), bytes);
}

arrow::Result<std::optional<uint64_t>> RowIdIndex::Find(const Dataset::Impl& dataset,
                                                        uint64_t row_id) const {
  auto it = std::upper_bound(entries_.begin(), entries_.end(), row_id,
                             [](uint64_t id, const Entry& entry) { return id < entry.min; });
  for (size_t i = static_cast<size_t>(it - entries_.begin());
       i-- > 0 && max_so_far_[i] >= row_id;) {
    const Entry& entry = entries_[i];
    if (entry.max < row_id) continue;
    const std::optional<uint64_t> row = entry.ids->Find(row_id);
    if (!row.has_value()) continue;
    const FragmentMetadata& fragment = dataset.fragments()[entry.fragment];
    ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(fragment));
    if (deletions != nullptr && deletions->Contains(*row)) continue;
    return std::optional<uint64_t>(fragment.id << 32 | *row);
  }
  return std::optional<uint64_t>();
}

}  // namespace lancea
