#include "lancea/encoding/v2_3/sparse_structure.h"

#include <algorithm>
#include <cstring>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/encoding/v2_3/sequence.h"
#include "lancea/proto/encodings_v2_3.pb.h"
#include "lancea/util/errors.h"

namespace lancea::v2_3 {
namespace {

namespace pb = lance::encodings23;
using Kind = StructureLayer::Kind;

// Deeper nesting than this is an attack, not a table.
constexpr int kMaxLayers = 256;
// Slots are counted in i64 by Arrow, and in bits here.
constexpr uint64_t kMaxSlots = uint64_t{1} << 56;
// A progression is a few bytes however many runs it stands for; beyond this many it is not spelled
// out.
constexpr uint64_t kMaxSpelledOutRuns = uint64_t{1} << 24;

arrow::Status CheckSlots(uint64_t num_slots) {
  if (num_slots > kMaxSlots) return Corrupt("a sparse layer of ", num_slots, " slots");
  return arrow::Status::OK();
}

// Bits of the selected slots; nothing when all are valid.
arrow::Status BuildValidity(const SparseLayer& layer, std::span<const RowRange> slots,
                            arrow::MemoryPool* pool, StructureLayer* out) {
  const PositionSet& exceptions = layer.exceptions;
  const bool all_valid = exceptions.size() == (layer.lists_nulls ? 0 : layer.num_slots);
  if (all_valid || out->num_slots == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto bitmap, arrow::AllocateBitmap(out->num_slots, pool));
  uint8_t* bits = bitmap->mutable_data();
  std::memset(bits, layer.lists_nulls ? 0xFF : 0, static_cast<size_t>(bitmap->size()));
  uint64_t base = 0, hits = 0, hint = 0;
  for (const RowRange& range : slots) {
    const uint64_t first = exceptions.Rank(range.start, hint);
    const uint64_t last = exceptions.Rank(range.end, first);
    hint = last;
    hits += last - first;
    const uint64_t shift = base - range.start;  // wraps, and back when a position is added
    if (exceptions.is_progression() && exceptions.step() == 1 && first < last) {
      arrow::bit_util::SetBitsTo(bits, static_cast<int64_t>(exceptions.At(first) + shift),
                                 static_cast<int64_t>(last - first), !layer.lists_nulls);
    } else {
      exceptions.ForEach(first, last, [&](uint64_t position) {
        const uint64_t bit = position + shift;
        bits[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      });
    }
    base += range.size();
  }
  out->null_count =
      layer.lists_nulls ? static_cast<int64_t>(hits) : out->num_slots - static_cast<int64_t>(hits);
  if (out->null_count == 0) return arrow::Status::OK();
  if (out->num_slots % 8 != 0) {
    bits[out->num_slots / 8] &= static_cast<uint8_t>((1u << (out->num_slots % 8)) - 1);
  }
  out->validity = std::move(bitmap);
  return arrow::Status::OK();
}

arrow::Status BuildOffsets(const SparseLayer& layer, std::span<const RowRange> slots,
                           arrow::MemoryPool* pool, StructureLayer* out) {
  int64_t num_items = 0;
  uint64_t hint = 0;
  for (const RowRange& range : slots) {
    const uint64_t first = layer.non_empty.Rank(range.start, hint);
    hint = layer.non_empty.Rank(range.end, first);
    num_items += static_cast<int64_t>(layer.counts.Before(hint) - layer.counts.Before(first));
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateListOffsets(out->num_slots + 1, num_items, pool));
  int32_t* const offsets = buffer->mutable_data_as<int32_t>();
  uint64_t base = 0, next = 0;
  hint = 0;
  int64_t children = 0;
  for (const RowRange& range : slots) {
    const uint64_t first = layer.non_empty.Rank(range.start, hint);
    const uint64_t last = layer.non_empty.Rank(range.end, first);
    hint = last;
    const uint64_t shift = base - range.start;
    const int64_t children_shift = children - static_cast<int64_t>(layer.counts.Before(first));
    uint64_t ordinal = first;
    layer.non_empty.ForEach(first, last, [&](uint64_t position) {
      // Lists up to and including this one begin where the one before it ended.
      for (const uint64_t slot = position + shift; next <= slot; ++next)
        offsets[next] = static_cast<int32_t>(children);
      children = children_shift + static_cast<int64_t>(layer.counts.Before(++ordinal));
    });
    base += range.size();
  }
  std::fill(offsets + next, offsets + out->num_slots + 1, static_cast<int32_t>(children));
  out->offsets = std::move(buffer);
  return arrow::Status::OK();
}

arrow::Result<std::vector<RowRange>> ValidRuns(const SparseLayer& layer) {
  const PositionSet& exceptions = layer.exceptions;
  if (exceptions.is_progression() && exceptions.step() > 1 &&
      exceptions.size() > kMaxSpelledOutRuns) {
    return Unsupported("sparse layer with ", exceptions.size(), " runs of slots");
  }
  std::vector<RowRange> out;
  uint64_t valid_from = 0;
  exceptions.ForEachRun(0, exceptions.size(), [&](uint64_t begin, uint64_t end) {
    if (layer.lists_nulls) {
      AppendRange(&out, valid_from, begin);
      valid_from = end;
    } else {
      AppendRange(&out, begin, end);
    }
  });
  if (layer.lists_nulls) AppendRange(&out, valid_from, layer.num_slots);
  return out;
}

// The inner slots of `slots`.
std::vector<RowRange> ChildSlots(const SparseLayer& layer, std::span<const RowRange> slots) {
  std::vector<RowRange> out;
  if (layer.kind == Kind::kList) {
    uint64_t hint = 0;
    for (const RowRange& range : slots) {
      const uint64_t first = layer.non_empty.Rank(range.start, hint);
      const uint64_t last = layer.non_empty.Rank(range.end, first);
      hint = last;
      AppendRange(&out, layer.counts.Before(first), layer.counts.Before(last));
    }
  } else {
    out.reserve(slots.size());
    for (const RowRange& range : slots) {
      AppendRange(&out, range.start * layer.dimension, range.end * layer.dimension);
    }
  }
  return out;
}

}  // namespace

arrow::Result<ListCounts> ListCounts::Progression(uint64_t start, uint64_t step, uint64_t size) {
  ListCounts out;
  if (size == 0) return out;
  if (start == 0) return Corrupt("a non-empty list of no items");
  const auto wide = [](uint64_t value) { return static_cast<unsigned __int128>(value); };
  // Each factor is at most 2^56 before it is multiplied, so 128 bits hold every product.
  const auto pairs = step == 0 ? 0 : wide(size) * size / 2;
  if (size > kMaxSlots || start > kMaxSlots || step > kMaxSlots || pairs > kMaxSlots ||
      wide(start) * size + pairs * step > kMaxSlots) {
    return Corrupt("counts of ", size, " lists from ", start, " by ", step, " are too large");
  }
  out.start_ = start;
  out.step_ = step;
  out.size_ = size;
  return out;
}

arrow::Result<ListCounts> ListCounts::Explicit(std::span<const uint64_t> counts) {
  ListCounts out;
  if (counts.empty()) return out;
  out.size_ = counts.size();
  out.offsets_.reserve(counts.size() + 1);
  uint64_t total = 0;
  out.offsets_.push_back(0);
  for (uint64_t count : counts) {
    if (count == 0) return Corrupt("a non-empty list of no items");
    if (count > kMaxSlots || (total += count) > kMaxSlots)
      return Corrupt("a list of ", count, " items");
    out.offsets_.push_back(total);
  }
  return out;
}

// A sequence that Load decodes.
struct SparseStructure::Sequence {
  enum class Role { kNonEmpty, kCounts, kExceptions };
  size_t layer;
  Role role;
  std::unique_ptr<BlockDecoder> decoder;
  uint64_t num_values;
};

SparseStructure::SparseStructure() = default;
SparseStructure::~SparseStructure() = default;
SparseStructure::SparseStructure(SparseStructure&&) noexcept = default;
SparseStructure& SparseStructure::operator=(SparseStructure&&) noexcept = default;

arrow::Result<SparseStructure> SparseStructure::Make(const pb::SparseStructure& message,
                                                     uint64_t num_rows) {
  if (message.layers_size() == 0 || message.layers_size() > kMaxLayers) {
    return Corrupt("sparse structure of ", message.layers_size(), " layers");
  }
  ARROW_RETURN_NOT_OK(CheckSlots(num_rows));
  SparseStructure out;
  out.num_rows_ = num_rows;
  uint64_t domain = num_rows;

  auto postpone = [&](const pb::CompressiveEncoding& encoding, uint64_t num_values,
                      Sequence::Role role) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto decoder, MakeBlockDecoder(encoding));
    if (decoder->shape().bits_per_value != 64 || decoder->shape().items_per_value != 1) {
      return Corrupt("a sparse sequence of ", decoder->shape().bits_per_value, "-bit values");
    }
    out.pending_.push_back({out.layers_.size(), role, std::move(decoder), num_values});
    return arrow::Status::OK();
  };
  auto read_positions = [&](const pb::CompressiveEncoding& encoding, uint64_t num_values,
                            Sequence::Role role, PositionSet* set) -> arrow::Status {
    if (num_values > domain)
      return Corrupt(num_values, " sparse positions among ", domain, " slots");
    ARROW_ASSIGN_OR_RAISE(auto progression, AsProgression(encoding, num_values));
    if (!progression) return postpone(encoding, num_values, role);
    ARROW_ASSIGN_OR_RAISE(
        *set, PositionSet::Progression(progression->start, progression->step, num_values, domain));
    return arrow::Status::OK();
  };
  auto read_validity = [&](const pb::SparseValiditySet& set, SparseLayer* layer) -> arrow::Status {
    if (set.meaning() != pb::SparseValiditySet::SPARSE_VALIDITY_NULL_POSITIONS &&
        set.meaning() != pb::SparseValiditySet::SPARSE_VALIDITY_VALID_POSITIONS) {
      return Corrupt("sparse validity of unknown meaning ", static_cast<int>(set.meaning()));
    }
    layer->lists_nulls = set.meaning() == pb::SparseValiditySet::SPARSE_VALIDITY_NULL_POSITIONS;
    return read_positions(set.positions(), set.num_positions(), Sequence::Role::kExceptions,
                          &layer->exceptions);
  };

  for (const pb::SparseStructuralLayer& wire : message.layers()) {
    SparseLayer layer;
    layer.num_slots = domain;
    layer.num_child_slots = domain;
    switch (wire.layer_case()) {
      case pb::SparseStructuralLayer::kValidity:
        ARROW_RETURN_NOT_OK(read_validity(wire.validity(), &layer));
        break;
      case pb::SparseStructuralLayer::kList: {
        const pb::SparseListLayer& list = wire.list();
        layer.kind = Kind::kList;
        layer.num_child_slots = list.num_child_slots();
        const uint64_t num_lists = list.num_non_empty_positions();
        ARROW_RETURN_NOT_OK(read_positions(list.non_empty_positions(), num_lists,
                                           Sequence::Role::kNonEmpty, &layer.non_empty));
        ARROW_ASSIGN_OR_RAISE(auto counts, AsProgression(list.counts(), num_lists));
        if (counts) {
          ARROW_ASSIGN_OR_RAISE(layer.counts,
                                ListCounts::Progression(counts->start, counts->step, num_lists));
        } else {
          ARROW_RETURN_NOT_OK(postpone(list.counts(), num_lists, Sequence::Role::kCounts));
        }
        ARROW_RETURN_NOT_OK(read_validity(list.validity(), &layer));
        break;
      }
      case pb::SparseStructuralLayer::kFixedSizeList:
        layer.kind = Kind::kFixedSizeList;
        layer.dimension = wire.fixed_size_list().dimension();
        if (layer.dimension == 0 || layer.dimension > kMaxSlots / std::max<uint64_t>(1, domain)) {
          return Corrupt("a fixed-size list of dimension ", layer.dimension, " with ", domain,
                         " slots");
        }
        layer.num_child_slots = domain * layer.dimension;
        ARROW_RETURN_NOT_OK(read_validity(wire.fixed_size_list().validity(), &layer));
        break;
      case pb::SparseStructuralLayer::LAYER_NOT_SET:
        return Unsupported("a sparse layer kind this build does not know");
    }
    domain = layer.num_child_slots;
    ARROW_RETURN_NOT_OK(CheckSlots(domain));
    out.layers_.push_back(std::move(layer));
  }
  out.num_leaf_slots_ = domain;
  return out;
}

size_t SparseStructure::num_buffers() const {
  size_t count = 0;
  for (const Sequence& sequence : pending_) count += sequence.decoder->has_payload();
  return count;
}

arrow::Status SparseStructure::Load(std::span<const std::shared_ptr<arrow::Buffer>> buffers) {
  if (buffers.size() != num_buffers()) {
    return Corrupt("sparse structure has ", buffers.size(), " buffers, needs ", num_buffers());
  }
  size_t next = 0;
  for (const Sequence& sequence : pending_) {
    Bytes block;
    if (sequence.decoder->has_payload()) {
      const auto& buffer = buffers[next++];
      block = Bytes(buffer->data(), static_cast<size_t>(buffer->size()));
    }
    ValueBuilder builder = ValueBuilder::Fixed(64, arrow::default_memory_pool());
    const auto num_values = static_cast<int64_t>(sequence.num_values);
    ARROW_RETURN_NOT_OK(sequence.decoder->Decode(block, num_values, &builder));
    if (builder.num_values() != num_values) {
      return Corrupt("sparse sequence of ", num_values, " values decodes to ",
                     builder.num_values());
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, builder.FinishData());
    SparseLayer& layer = layers_[sequence.layer];
    switch (sequence.role) {
      case Sequence::Role::kCounts: {
        const auto* counts = reinterpret_cast<const uint64_t*>(values->data());
        ARROW_ASSIGN_OR_RAISE(layer.counts, ListCounts::Explicit({counts, sequence.num_values}));
        break;
      }
      case Sequence::Role::kNonEmpty:
      case Sequence::Role::kExceptions: {
        ARROW_ASSIGN_OR_RAISE(PositionSet set,
                              PositionSet::Explicit(std::move(values), layer.num_slots));
        (sequence.role == Sequence::Role::kNonEmpty ? layer.non_empty : layer.exceptions) =
            std::move(set);
        break;
      }
    }
  }
  pending_.clear();
  for (const SparseLayer& layer : layers_) {
    if (layer.kind == Kind::kList && layer.counts.total() != layer.num_child_slots) {
      return Corrupt("sparse lists hold ", layer.counts.total(), " items, the layer says ",
                     layer.num_child_slots);
    }
  }
  return arrow::Status::OK();
}

uint64_t SparseStructure::memory_bytes() const {
  uint64_t bytes = layers_.size() * sizeof(SparseLayer);
  for (const SparseLayer& layer : layers_) {
    bytes += layer.exceptions.memory_bytes() + layer.non_empty.memory_bytes() +
             layer.counts.memory_bytes();
  }
  return bytes;
}

SlotSelection SparseStructure::Select(std::span<const RowRange> rows) const {
  SlotSelection out;
  std::vector<RowRange> slots;
  for (const RowRange& range : rows) AppendRange(&slots, range.start, range.end);
  for (const SparseLayer& layer : layers_) {
    out.layers.push_back(slots);
    if (layer.kind != Kind::kItem) slots = ChildSlots(layer, slots);
  }
  out.leaf = std::move(slots);
  return out;
}

arrow::Result<std::vector<StructureLayer>> SparseStructure::Build(const SlotSelection& selection,
                                                                  arrow::MemoryPool* pool) const {
  std::vector<StructureLayer> out(layers_.size());
  for (size_t i = 0; i < layers_.size(); ++i) {
    StructureLayer& layer = out[layers_.size() - 1 - i];
    layer.kind = layers_[i].kind;
    layer.num_slots = static_cast<int64_t>(TotalSize(selection.layers[i]));
    ARROW_RETURN_NOT_OK(BuildValidity(layers_[i], selection.layers[i], pool, &layer));
    if (layer.kind == Kind::kList) {
      ARROW_RETURN_NOT_OK(BuildOffsets(layers_[i], selection.layers[i], pool, &layer));
    }
  }
  return out;
}

arrow::Result<SlotRuns> SparseStructure::StoredSlots() const {
  std::vector<RowRange> runs;
  AppendRange(&runs, 0, num_rows_);
  for (const SparseLayer& layer : layers_) {
    ARROW_ASSIGN_OR_RAISE(auto valid, ValidRuns(layer));
    runs = Intersect(runs, valid);
    if (layer.kind != Kind::kItem) runs = ChildSlots(layer, runs);
  }
  return SlotRuns(std::move(runs));
}

arrow::Result<uint64_t> RowScale(const pb::SparseStructure& message) {
  uint64_t scale = 1;
  for (const pb::SparseStructuralLayer& layer : message.layers()) {
    if (!layer.has_fixed_size_list()) continue;
    const uint64_t dimension = layer.fixed_size_list().dimension();
    if (dimension == 0 || dimension > kMaxSlots / scale) {
      return Corrupt("a fixed-size list of dimension ", dimension);
    }
    scale *= dimension;
  }
  return scale;
}

}  // namespace lancea::v2_3
