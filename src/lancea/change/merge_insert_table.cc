#include "lancea/change/merge_insert_table.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr size_t kMostCachedKeys = 1 << 16;

// The rows none of whose keys is null.
std::vector<int32_t> RowsWithKeys(const KeyRows& keys) {
  if (!keys.all_valid) return keys.valid;
  std::vector<int32_t> out(static_cast<size_t>(keys.num_rows));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace

arrow::Result<std::unique_ptr<MergeKeyTable>> MergeKeyTable::Make(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool) {
  std::unique_ptr<MergeKeyTable> table(new MergeKeyTable());
  ARROW_ASSIGN_OR_RAISE(table->keys_, KeyGroups::Make(types, pool));
  return table;
}

void MergeKeyTable::FindCandidates(const KeyRows& keys) {
  if (bits_.empty()) {
    // 64 bits a key while they fit into a cache, else 16: one row in so many of those without a match is
    // asked for in vain.
    const size_t words = hashes_.size() <= kMostCachedKeys ? hashes_.size() : hashes_.size() / 4;
    bits_.assign(std::bit_ceil(std::max<size_t>(words, 64)), 0);
    for (uint64_t hash : hashes_)
      bits_[(hash >> 6) & (bits_.size() - 1)] |= uint64_t{1} << (hash & 63);
  }
  hashes_.resize(static_cast<size_t>(keys.num_rows));
  HashFirstKey(keys, hashes_.data());
  const size_t mask = bits_.size() - 1;
  auto is_candidate = [&](uint64_t hash) {
    return (bits_[(hash >> 6) & mask] >> (hash & 63) & 1) != 0;
  };
  if (!keys.all_valid) {
    candidates_.clear();
    for (int32_t row : keys.valid) {
      if (is_candidate(hashes_[static_cast<size_t>(row)])) candidates_.push_back(row);
    }
    return;
  }
  // Without a branch: which rows these are cannot be foreseen.
  candidates_.resize(hashes_.size());
  size_t count = 0;
  for (size_t row = 0; row < hashes_.size(); ++row) {
    candidates_[count] = static_cast<int32_t>(row);
    count += is_candidate(hashes_[row]) ? 1 : 0;
  }
  candidates_.resize(count);
}

arrow::Status MergeKeyTable::Add(const KeyRows& keys) {
  if (groups_.size() + static_cast<uint64_t>(keys.num_rows) >= kNone) {
    return InvalidInput("a merge insert takes less than 2^32 source rows per partition");
  }
  std::vector<uint32_t> groups(static_cast<size_t>(keys.num_rows), kNone);
  candidates_ = RowsWithKeys(keys);
  found_.resize(candidates_.size());
  ARROW_RETURN_NOT_OK(keys_->Add(keys, candidates_, found_.data()));
  for (size_t i = 0; i < found_.size(); ++i) {
    groups[static_cast<size_t>(candidates_[i])] = found_[i];
  }
  hashes_.resize(hashes_.size() + static_cast<size_t>(keys.num_rows));
  HashFirstKey(keys, hashes_.data() + hashes_.size() - keys.num_rows);
  for (uint32_t group : groups) {
    const auto row = static_cast<uint32_t>(groups_.size());
    groups_.push_back(group);
    if (has_duplicates_) next_.push_back(kNone);
    if (group == kNone) continue;
    if (group >= first_.size()) {
      first_.resize(group + 1, kNone);
      last_.resize(group + 1, kNone);
      matched_.resize(group + 1, 0);
    }
    if (first_[group] == kNone) {
      first_[group] = last_[group] = row;
      continue;
    }
    if (!has_duplicates_) {
      has_duplicates_ = true;
      next_.assign(groups_.size(), kNone);
    }
    next_[last_[group]] = row;
    last_[group] = row;
  }
  return arrow::Status::OK();
}

arrow::Status MergeKeyTable::Lookup(const KeyRows& keys, bool most_match, std::vector<Hit>* hits) {
  hits->clear();
  if (most_match) {
    candidates_ = RowsWithKeys(keys);
  } else {
    FindCandidates(keys);
  }
  found_.resize(candidates_.size());
  ARROW_RETURN_NOT_OK(keys_->Find(keys, candidates_, found_.data()));
  for (size_t i = 0; i < found_.size(); ++i) {
    if (found_[i] != kNone) hits->push_back({candidates_[i], found_[i]});
  }
  return arrow::Status::OK();
}

}  // namespace lancea
