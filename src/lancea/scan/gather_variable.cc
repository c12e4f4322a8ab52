#include "lancea/scan/gather_variable.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"

namespace lancea {
namespace {

template <typename Offset>
struct Chunk {
  uint64_t first;  // position of its first value
  const Offset* offsets;
  const uint8_t* bytes;
  const arrow::Array* array;
};

template <typename Offset>
arrow::Result<std::shared_ptr<arrow::Array>> Gather(const arrow::ArrayVector& arrays,
                                                    const std::vector<uint32_t>& positions,
                                                    arrow::MemoryPool* pool) {
  std::vector<Chunk<Offset>> chunks;
  uint64_t first = 0;
  bool has_nulls = false;
  for (const auto& array : arrays) {
    const auto& bytes = array->data()->buffers[2];
    chunks.push_back({first, array->data()->GetValues<Offset>(1),
                      bytes == nullptr ? nullptr : bytes->data(), array.get()});
    first += static_cast<uint64_t>(array->length());
    has_nulls |= array->null_count() != 0;
  }
  auto chunk_of = [&](uint64_t position) -> const Chunk<Offset>& {
    return *(
        std::upper_bound(chunks.begin(), chunks.end(), position,
                         [](uint64_t p, const Chunk<Offset>& chunk) { return p < chunk.first; }) -
        1);
  };
  const int64_t length = static_cast<int64_t>(positions.size());
  ARROW_ASSIGN_OR_RAISE(auto offsets, arrow::AllocateBuffer((length + 1) * sizeof(Offset), pool));
  auto* const ends = offsets->mutable_data_as<Offset>();
  ends[0] = 0;
  int64_t total = 0;
  for (int64_t i = 0; i < length; ++i) {
    const Chunk<Offset>& chunk = chunk_of(positions[i]);
    const Offset* value = chunk.offsets + (positions[i] - chunk.first);
    total += value[1] - value[0];
    if (total > std::numeric_limits<Offset>::max()) {
      return arrow::Status::CapacityError("more than 2 GiB of ", arrays[0]->type()->ToString(),
                                          " in one take; take fewer rows at once");
    }
    ends[i + 1] = static_cast<Offset>(total);
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateBuffer(total, pool));
  std::shared_ptr<arrow::Buffer> validity;
  if (has_nulls) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(length, pool));
  }
  uint8_t* const out = bytes->mutable_data();
  for (int64_t i = 0; i < length; ++i) {
    const Chunk<Offset>& chunk = chunk_of(positions[i]);
    const uint64_t index = positions[i] - chunk.first;
    const Offset size = ends[i + 1] - ends[i];
    if (size > 0) std::memcpy(out + ends[i], chunk.bytes + chunk.offsets[index], size);
    if (has_nulls && chunk.array->IsValid(static_cast<int64_t>(index))) {
      arrow::bit_util::SetBit(validity->mutable_data(), i);
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrays[0]->type(), length, {std::move(validity), std::move(offsets), std::move(bytes)},
      has_nulls ? arrow::kUnknownNullCount : 0));
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> GatherVariable(const arrow::ArrayVector& chunks,
                                                            const std::vector<uint32_t>& positions,
                                                            arrow::MemoryPool* pool) {
  return arrow::is_large_binary_like(chunks[0]->type_id())
             ? Gather<int64_t>(chunks, positions, pool)
             : Gather<int32_t>(chunks, positions, pool);
}

}  // namespace lancea
