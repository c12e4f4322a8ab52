#include "lancea/dataset/merge_insert_table.h"

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

arrow::Result<std::vector<uint32_t>> MergeKeyTable::Groups(const KeyRows& keys, bool add) {
  std::vector<uint32_t> out(static_cast<size_t>(keys.num_rows), kNone);
  const int64_t num_valid =
      keys.all_valid ? keys.num_rows : static_cast<int64_t>(keys.valid.size());
  if (num_valid == 0) return out;
  std::vector<arrow::Datum> columns(keys.columns.begin(), keys.columns.end());
  if (!keys.all_valid) {
    arrow::compute::ExecContext context(pool_);
    const arrow::Int32Array rows(num_valid,
                                 arrow::Buffer::Wrap(keys.valid.data(), keys.valid.size()));
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
    const auto row = static_cast<size_t>(keys.all_valid ? i : keys.valid[static_cast<size_t>(i)]);
    if (!ids.IsNull(i)) out[row] = ids.Value(i);
  }
  return out;
}

arrow::Status MergeKeyTable::Add(const KeyRows& keys) {
  if (groups_.size() + static_cast<uint64_t>(keys.num_rows) >= kNone) {
    return InvalidInput("a merge insert takes less than 2^32 source rows per partition");
  }
  ARROW_ASSIGN_OR_RAISE(auto groups, Groups(keys, true));
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
