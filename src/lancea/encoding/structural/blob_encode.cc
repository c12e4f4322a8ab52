#include "lancea/encoding/structural/blob_encode.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/blob.h"
#include "lancea/encoding/structural/mini_block_encode.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A null description says so in its position: definition level << 16 | repetition level.
constexpr int kDefinitionShift = 16;

arrow::Result<ValueBlock> U64Block(const std::vector<uint64_t>& values, arrow::MemoryPool* pool) {
  ValueBlock out;
  out.num_values = static_cast<int64_t>(values.size());
  out.bits_per_value = 64;
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(8 * values.size()), pool));
  std::copy(values.begin(), values.end(), buffer->mutable_data_as<uint64_t>());
  out.values = std::move(buffer);
  return out;
}

}  // namespace

arrow::Result<LeafPart> WriteBlobs(LeafPart part, OutOfLineWriter* out, arrow::MemoryPool* pool) {
  if (part.values->type->id() != arrow::Type::LARGE_BINARY) {
    return InvalidInput("blobs are large_binary, not ", part.values->type->ToString());
  }
  PartLayer& layer = part.layers.back();
  const int64_t count = layer.slots.size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions,
                        arrow::AllocateBuffer(8 * count, pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> sizes,
                        arrow::AllocateBuffer(8 * count, pool));
  std::shared_ptr<arrow::Buffer> validity;
  if (layer.validity != nullptr) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(count, pool));
  }
  const int64_t* offsets = count > 0 ? part.values->buffers[1]->data_as<int64_t>() : nullptr;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t slot = layer.slots.begin + i;
    const bool valid =
        layer.validity == nullptr || arrow::bit_util::GetBit(layer.validity->data(), slot);
    if (valid && validity != nullptr) arrow::bit_util::SetBit(validity->mutable_data(), i);
    // Behind a null struct may lie anything.
    bool reachable = valid;
    for (const PartLayer& outer : part.layers) {
      const int64_t outer_slot = outer.slots.begin + i;
      reachable = reachable && (outer.validity == nullptr ||
                                arrow::bit_util::GetBit(outer.validity->data(), outer_slot));
    }
    const int64_t size = reachable ? offsets[slot + 1] - offsets[slot] : 0;
    uint64_t position = 0;
    if (size > 0) {
      ARROW_ASSIGN_OR_RAISE(
          position, out->Write(arrow::SliceBuffer(part.values->buffers[2], offsets[slot], size)));
    }
    positions->mutable_data_as<uint64_t>()[i] = position;
    sizes->mutable_data_as<uint64_t>()[i] = static_cast<uint64_t>(size);
  }
  auto child = [&](std::shared_ptr<arrow::Buffer> values) {
    return arrow::ArrayData::Make(arrow::uint64(), count, {nullptr, std::move(values)}, 0);
  };
  part.values = arrow::ArrayData::Make(BlobDescriptionType(), count, {nullptr},
                                       {child(std::move(positions)), child(std::move(sizes))}, 0);
  layer.slots = {0, count};
  layer.validity = std::move(validity);
  return part;
}

arrow::Result<std::optional<PageBody>> EncodeBlobPage(const std::vector<LeafPart>& parts,
                                                      const PageLevels& levels,
                                                      const EncodingOptions& options,
                                                      arrow::MemoryPool* pool) {
  std::vector<uint64_t> positions, sizes;
  positions.reserve(levels.num_events);
  sizes.reserve(levels.num_events);
  for (const LeafPart& part : parts) {
    const SlotRange slots = part.layers.back().slots;
    const uint64_t* position = part.values->child_data[0]->GetValues<uint64_t>(1, 0);
    const uint64_t* size = part.values->child_data[1]->GetValues<uint64_t>(1, 0);
    positions.insert(positions.end(), position + slots.begin, position + slots.end);
    sizes.insert(sizes.end(), size + slots.begin, size + slots.end);
  }
  for (int64_t i = 0; levels.has_def() && i < levels.num_events; ++i) {
    if (levels.def[i] == 0) continue;
    positions[i] = uint64_t{levels.def[i]} << kDefinitionShift;
    sizes[i] = 0;
  }
  GatheredValues values;
  values.values.num_values = levels.num_events;
  values.values.children.resize(2);
  ARROW_ASSIGN_OR_RAISE(values.values.children[0], U64Block(positions, pool));
  ARROW_ASSIGN_OR_RAISE(values.values.children[1], U64Block(sizes, pool));

  PageLevels plain;
  const int wire[] = {static_cast<int>(RepDefLayer::kAllValidItem)};
  ARROW_ASSIGN_OR_RAISE(plain.meaning, RepDefLayers::Make(wire));
  plain.num_events = plain.num_values = plain.num_valid = levels.num_events;
  ARROW_ASSIGN_OR_RAISE(MiniBlockPageBody inner, EncodeMiniBlockPage(plain, values, options, pool));
  if (inner.fit != MiniBlockFit::kFits) return Unsupported("descriptions of blobs beyond chunks");
  PageBody out;
  out.buffers = std::move(inner.body.buffers);
  auto& layout = *out.layout.mutable_blob_layout();
  *layout.mutable_inner_layout() = std::move(inner.body.layout);
  AddLayers(levels.meaning, &layout);
  return out;
}

}  // namespace lancea
