#include "lancea/encoding/compress/statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/fastlanes.h"

namespace lancea {
namespace {

using compress::kFastLanesValues;

// Small enough that a count of them fits the narrowest word.
constexpr int64_t kStep = 128;

// Values [begin, end): all bits that occur, and how often a value differs from the one before it.
template <typename T>
[[gnu::always_inline]] inline void MeasureRange(const T* values, int64_t begin, int64_t end, T* any,
                                                int64_t* changes) {
  T bits = 0;
  int64_t count = 0;
  int64_t i = begin;
  if (i == 0 && i < end) bits = values[i++];
  for (; i + kStep <= end; i += kStep) {
    T changed = 0;
    for (int64_t k = i; k < i + kStep; ++k) {
      bits |= values[k];
      changed += static_cast<T>(values[k] != values[k - 1]);
    }
    count += static_cast<int64_t>(changed);
  }
  for (; i < end; ++i) {
    bits |= values[i];
    count += values[i] != values[i - 1];
  }
  *any = bits;
  *changes += count;
}

template <typename T>
[[gnu::always_inline]] inline void MeasureAll(const T* values, FixedStatistics* out) {
  int64_t changes = 0;
  for (int64_t begin = 0; begin < out->num_values; begin += kFastLanesValues) {
    T any;
    MeasureRange(values, begin, std::min(out->num_values, begin + kFastLanesValues), &any,
                 &changes);
    out->block_widths.push_back(static_cast<uint8_t>(std::bit_width(any)));
  }
  out->num_runs = out->num_values > 0 ? changes + 1 : 0;
}

template <typename T>
void MeasureBaseline(const T* values, FixedStatistics* out) {
  MeasureAll(values, out);
}

#if defined(__x86_64__) && defined(__GNUC__)
template <typename T>
__attribute__((target("avx2"))) void MeasureAvx2(const T* values, FixedStatistics* out) {
  MeasureAll(values, out);
}

template <typename T>
void Measure(const T* values, FixedStatistics* out) {
  static const bool kAvx2 = (__builtin_cpu_init(), __builtin_cpu_supports("avx2"));
  kAvx2 ? MeasureAvx2(values, out) : MeasureBaseline(values, out);
}
#else
template <typename T>
void Measure(const T* values, FixedStatistics* out) {
  MeasureBaseline(values, out);
}
#endif

template <typename T>
int64_t CountEntries(const T* values, int64_t num_values, int64_t chunk_values) {
  int64_t entries = 0;
  for (int64_t begin = 0; begin < num_values; begin += chunk_values) {
    const int64_t end = std::min(num_values, begin + chunk_values);
    int64_t run_begin = begin;
    for (int64_t i = begin + 1; i <= end; ++i) {
      if (i < end && values[i] == values[i - 1]) continue;
      entries += (i - run_begin + 254) / 255;
      run_begin = i;
    }
  }
  return entries;
}

bool IsSelected(const uint8_t* selection, int64_t i) {
  return selection == nullptr || (selection[i / 8] >> (i % 8) & 1) != 0;
}

int64_t FirstSelected(const uint8_t* selection, int64_t num_values) {
  int64_t i = 0;
  while (i < num_values && !IsSelected(selection, i)) ++i;
  return i;
}

bool BitsEqual(const uint8_t* bits, const uint8_t* selection, int64_t first, int64_t num_values) {
  const bool value = arrow::bit_util::GetBit(bits, first);
  for (int64_t i = first; i < num_values; ++i) {
    // Eight at a time, where all are chosen and all are like the first.
    if (selection == nullptr && i % 8 == 0 && i + 8 <= num_values) {
      if (bits[i / 8] != (value ? 0xFF : 0)) return false;
      i += 7;
    } else if (IsSelected(selection, i) && arrow::bit_util::GetBit(bits, i) != value) {
      return false;
    }
  }
  return true;
}

bool BytesEqual(const uint8_t* values, size_t width, const uint8_t* selection, int64_t first,
                int64_t num_values) {
  if (selection == nullptr) {
    // Every value equals the one before it.
    return std::memcmp(values, values + width, width * static_cast<size_t>(num_values - 1)) == 0;
  }
  const uint8_t* const one = values + static_cast<size_t>(first) * width;
  for (int64_t i = first + 1; i < num_values; ++i) {
    if (IsSelected(selection, i) &&
        std::memcmp(one, values + static_cast<size_t>(i) * width, width) != 0) {
      return false;
    }
  }
  return true;
}

template <typename Offset>
bool VariableEqual(const Offset* offsets, const uint8_t* bytes, const uint8_t* selection,
                   int64_t first, int64_t num_values) {
  const size_t length = static_cast<size_t>(offsets[first + 1] - offsets[first]);
  for (int64_t i = first + 1; i < num_values; ++i) {
    if (!IsSelected(selection, i)) continue;
    if (static_cast<size_t>(offsets[i + 1] - offsets[i]) != length ||
        std::memcmp(bytes + offsets[first], bytes + offsets[i], length) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

int FixedStatistics::max_width() const {
  return block_widths.empty() ? 0 : *std::max_element(block_widths.begin(), block_widths.end());
}

int64_t FixedStatistics::inline_bitpacked_bytes() const {
  int64_t bytes = 0;
  for (uint8_t width : block_widths) {
    bytes += static_cast<int64_t>(bits_per_value / 8) + compress::FastLanesBytes(width);
  }
  return bytes;
}

FixedStatistics MeasureFixed(const ValueBlock& block) {
  FixedStatistics out;
  out.num_values = block.num_values;
  out.bits_per_value = block.bits_per_value;
  out.block_widths.reserve(static_cast<size_t>(block.num_values / kFastLanesValues + 1));
  VisitWord(block.bits_per_value, [&]<typename T>(T) { Measure(ValuesAs<T>(block), &out); });
  return out;
}

int64_t CountRunEntries(const ValueBlock& block, int64_t chunk_values) {
  int64_t entries = 0;
  VisitWord(block.bits_per_value, [&]<typename T>(T) {
    entries = CountEntries(ValuesAs<T>(block), block.num_values, chunk_values);
  });
  return entries;
}

VariableStatistics MeasureVariable(const ValueBlock& block) {
  VariableStatistics out;
  out.num_values = block.num_values;
  if (block.num_values == 0) return out;
  VisitOffsets(block, [&](const auto* offsets) {
    auto longest = offsets[0];
    for (int64_t i = 0; i < block.num_values; ++i) {
      longest = std::max(longest, offsets[i + 1] - offsets[i]);
    }
    out.max_length = static_cast<int64_t>(longest);
    out.total_bytes = static_cast<int64_t>(offsets[block.num_values]);
  });
  return out;
}

double ByteEntropy(const ValueBlock& block) {
  constexpr int64_t kSegments = 16, kSegmentValues = 512;
  const size_t width = block.bits_per_value / 8;
  if (width == 0 || block.num_values == 0) return 0;
  std::vector<std::array<uint32_t, 256>> counts(width);
  for (auto& count : counts) count.fill(0);
  int64_t sampled = 0;
  const int64_t stride = std::max(kSegmentValues, block.num_values / kSegments);
  for (int64_t begin = 0; begin < block.num_values; begin += stride) {
    const int64_t end = std::min(block.num_values, begin + kSegmentValues);
    const uint8_t* at = ValueData(block) + static_cast<size_t>(begin) * width;
    for (int64_t i = begin; i < end; ++i) {
      for (size_t j = 0; j < width; ++j) ++counts[j][*at++];
    }
    sampled += end - begin;
  }
  double bits = 0;
  for (const auto& count : counts) {
    for (uint32_t c : count) {
      if (c != 0) bits += c * std::log2(static_cast<double>(sampled) / c);
    }
  }
  return bits / static_cast<double>(sampled) / static_cast<double>(width);
}

std::optional<int64_t> AllEqual(const ValueBlock& block, const uint8_t* selection) {
  const int64_t first = FirstSelected(selection, block.num_values);
  if (first == block.num_values) return std::nullopt;
  bool equal = true;
  if (block.is_struct()) {
    for (const ValueBlock& child : block.children) {
      equal = equal && AllEqual(child, selection).has_value();
    }
  } else if (block.is_variable()) {
    VisitOffsets(block, [&](const auto* offsets) {
      equal = VariableEqual(offsets, ValueData(block), selection, first, block.num_values);
    });
  } else {
    for (const FixedSizeListLevel& level : block.list_levels) {
      if (level.item_validity != nullptr) return std::nullopt;
    }
    const uint64_t bits = block.bits_per_value * block.items_per_value();
    if (bits == 1) {
      equal = BitsEqual(ValueData(block), selection, first, block.num_values);
    } else if (bits % 8 == 0) {
      equal = BytesEqual(ValueData(block), bits / 8, selection, first, block.num_values);
    } else {
      return std::nullopt;
    }
  }
  return equal ? std::optional<int64_t>(first) : std::nullopt;
}

}  // namespace lancea
