#include "lancea/encoding/compress/dictionary_encode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/compress/hash_values.h"

namespace lancea {
namespace {

// Distinct values by the place of their first occurrence: open addressing, at most half full.
class DistinctTable {
 public:
  DistinctTable() : slots_(size_t{1} << 10) {}
  int64_t size() const { return static_cast<int64_t>(firsts_.size()); }
  const std::vector<uint32_t>& firsts() const { return firsts_; }

  /// Index of value `i` among the distinct ones, which it joins if it is new.
  template <typename Keys>
  uint32_t Insert(const Keys& keys, int64_t i) {
    const uint64_t hash = keys.Hash(i);
    const uint32_t tag = static_cast<uint32_t>(hash >> 32);
    size_t at = hash & (slots_.size() - 1);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.item == 0) break;
      if (slot.tag == tag && keys.Equal(firsts_[slot.item - 1], i)) return slot.item - 1;
    }
    firsts_.push_back(static_cast<uint32_t>(i));
    const uint32_t item = static_cast<uint32_t>(firsts_.size());
    slots_[at] = {tag, item};
    if (2 * firsts_.size() > slots_.size()) Grow(keys);
    return item - 1;
  }

 private:
  struct Slot {
    uint32_t tag;
    uint32_t item;  // 0: empty, else the index + 1
  };

  template <typename Keys>
  void Grow(const Keys& keys) {
    std::vector<Slot> slots(slots_.size() * 4);
    const size_t mask = slots.size() - 1;
    for (const Slot& slot : slots_) {
      if (slot.item == 0) continue;
      size_t at = keys.Hash(firsts_[slot.item - 1]) & mask;
      while (slots[at].item != 0) at = (at + 1) & mask;
      slots[at] = slot;
    }
    slots_ = std::move(slots);
  }

  std::vector<Slot> slots_;
  std::vector<uint32_t> firsts_;
};

// What bounds a dictionary.
struct Budget {
  int64_t max_items;
  double max_bytes;        // of items and indices
  int64_t max_item_bytes;  // of the items alone
  double item_ratio;       // of items in the file over items in memory
  double run_bytes;        // of the indices as run lengths, infinite if unknown
};

// What the indices and `items` items of `item_bytes` bytes take.
double EncodedBytes(int64_t num_values, double items, double item_bytes, const Budget& budget) {
  const double index_bits = std::max(1.0, std::ceil(std::log2(std::max(items, 2.0))));
  const double packed = static_cast<double>(num_values) * index_bits / 8 +
                        static_cast<double>(num_values) / 1024 * (4 + choose::kChunkOverhead);
  return item_bytes * budget.item_ratio + std::min(packed, budget.run_bytes);
}

// How many distinct values there may be, from how many a sample of `size` has: the number of equally
// likely values of which that many would be seen.
double EstimateDistinct(double seen, double size) {
  double low = seen, high = 1e9;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (middle * -std::expm1(-size / middle) < seen ? low : high) = middle;
  }
  return high;
}

// False when a sample says that a dictionary does not pay.
template <typename Keys>
bool SamplePasses(const Keys& keys, int64_t num_values, double item_bytes, const Budget& budget) {
  if (num_values < choose::kDistinctMinSample) return true;
  constexpr int64_t kBlocks = choose::kDistinctSampleBlocks;
  const int64_t per_block = std::min(num_values, choose::kDistinctSample) / kBlocks;
  DistinctTable seen;
  auto see = [&](int64_t from, int64_t to) {  // of each block
    for (int64_t block = 0; block < kBlocks; ++block) {
      const int64_t begin = num_values * block / kBlocks;
      for (int64_t i = begin + from; i < begin + to; ++i) seen.Insert(keys, i);
    }
  };
  // Where the dictionary would be so small that dozens of these would be equal, a few tell enough.
  const int64_t few = per_block / 4;
  see(0, few);
  const int64_t num_few = few * kBlocks;
  if (num_few * num_few >= 64 * budget.max_items &&
      EstimateDistinct(static_cast<double>(seen.size()), static_cast<double>(num_few)) >
          4 * static_cast<double>(budget.max_items)) {
    return false;
  }
  see(few, per_block);
  const double size = static_cast<double>(per_block * kBlocks);
  const double unique = static_cast<double>(seen.size());
  // A small block is seen nearly whole.
  if (num_values > 2 * choose::kDistinctSample && unique >= choose::kDistinctMaxUnique * size) {
    return false;
  }
  const double distinct = std::min(EstimateDistinct(unique, size), static_cast<double>(num_values));
  if (distinct > 1.3 * static_cast<double>(budget.max_items)) return false;
  return EncodedBytes(num_values, distinct, 0.8 * distinct * item_bytes, budget) < budget.max_bytes;
}

// Indices of all values; false when the budget is exceeded.
template <typename Keys>
bool BuildIndices(const Keys& keys, int64_t num_values, int64_t bytes_per_item,
                  const Budget& budget, DistinctTable* table, uint32_t* indices) {
  int64_t item_bytes = 0;
  for (int64_t i = 0; i < num_values; ++i) {
    const int64_t before = table->size();
    indices[i] = table->Insert(keys, i);
    if (table->size() == before) continue;
    const int64_t size = static_cast<int64_t>(keys.size(i));
    item_bytes += size + bytes_per_item;
    if (table->size() > budget.max_items || item_bytes > budget.max_item_bytes ||
        static_cast<double>(item_bytes) * budget.item_ratio > budget.max_bytes) {
      return false;
    }
  }
  return EncodedBytes(num_values, static_cast<double>(table->size()),
                      static_cast<double>(item_bytes), budget) <= budget.max_bytes;
}

template <typename Offset>
arrow::Status GatherItems(const VariableKeys<Offset>& keys, const std::vector<uint32_t>& firsts,
                          ValueBlock* items, arrow::MemoryPool* pool) {
  int64_t size = 0;
  for (uint32_t first : firsts) size += static_cast<int64_t>(keys.size(first));
  const int64_t count = static_cast<int64_t>(firsts.size());
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> offsets,
      arrow::AllocateBuffer((count + 1) * static_cast<int64_t>(sizeof(Offset)), pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, arrow::AllocateBuffer(size, pool));
  Offset* ends = reinterpret_cast<Offset*>(offsets->mutable_data());
  uint8_t* to = bytes->mutable_data();
  *ends++ = 0;
  for (uint32_t first : firsts) {
    std::memcpy(to, keys.bytes + keys.offsets[first], keys.size(first));
    to += keys.size(first);
    *ends++ = static_cast<Offset>(to - bytes->data());
  }
  items->offsets = std::move(offsets);
  items->values = std::move(bytes);
  return arrow::Status::OK();
}

template <size_t kWidth>
arrow::Status GatherItems(const FixedKeys<kWidth>& keys, const std::vector<uint32_t>& firsts,
                          ValueBlock* items, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(static_cast<int64_t>(firsts.size() * kWidth), pool));
  uint8_t* to = bytes->mutable_data();
  for (uint32_t first : firsts) {
    std::memcpy(to, keys.at(first), kWidth);
    to += kWidth;
  }
  items->values = std::move(bytes);
  return arrow::Status::OK();
}

// What the values take without a dictionary, about; and what run lengths of indices would take, where
// values are best stored as run lengths.
arrow::Result<double> RivalBytes(const ValueBlock& block, const EncodingOptions& options,
                                 double* run_bytes, arrow::MemoryPool* pool) {
  if (!block.is_variable()) {
    if (block.bits_per_value == 128 && !AllowedCompressor(options)) {
      return static_cast<double>(block.num_values) * 16;
    }
    ARROW_ASSIGN_OR_RAISE(const FixedChoice choice, ChooseFixed(block, options, 0, pool));
    const double bytes = static_cast<double>(choice.estimated_bytes);
    // As many entries, of four bytes each instead of eight, and a length.
    if (choice.codec == FixedCodec::kRunLengths) *run_bytes = bytes * 5 / 9;
    return bytes;
  }
  if (const auto compressor = AllowedCompressor(options)) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes,
                          SampleVariable(block, nullptr, compressor,
                                         LimitsFor(options, /*compressed=*/true, 0), pool));
    return static_cast<double>(bytes);
  }
  const double total = static_cast<double>(TotalBytes(block));
  const bool is_text = block.is_utf8 && total >= choose::kFsstMinBytes &&
                       options.compression != EncodingOptions::Compression::kNone;
  return total * (is_text ? choose::kTextRatio : 1) +
         static_cast<double>(block.num_values) * static_cast<double>(block.bits_per_offset / 8);
}

template <typename Keys>
arrow::Result<std::optional<DictionaryEncoding>> Encode(const Keys& keys, const ValueBlock& block,
                                                        const EncodingOptions& options,
                                                        arrow::MemoryPool* pool) {
  using Nothing = std::optional<DictionaryEncoding>;
  const int64_t offset_bytes = static_cast<int64_t>(block.bits_per_offset / 8);
  const int64_t plain = block.is_variable()
                            ? TotalBytes(block) + block.num_values * offset_bytes
                            : block.num_values * static_cast<int64_t>(block.bits_per_value / 8);
  Budget budget{};
  budget.run_bytes = std::numeric_limits<double>::infinity();
  ARROW_ASSIGN_OR_RAISE(const double rival, RivalBytes(block, options, &budget.run_bytes, pool));
  budget.max_items = std::min(block.num_values / std::max<int64_t>(1, options.dictionary_divisor),
                              choose::kDictionaryMaxItems);
  budget.max_bytes = std::min(static_cast<double>(plain) * options.dictionary_size_ratio,
                              rival * choose::kDictionaryMaxOfRival);
  budget.max_item_bytes = options.dictionary_max_bytes;
  budget.item_ratio =
      block.is_variable() && options.format != FileFormat::k2_1 ? choose::kItemRatio : 1;
  if (!SamplePasses(keys, block.num_values,
                    static_cast<double>(plain) / static_cast<double>(block.num_values), budget)) {
    return Nothing();
  }
  DictionaryEncoding out;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                        arrow::AllocateBuffer(block.num_values * 4, pool));
  DistinctTable table;
  if (!BuildIndices(keys, block.num_values, offset_bytes, budget, &table,
                    reinterpret_cast<uint32_t*>(indices->mutable_data()))) {
    return Nothing();
  }
  out.items = block;
  out.items.num_values = table.size();
  ARROW_RETURN_NOT_OK(GatherItems(keys, table.firsts(), &out.items, pool));
  out.indices.num_values = block.num_values;
  out.indices.bits_per_value = 32;
  out.indices.values = std::move(indices);
  return Nothing(std::move(out));
}

}  // namespace

arrow::Result<std::optional<DictionaryEncoding>> TryDictionary(const ValueBlock& unchecked,
                                                               const EncodingOptions& options,
                                                               arrow::MemoryPool* pool) {
  using Nothing = std::optional<DictionaryEncoding>;
  if (unchecked.is_struct() || !unchecked.list_levels.empty() ||
      unchecked.num_values < choose::kDictionaryMinValues ||
      unchecked.num_values > int64_t{UINT32_MAX}) {
    return Nothing();
  }
  const uint64_t bits = unchecked.bits_per_value;
  if (!unchecked.is_variable() && bits != 128 &&
      !(bits == 64 && options.format != FileFormat::k2_1)) {
    return Nothing();
  }
  ARROW_ASSIGN_OR_RAISE(const ValueBlock block, CheckBlock(unchecked, pool));
  const uint8_t* const bytes = ValueData(block);
  if (!block.is_variable()) {
    return bits == 64 ? Encode(FixedKeys<8>{bytes}, block, options, pool)
                      : Encode(FixedKeys<16>{bytes}, block, options, pool);
  }
  if (TotalBytes(block) == 0) return Nothing();
  return VisitOffsets(block, [&](const auto* offsets) {
    using Offset = std::remove_const_t<std::remove_pointer_t<decltype(offsets)>>;
    return Encode(VariableKeys<Offset>{offsets, bytes}, block, options, pool);
  });
}

}  // namespace lancea
