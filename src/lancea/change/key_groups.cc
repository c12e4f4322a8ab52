#include "lancea/change/key_groups.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/row/grouper.h"
#include "arrow/type.h"
#include "lancea/encoding/number_type.h"

namespace lancea {
namespace {

bool IsNumber(const arrow::DataType& type) {
  const auto number = NumberTypeOf(type);
  return number && number->order != NumberCondition::Order::kFloat;
}

// Open addressing, at most half full; a key's slot begins at the upper bits of its hash.
class NumberGroups : public KeyGroups {
 public:
  arrow::Status Add(const KeyRows& keys, const std::vector<int32_t>& rows, uint32_t* out) override {
    const size_t most = keys_.size() + rows.size();
    if (most * 2 > slots_.size()) Grow(most);
    ForEach(keys, rows, [&](uint64_t key, size_t i) {
      uint32_t& group = slots_[SlotOf(key)];
      if (group == kNone) {
        group = static_cast<uint32_t>(keys_.size());
        keys_.push_back(key);
      }
      out[i] = group;
    });
    return arrow::Status::OK();
  }

  arrow::Status Find(const KeyRows& keys, const std::vector<int32_t>& rows,
                     uint32_t* out) const override {
    if (slots_.empty()) {
      std::fill_n(out, rows.size(), kNone);
      return arrow::Status::OK();
    }
    ForEach(keys, rows, [&](uint64_t key, size_t i) { out[i] = slots_[SlotOf(key)]; });
    return arrow::Status::OK();
  }

 private:
  // Where a key is, or would be.
  size_t SlotOf(uint64_t key) const {
    auto at = static_cast<size_t>(key * 0x9e3779b97f4a7c15ULL >> shift_);
    while (slots_[at] != kNone && keys_[slots_[at]] != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  void Grow(size_t num_keys) {
    keys_.reserve(num_keys);
    slots_.assign(std::bit_ceil(std::max<size_t>(num_keys * 2, 64)), kNone);
    shift_ = 64 - std::countr_zero(slots_.size());
    for (size_t group = 0; group < keys_.size(); ++group) {
      slots_[SlotOf(keys_[group])] = static_cast<uint32_t>(group);
    }
  }

  template <typename Visit>
  static void ForEach(const KeyRows& keys, const std::vector<int32_t>& rows, const Visit& visit) {
    const arrow::ArrayData& column = *keys.columns[0]->data();
    auto each = [&](const auto* values) {
      for (size_t i = 0; i < rows.size(); ++i) visit(uint64_t{values[rows[i]]}, i);
    };
    switch (column.type->byte_width()) {
      case 1:
        return each(column.GetValues<uint8_t>(1));
      case 2:
        return each(column.GetValues<uint16_t>(1));
      case 4:
        return each(column.GetValues<uint32_t>(1));
      default:
        return each(column.GetValues<uint64_t>(1));
    }
  }

  std::vector<uint32_t> slots_;  // groups; kNone: free
  std::vector<uint64_t> keys_;   // of each group
  int shift_ = 0;
};

class AnyGroups : public KeyGroups {
 public:
  AnyGroups(std::unique_ptr<arrow::compute::Grouper> grouper, arrow::MemoryPool* pool)
      : grouper_(std::move(grouper)), pool_(pool) {}

  arrow::Status Add(const KeyRows& keys, const std::vector<int32_t>& rows, uint32_t* out) override {
    return Ask(keys, rows, /*add=*/true, out);
  }
  arrow::Status Find(const KeyRows& keys, const std::vector<int32_t>& rows,
                     uint32_t* out) const override {
    return Ask(keys, rows, /*add=*/false, out);
  }

 private:
  arrow::Status Ask(const KeyRows& keys, const std::vector<int32_t>& rows, bool add,
                    uint32_t* out) const {
    if (rows.empty()) return arrow::Status::OK();
    std::vector<arrow::Datum> columns(keys.columns.begin(), keys.columns.end());
    const auto num_rows = static_cast<int64_t>(rows.size());
    if (num_rows != keys.num_rows) {
      arrow::compute::ExecContext context(pool_);
      const arrow::Int32Array index(num_rows, arrow::Buffer::Wrap(rows.data(), rows.size()));
      for (arrow::Datum& column : columns) {
        ARROW_ASSIGN_OR_RAISE(
            column, arrow::compute::Take(column, index.data(),
                                         arrow::compute::TakeOptions::NoBoundsCheck(), &context));
      }
    }
    const arrow::compute::ExecBatch batch(std::move(columns), num_rows);
    const arrow::compute::ExecSpan span(batch);
    ARROW_ASSIGN_OR_RAISE(arrow::Datum found,
                          add ? grouper_->Consume(span) : grouper_->Lookup(span));
    const auto groups = std::static_pointer_cast<arrow::UInt32Array>(found.make_array());
    for (int64_t i = 0; i < num_rows; ++i) {
      out[i] = groups->IsValid(i) ? groups->Value(i) : kNone;
    }
    return arrow::Status::OK();
  }

  const std::unique_ptr<arrow::compute::Grouper> grouper_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

arrow::Result<std::unique_ptr<KeyGroups>> KeyGroups::Make(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool) {
  if (types.size() == 1 && IsNumber(*types[0])) return std::make_unique<NumberGroups>();
  const std::vector<arrow::TypeHolder> holders(types.begin(), types.end());
  ARROW_ASSIGN_OR_RAISE(auto grouper, arrow::compute::Grouper::Make(holders));
  return std::make_unique<AnyGroups>(std::move(grouper), pool);
}

}  // namespace lancea
