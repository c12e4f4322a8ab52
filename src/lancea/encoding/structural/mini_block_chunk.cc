#include "lancea/encoding/structural/mini_block_chunk.h"

namespace lancea {

constexpr uint64_t kChunkAlignment = 8;

arrow::Status MiniBlockChunk::Parse(Bytes bytes, const MiniBlockLayout& layout) {
  ByteReader reader(bytes, "mini-block chunk");
  ARROW_ASSIGN_OR_RAISE(num_levels_, reader.Read<uint16_t>());
  uint16_t rep_size = 0, def_size = 0;
  if (layout.rep != nullptr) {
    ARROW_ASSIGN_OR_RAISE(rep_size, reader.Read<uint16_t>());
  }
  if (layout.def != nullptr) {
    ARROW_ASSIGN_OR_RAISE(def_size, reader.Read<uint16_t>());
  }
  const size_t num_buffers = static_cast<size_t>(layout.values->num_buffers());
  sizes_.resize(num_buffers);
  for (uint32_t& size : sizes_) {
    if (layout.has_large_chunk) {
      ARROW_ASSIGN_OR_RAISE(size, reader.Read<uint32_t>());
    } else {
      ARROW_ASSIGN_OR_RAISE(size, reader.Read<uint16_t>());
    }
  }
  reader.Align(kChunkAlignment);
  if (layout.rep != nullptr) {
    ARROW_ASSIGN_OR_RAISE(rep_, reader.Take(rep_size));
    reader.Align(kChunkAlignment);
  }
  if (layout.def != nullptr) {
    ARROW_ASSIGN_OR_RAISE(def_, reader.Take(def_size));
    reader.Align(kChunkAlignment);
  }
  values_.resize(num_buffers);
  for (size_t i = 0; i < num_buffers; ++i) {
    ARROW_ASSIGN_OR_RAISE(values_[i], reader.Take(sizes_[i]));
    reader.Align(kChunkAlignment);
  }
  return arrow::Status::OK();
}

}  // namespace lancea
