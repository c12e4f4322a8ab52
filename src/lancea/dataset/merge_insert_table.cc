#include "lancea/dataset/merge_insert_table.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/row/grouper.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::unique_ptr<MergeKeyTable>> MergeKeyTable::Make(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool) {
  std::unique_ptr<MergeKeyTable> table(new MergeKeyTable());
  table->pool_ = pool;
  std::vector<arrow::TypeHolder> holders(types.begin(), types.end());
  ARROW_ASSIGN_OR_RAISE(table->grouper_, arrow::compute::Grouper::Make(holders));
  return table;
}

MergeKeyTable::~MergeKeyTable() = default;

std::vector<int32_t> MergeKeyTable::Candidates(const KeyRows& keys) {
  if (bits_.empty()) {
    // 16 bits a key: one row in sixteen of those without a match is asked for in vain.
    bits_.assign(std::bit_ceil(std::max<size_t>(hashes_.size() / 4, 64)), 0);
    for (uint64_t hash : hashes_)
      bits_[(hash >> 6) & (bits_.size() - 1)] |= uint64_t{1} << (hash & 63);
    hashes_ = {};
  }
  std::vector<uint64_t> hashes(static_cast<size_t>(keys.num_rows));
  HashFirstKey(keys, hashes.data());
  std::vector<int32_t> out;
  const size_t mask = bits_.size() - 1;
  auto is_candidate = [&](uint64_t hash) {
    return (bits_[(hash >> 6) & mask] >> (hash & 63) & 1) != 0;
  };
  if (!keys.all_valid) {
    for (int32_t row : keys.valid) {
      if (is_candidate(hashes[static_cast<size_t>(row)])) out.push_back(row);
    }
    return out;
  }
  // Without a branch: which rows these are cannot be foreseen.
  out.resize(hashes.size());
  size_t count = 0;
  for (size_t row = 0; row < hashes.size(); ++row) {
    out[count] = static_cast<int32_t>(row);
    count += is_candidate(hashes[row]) ? 1 : 0;
  }
  out.resize(count);
  return out;
}

arrow::Result<std::vector<uint32_t>> MergeKeyTable::Groups(const KeyRows& keys, bool add) {
  std::vector<uint32_t> out(static_cast<size_t>(keys.num_rows), kNone);
  bool is_whole = keys.all_valid;
  std::vector<int32_t> chosen = keys.valid;
  if (!add) {
    chosen = Candidates(keys);
    is_whole = static_cast<int64_t>(chosen.size()) == keys.num_rows;
  }
  const int64_t num_valid = is_whole ? keys.num_rows : static_cast<int64_t>(chosen.size());
  if (num_valid == 0) return out;
  std::vector<arrow::Datum> columns(keys.columns.begin(), keys.columns.end());
  if (!is_whole) {
    arrow::compute::ExecContext context(pool_);
    const arrow::Int32Array rows(num_valid, arrow::Buffer::Wrap(chosen.data(), chosen.size()));
    for (arrow::Datum& column : columns) {
      ARROW_ASSIGN_OR_RAISE(
          column, arrow::compute::Take(column, rows.data(),
                                       arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    }
  }
  const arrow::compute::ExecBatch batch(std::move(columns), num_valid);
  const arrow::compute::ExecSpan span(batch);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum found, add ? grouper_->Consume(span) : grouper_->Lookup(span));
  const auto array = found.make_array();
  const auto& ids = static_cast<const arrow::UInt32Array&>(*array);
  for (int64_t i = 0; i < num_valid; ++i) {
    const auto row = static_cast<size_t>(is_whole ? i : chosen[static_cast<size_t>(i)]);
    if (!ids.IsNull(i)) out[row] = ids.Value(i);
  }
  return out;
}

arrow::Status MergeKeyTable::Add(const KeyRows& keys) {
  if (groups_.size() + static_cast<uint64_t>(keys.num_rows) >= kNone) {
    return InvalidInput("a merge insert takes less than 2^32 source rows per partition");
  }
  ARROW_ASSIGN_OR_RAISE(auto groups, Groups(keys, true));
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

arrow::Status MergeKeyTable::Lookup(const KeyRows& keys, std::vector<uint32_t>* groups) {
  ARROW_ASSIGN_OR_RAISE(*groups, Groups(keys, false));
  return arrow::Status::OK();
}

}  // namespace lancea
