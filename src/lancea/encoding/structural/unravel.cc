#include "lancea/encoding/structural/unravel.h"

#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/level_masks.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::unique_ptr<arrow::ResizableBuffer>> AllocateListOffsets(
    int64_t count, int64_t num_items, arrow::MemoryPool* pool) {
  if (num_items > std::numeric_limits<int32_t>::max()) {
    return arrow::Status::CapacityError("lists of ", num_items,
                                        " items in one array; lower batch_size");
  }
  return arrow::AllocateResizableBuffer(count * static_cast<int64_t>(sizeof(int32_t)), pool);
}

namespace {

// Levels of the events that are kept; from the pool, which reuses memory.
class Levels {
 public:
  arrow::Status Allocate(int64_t count, arrow::MemoryPool* pool) {
    return arrow::AllocateBuffer(count * sizeof(uint16_t), pool).Value(&buffer_);
  }
  uint16_t* data() { return buffer_ == nullptr ? nullptr : buffer_->mutable_data_as<uint16_t>(); }
  std::span<const uint16_t> first(int64_t count) const {
    if (buffer_ == nullptr) return {};
    return {buffer_->data_as<uint16_t>(), static_cast<size_t>(count)};
  }

 private:
  std::unique_ptr<arrow::Buffer> buffer_;
};

// The events still standing at the current layer. Starts as a view of the page's levels and becomes
// an own copy once a list or fixed-size-list layer was passed.
struct Events {
  std::span<const uint16_t> rep, def;
  int64_t size = 0;
  Levels own_rep, own_def;

  void Own(Levels new_rep, Levels new_def, int64_t new_size) {
    own_rep = std::move(new_rep);
    own_def = std::move(new_def);
    rep = own_rep.first(new_size);
    def = own_def.first(new_size);
    size = new_size;
  }
};

// A bitmap written up to 64 bits at a time; there is room for what will come.
class SlotBits {
 public:
  explicit SlotBits(uint8_t* out) : out_(out) {}

  /// \param bits  the low `count` bits, 0 above them
  void Append(uint64_t bits, int count) {
    num_set_ += __builtin_popcountll(bits);
    const int used = static_cast<int>(size_ % 64);
    word_ |= bits << used;
    size_ += count;
    if (used + count < 64) return;
    std::memcpy(out_ + (size_ / 64 - 1) * 8, &word_, 8);
    word_ = used == 0 ? 0 : bits >> (64 - used);
  }
  void Finish() {
    std::memcpy(out_ + size_ / 64 * 8, &word_, static_cast<size_t>((size_ % 64 + 7) / 8));
  }
  int64_t size() const { return size_; }
  int64_t num_set() const { return num_set_; }

 private:
  uint8_t* const out_;
  uint64_t word_ = 0;
  int64_t size_ = 0, num_set_ = 0;
};

// Validity of the slots among `events` of a layer: valid iff the level is below null_level, or is
// that layer's own "empty". Events above max_visible own no slot.
arrow::Status SlotValidity(const Events& events, const LayerLevels& levels, StructureLayer* out,
                           arrow::MemoryPool* pool) {
  if (events.def.empty()) {
    out->num_slots = events.size;
    return arrow::Status::OK();
  }
  // A struct whose null is recorded further out is null here too, which Arrow leaves undefined; an
  // all-valid layer simply records no bitmap.
  const uint16_t* def = events.def.data();
  if (levels.null_level == 0) {
    out->num_slots = levels.max_visible == kAllVisible
                         ? events.size
                         : CountAtMost(def, events.size, levels.max_visible);
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto bitmap, arrow::AllocateBitmap(events.size, pool));
  SlotBits bits(bitmap->mutable_data());
  const bool has_empty = levels.empty_level != 0;
  // Null levels begin at 1.
  const uint16_t last_valid = static_cast<uint16_t>(levels.null_level - 1);
  int64_t i = 0;
  for (; i + kLevelsPerMask <= events.size; i += kLevelsPerMask) {
    uint64_t valid = MaskAtMost(def + i, last_valid);
    if (has_empty) valid |= MaskEqual(def + i, levels.empty_level);
    if (levels.max_visible == kAllVisible) {
      bits.Append(valid, kLevelsPerMask);
    } else {
      const uint64_t visible = MaskAtMost(def + i, levels.max_visible);
      bits.Append(CompressBits(valid, visible), __builtin_popcountll(visible));
    }
  }
  for (; i < events.size; ++i) {
    if (def[i] > levels.max_visible) continue;
    bits.Append(def[i] <= last_valid || (has_empty && def[i] == levels.empty_level), 1);
  }
  bits.Finish();
  const int64_t slots = bits.size();
  const int64_t valid_slots = bits.num_set();
  out->num_slots = slots;
  out->null_count = slots - valid_slots;
  if (out->null_count != 0) out->validity = std::move(bitmap);
  return arrow::Status::OK();
}

// Offsets of the list layer, and the events that start one of its lists, whose levels layers further out
// need: `keep_rep` for another list, `keep_def` for anything.
arrow::Status PassList(Events* events, const LayerLevels& levels, uint16_t child_max_visible,
                       bool keep_rep, bool keep_def, StructureLayer* out, arrow::MemoryPool* pool) {
  if (events->rep.empty() && events->size > 0) {
    return Corrupt("a page with list layers stores no repetition levels");
  }
  const int64_t size = events->size;
  const uint16_t* rep = events->rep.data();
  const uint16_t* def = events->def.empty() ? nullptr : events->def.data();
  const uint16_t rep_level = levels.rep_level;
  if (size > 0 && rep[0] < rep_level) {
    return Corrupt("repetition levels begin inside a list (level ", rep[0], ", expected at least ",
                   rep_level, ")");
  }
  // Repetition levels of list layers begin at 1.
  const int64_t num_starts = size - CountAtMost(rep, size, static_cast<uint16_t>(rep_level - 1));
  // One more than is kept: the loops write where the next would go before they know if there is one.
  Levels kept_rep, kept_def;
  if (keep_rep) ARROW_RETURN_NOT_OK(kept_rep.Allocate(num_starts + 1, pool));
  if (keep_def && def != nullptr) ARROW_RETURN_NOT_OK(kept_def.Allocate(num_starts + 1, pool));
  uint16_t* const next_rep = kept_rep.data();
  uint16_t* const next_def = kept_def.data();
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateListOffsets(num_starts + 1, size, pool));
  int32_t* const offsets = buffer->mutable_data_as<int32_t>();
  int64_t slots = 0, kept = 0;
  int32_t children = 0;
  auto pass = [&](auto has_def, auto keeps_rep, auto keeps_def) {
    for (int64_t i = 0; i < size; ++i) {
      const bool starts = rep[i] >= rep_level;
      if constexpr (keeps_rep) next_rep[kept] = rep[i];
      if constexpr (has_def && keeps_def) next_def[kept] = def[i];
      if constexpr (has_def) {
        offsets[slots] = children;
        slots += starts & (def[i] <= levels.max_visible);
        children += def[i] <= child_max_visible;
      } else {
        offsets[slots] = static_cast<int32_t>(i);
        slots += starts;
      }
      kept += starts;
    }
    if constexpr (!has_def) children = static_cast<int32_t>(size);
  };
  auto choose = [](bool value, auto then) {
    value ? then(std::true_type()) : then(std::false_type());
  };
  choose(def != nullptr, [&](auto has_def) {
    choose(keep_rep, [&](auto keeps_rep) {
      choose(keep_def, [&](auto keeps_def) { pass(has_def, keeps_rep, keeps_def); });
    });
  });
  offsets[slots] = children;
  ARROW_RETURN_NOT_OK(
      buffer->Resize((slots + 1) * static_cast<int64_t>(sizeof(int32_t)), /*shrink_to_fit=*/false));
  out->offsets = std::move(buffer);
  out->num_slots = slots;
  events->Own(std::move(kept_rep), std::move(kept_def), kept);
  return arrow::Status::OK();
}

arrow::Status PassFixedSizeList(Events* events, const LayerLevels& levels, int64_t dimension,
                                arrow::MemoryPool* pool) {
  if (events->rep.empty() && events->def.empty()) {
    if (events->size % dimension != 0) {
      return Corrupt("a fixed-size list of dimension ", dimension, " has ", events->size, " items");
    }
    events->size /= dimension;
    return arrow::Status::OK();
  }
  Levels kept_rep, kept_def;
  if (!events->rep.empty()) ARROW_RETURN_NOT_OK(kept_rep.Allocate(events->size, pool));
  if (!events->def.empty()) ARROW_RETURN_NOT_OK(kept_def.Allocate(events->size, pool));
  uint16_t* const next_rep = kept_rep.data();
  uint16_t* const next_def = kept_def.data();
  int64_t kept = 0;
  for (int64_t i = 0; i < events->size; ++kept) {
    bool special = next_def != nullptr && events->def[i] > levels.max_visible;
    if (next_rep != nullptr) next_rep[kept] = events->rep[i];
    if (next_def != nullptr) next_def[kept] = events->def[i];
    i += special ? 1 : dimension;
    if (i > events->size) {
      return Corrupt("levels end inside a fixed-size list of dimension ", dimension);
    }
  }
  events->Own(std::move(kept_rep), std::move(kept_def), kept);
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::vector<StructureLayer>> Unravel(
    const RepDefLayers& layers, std::span<const int64_t> dimensions, std::span<const uint16_t> rep,
    std::span<const uint16_t> def, int64_t num_levels, size_t num_layers, arrow::MemoryPool* pool) {
  if (num_layers == 0 || num_layers > layers.layers().size() || num_layers > dimensions.size()) {
    return Corrupt(num_layers, " layers of a page that has ", layers.layers().size());
  }
  Events events{.rep = rep, .def = def, .size = num_levels, .own_rep = {}, .own_def = {}};
  std::vector<StructureLayer> out(num_layers);
  for (size_t i = 0; i < out.size(); ++i) {
    const LayerLevels& levels = layers.layers()[i];
    StructureLayer& layer = out[i];
    if (IsList(levels.layer)) {
      layer.kind = StructureLayer::Kind::kList;
      // What layers further out still read of the events that are kept.
      bool keep_rep = false, keep_def = levels.null_level != 0;
      // Nulls of layers that are not made hide lists of those that are.
      for (size_t outer = i + 1; i + 1 < out.size() && outer < layers.layers().size(); ++outer) {
        const LayerLevels& outer_levels = layers.layers()[outer];
        keep_rep |= outer < out.size() && IsList(outer_levels.layer);
        keep_def |= outer_levels.null_level != 0 || outer_levels.empty_level != 0;
      }
      ARROW_RETURN_NOT_OK(PassList(&events, levels, layers.layers()[i - 1].max_visible, keep_rep,
                                   keep_def, &layer, pool));
      if (levels.null_level == 0) continue;
    } else if (dimensions[i] > 0) {
      layer.kind = StructureLayer::Kind::kFixedSizeList;
      ARROW_RETURN_NOT_OK(PassFixedSizeList(&events, levels, dimensions[i], pool));
    }
    const int64_t num_lists = layer.num_slots;
    ARROW_RETURN_NOT_OK(SlotValidity(events, levels, &layer, pool));
    if (layer.kind == StructureLayer::Kind::kList && layer.num_slots != num_lists) {
      return Corrupt("levels give ", num_lists, " lists but ", layer.num_slots, " list slots");
    }
  }
  return out;
}

}  // namespace lancea
