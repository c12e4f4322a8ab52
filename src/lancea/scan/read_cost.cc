#include "lancea/scan/read_cost.h"

#include <algorithm>

#include "arrow/type.h"
#include "arrow/type_traits.h"

namespace lancea {
namespace {

// Finding a range of rows: measured on numbers in mini-blocks, where it takes as long as decoding this.
constexpr uint64_t kBytesPerRange = 300;
// Values of no bytes take time too, and each string or list as much as copying a few dozen bytes. Of small
// numbers the bytes hardly count: they are unpacked as many as a register holds.
constexpr uint64_t kFixedWidth = 2, kVariableWidth = 24;
constexpr uint64_t kWordBytes = 8;

}  // namespace

uint64_t RowBytes(const FragmentColumns& readers, size_t column) {
  uint64_t bytes = 0;
  for (const auto& part : readers.columns[column]) bytes += part.reader->encoded_bytes();
  return readers.num_rows == 0 ? 8 : bytes / readers.num_rows;
}

uint64_t DecodeCost(const ReadPlan& plan, const FragmentColumns& readers, size_t column) {
  const bool fixed = arrow::is_fixed_width(plan.columns()[column].output->type()->id());
  const uint64_t bytes = RowBytes(readers, column);
  if (!fixed) return bytes + kVariableWidth;
  return kFixedWidth + (bytes <= kWordBytes ? bytes / 4 : bytes);
}

bool IsWholeCheaper(uint64_t decode_cost, uint64_t num_rows, uint64_t num_ranges,
                    uint64_t block_size) {
  return decode_cost * num_rows <= num_ranges * std::max(kBytesPerRange, block_size);
}

bool IsInMemory(const FragmentColumns& readers) {
  return std::all_of(readers.files.begin(), readers.files.end(),
                     [](const auto& file) { return file->object()->is_memory(); });
}

}  // namespace lancea
