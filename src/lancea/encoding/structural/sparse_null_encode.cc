#include "lancea/encoding/structural/sparse_null_encode.h"

#include <algorithm>
#include <string>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/unravel.h"

namespace lancea {
namespace {

namespace pb = lance::encodings23;

class SequenceWriter {
 public:
  explicit SequenceWriter(PageBody* body) : body_(body) {}

  /// Strictly ascending positions.
  void WritePositions(const std::vector<uint64_t>& values, pb::CompressiveEncoding* out) {
    if (values.size() < 2) return WriteFew(values, out);
    const uint64_t step = values[1] - values[0];
    const bool even = std::ranges::adjacent_find(values, [&](uint64_t a, uint64_t b) {
                        return b - a != step;
                      }) == values.end();
    if (!even) return WriteFlat(values, out);
    out->mutable_range()->set_uncompressed_bits_per_value(64);
    out->mutable_range()->set_start(values[0]);
    out->mutable_range()->set_step(step);
  }

  void WriteCounts(const std::vector<uint64_t>& values, pb::CompressiveEncoding* out) {
    const bool same =
        std::ranges::adjacent_find(values, std::ranges::not_equal_to()) == values.end();
    same ? WriteFew(values, out) : WriteFlat(values, out);
  }

 private:
  // Nothing, or one value however often.
  void WriteFew(const std::vector<uint64_t>& values, pb::CompressiveEncoding* out) {
    auto* constant = out->mutable_constant();
    if (values.empty()) return;
    constant->set_value(
        std::string(reinterpret_cast<const char*>(values.data()), sizeof(uint64_t)));
  }

  void WriteFlat(const std::vector<uint64_t>& values, pb::CompressiveEncoding* out) {
    out->mutable_flat()->set_bits_per_value(64);
    body_->buffers.push_back(arrow::Buffer::FromString(std::string(
        reinterpret_cast<const char*>(values.data()), sizeof(uint64_t) * values.size())));
  }

  PageBody* const body_;
};

// The shorter of the null and the valid slots.
void WriteValidity(const StructureLayer& layer, SequenceWriter* writer,
                   pb::SparseValiditySet* out) {
  const bool lists_valid = layer.null_count > layer.num_slots / 2;
  std::vector<uint64_t> positions;
  if (layer.null_count > 0) {
    for (int64_t slot = 0; slot < layer.num_slots; ++slot) {
      if (arrow::bit_util::GetBit(layer.validity->data(), slot) == lists_valid) {
        positions.push_back(static_cast<uint64_t>(slot));
      }
    }
  }
  out->set_meaning(lists_valid ? pb::SparseValiditySet::SPARSE_VALIDITY_VALID_POSITIONS
                               : pb::SparseValiditySet::SPARSE_VALIDITY_NULL_POSITIONS);
  writer->WritePositions(positions, out->mutable_positions());
  out->set_num_positions(positions.size());
}

void WriteList(const StructureLayer& layer, SequenceWriter* writer, pb::SparseListLayer* out) {
  const int32_t* offsets = layer.offsets->data_as<int32_t>();
  std::vector<uint64_t> positions, counts;
  for (int64_t slot = 0; slot < layer.num_slots; ++slot) {
    if (offsets[slot] == offsets[slot + 1]) continue;
    positions.push_back(static_cast<uint64_t>(slot));
    counts.push_back(static_cast<uint64_t>(offsets[slot + 1] - offsets[slot]));
  }
  out->set_num_child_slots(static_cast<uint64_t>(offsets[layer.num_slots]));
  writer->WritePositions(positions, out->mutable_non_empty_positions());
  out->set_num_non_empty_positions(positions.size());
  writer->WriteCounts(counts, out->mutable_counts());
  WriteValidity(layer, writer, out->mutable_validity());
}

}  // namespace

arrow::Result<PageBody> EncodeSparseNull(const PageLevels& levels,
                                         std::span<const int64_t> dimensions,
                                         arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(
      auto layers, Unravel(levels.meaning, dimensions, levels.rep, levels.def, levels.num_events,
                           levels.meaning.layers().size(), pool));
  PageBody out;
  SequenceWriter writer(&out);
  pb::PlanarLayout message;
  auto& sparse = *message.mutable_structure()->mutable_sparse();
  for (size_t i = layers.size(); i-- > 0;) {
    pb::SparseStructuralLayer& wire = *sparse.add_layers();
    switch (layers[i].kind) {
      case StructureLayer::Kind::kItem:
        WriteValidity(layers[i], &writer, wire.mutable_validity());
        break;
      case StructureLayer::Kind::kFixedSizeList:
        wire.mutable_fixed_size_list()->set_dimension(static_cast<uint64_t>(dimensions[i]));
        WriteValidity(layers[i], &writer, wire.mutable_fixed_size_list()->mutable_validity());
        break;
      case StructureLayer::Kind::kList:
        WriteList(layers[i], &writer, wire.mutable_list());
        break;
    }
  }
  message.mutable_values()->mutable_none();
  out.planar = message.SerializeAsString();
  return out;
}

}  // namespace lancea
