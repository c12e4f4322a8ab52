#include "lancea/encoding/structural/unravel.h"

#include <algorithm>
#include <memory>
#include <type_traits>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint16_t kAllVisible = 0xFFFF;

// Levels that are written before they are read.
using Levels = std::unique_ptr<uint16_t[]>;

Levels AllocateLevels(int64_t count) {
  return std::make_unique_for_overwrite<uint16_t[]>(static_cast<size_t>(count));
}

// The events still standing at the current layer. Starts as a view of the page's levels and becomes
// an own copy once a list or fixed-size-list layer was passed.
struct Events {
  std::span<const uint16_t> rep, def;
  int64_t size = 0;
  Levels own_rep, own_def;

  void Own(Levels new_rep, Levels new_def, int64_t new_size) {
    own_rep = std::move(new_rep);
    own_def = std::move(new_def);
    const size_t count = static_cast<size_t>(new_size);
    rep = own_rep != nullptr ? std::span<const uint16_t>(own_rep.get(), count)
                             : std::span<const uint16_t>();
    def = own_def != nullptr ? std::span<const uint16_t>(own_def.get(), count)
                             : std::span<const uint16_t>();
    size = new_size;
  }
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
                         : std::count_if(def, def + events.size, [&](uint16_t level) {
                             return level <= levels.max_visible;
                           });
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto bitmap, arrow::AllocateBitmap(events.size, pool));
  uint8_t* bits = bitmap->mutable_data();
  int64_t slots = 0, valid_slots = 0;
  uint8_t byte = 0;
  const uint16_t null_level = levels.null_level;
  const uint16_t empty_level = levels.empty_level == 0 ? 0xFFFF : levels.empty_level;
  if (levels.max_visible == kAllVisible && levels.empty_level == 0) {
    // Every event is a slot: eight at a time.
    int64_t i = 0;
    for (; i + 8 <= events.size; i += 8) {
      uint8_t packed = 0;
      for (int b = 0; b < 8; ++b) packed |= static_cast<uint8_t>(def[i + b] < null_level) << b;
      bits[i / 8] = packed;
      valid_slots += __builtin_popcount(packed);
    }
    for (; i < events.size; ++i) {
      bool valid = def[i] < null_level;
      arrow::bit_util::SetBitTo(bits, i, valid);
      valid_slots += valid;
    }
    slots = events.size;
  } else {
    for (int64_t i = 0; i < events.size; ++i) {
      if (def[i] > levels.max_visible) continue;
      bool valid = def[i] < null_level || def[i] == empty_level;
      byte |= static_cast<uint8_t>(valid) << (slots % 8);
      valid_slots += valid;
      if (++slots % 8 == 0) {
        bits[slots / 8 - 1] = byte;
        byte = 0;
      }
    }
    if (slots % 8 != 0) bits[slots / 8] = byte;
  }
  out->num_slots = slots;
  out->null_count = slots - valid_slots;
  if (out->null_count != 0) out->validity = std::move(bitmap);
  return arrow::Status::OK();
}

// Offsets of the list layer, and the events that start one of its lists, whose levels layers further out
// need: `keep_rep` for another list, `keep_def` for anything.
arrow::Status PassList(Events* events, const LayerLevels& levels, uint16_t child_max_visible,
                       bool keep_rep, bool keep_def, StructureLayer* out) {
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
  const int64_t num_starts =
      std::count_if(rep, rep + size, [&](uint16_t level) { return level >= rep_level; });
  // One more than is kept: the loops write where the next would go before they know if there is one.
  Levels next_rep = keep_rep ? AllocateLevels(num_starts + 1) : nullptr;
  Levels next_def = keep_def && def != nullptr ? AllocateLevels(num_starts + 1) : nullptr;
  out->offsets.resize(num_starts + 1);
  int64_t* offsets = out->offsets.data();
  int64_t slots = 0, kept = 0, children = 0;
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
        offsets[slots] = i;
        slots += starts;
      }
      kept += starts;
    }
    if constexpr (!has_def) children = size;
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
  out->offsets.resize(slots + 1);
  out->num_slots = slots;
  events->Own(std::move(next_rep), std::move(next_def), kept);
  return arrow::Status::OK();
}

arrow::Status PassFixedSizeList(Events* events, const LayerLevels& levels, int64_t dimension) {
  if (events->rep.empty() && events->def.empty()) {
    if (events->size % dimension != 0) {
      return Corrupt("a fixed-size list of dimension ", dimension, " has ", events->size, " items");
    }
    events->size /= dimension;
    return arrow::Status::OK();
  }
  Levels next_rep = events->rep.empty() ? nullptr : AllocateLevels(events->size);
  Levels next_def = events->def.empty() ? nullptr : AllocateLevels(events->size);
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
  events->Own(std::move(next_rep), std::move(next_def), kept);
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::vector<StructureLayer>> Unravel(const RepDefLayers& layers,
                                                   std::span<const int64_t> dimensions,
                                                   std::span<const uint16_t> rep,
                                                   std::span<const uint16_t> def,
                                                   int64_t num_levels, arrow::MemoryPool* pool) {
  Events events{.rep = rep, .def = def, .size = num_levels, .own_rep = {}, .own_def = {}};
  std::vector<StructureLayer> out(layers.layers().size());
  for (size_t i = 0; i < out.size(); ++i) {
    const LayerLevels& levels = layers.layers()[i];
    StructureLayer& layer = out[i];
    if (IsList(levels.layer)) {
      layer.kind = StructureLayer::Kind::kList;
      // What layers further out still read of the events that are kept.
      bool keep_rep = false, keep_def = levels.null_level != 0;
      for (size_t outer = i + 1; outer < out.size(); ++outer) {
        const LayerLevels& outer_levels = layers.layers()[outer];
        keep_rep |= IsList(outer_levels.layer);
        keep_def |= outer_levels.null_level != 0 || outer_levels.empty_level != 0;
      }
      ARROW_RETURN_NOT_OK(PassList(&events, levels, layers.layers()[i - 1].max_visible, keep_rep,
                                   keep_def, &layer));
      if (levels.null_level == 0) continue;
    } else if (dimensions[i] > 0) {
      layer.kind = StructureLayer::Kind::kFixedSizeList;
      ARROW_RETURN_NOT_OK(PassFixedSizeList(&events, levels, dimensions[i]));
    }
    ARROW_RETURN_NOT_OK(SlotValidity(events, levels, &layer, pool));
    if (layer.kind == StructureLayer::Kind::kList &&
        layer.num_slots + 1 != static_cast<int64_t>(layer.offsets.size())) {
      return Corrupt("levels give ", layer.offsets.size() - 1, " lists but ", layer.num_slots,
                     " list slots");
    }
  }
  return out;
}

}  // namespace lancea
