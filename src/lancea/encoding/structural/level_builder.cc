#include "lancea/encoding/structural/level_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/structural/level_masks.h"
#include "lancea/encoding/structural/level_spread.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// While levels are built this bit marks events that own nothing further in.
constexpr uint16_t kSpecial = 0x8000;

bool IsValid(const PartLayer& layer, int64_t slot) {
  if (layer.validity == nullptr) return !layer.all_null;
  return arrow::bit_util::GetBit(layer.validity->data(), slot);
}

bool HasNulls(const PartLayer& layer) {
  if (layer.slots.size() == 0) return false;
  if (layer.validity == nullptr) return layer.all_null;
  return arrow::internal::CountSetBits(layer.validity->data(), layer.slots.begin,
                                       layer.slots.size()) != layer.slots.size();
}

template <typename Offset>
bool HasEmpty(const PartLayer& layer, const Offset* offsets) {
  int64_t num_empty = 0;
  for (int64_t slot = layer.slots.begin; slot < layer.slots.end; ++slot) {
    num_empty += offsets[slot] == offsets[slot + 1];
  }
  if (num_empty == 0 || layer.validity == nullptr) return num_empty != 0;
  for (int64_t slot = layer.slots.begin; slot < layer.slots.end; ++slot) {
    if (offsets[slot] == offsets[slot + 1] && IsValid(layer, slot)) return true;
  }
  return false;
}

bool HasEmpty(const PartLayer& layer) {
  if (layer.slots.size() == 0) return false;
  return layer.large_offsets ? HasEmpty(layer, layer.offsets->data_as<int64_t>())
                             : HasEmpty(layer, layer.offsets->data_as<int32_t>());
}

// What each layer needs levels for, leaf -> root. What is directly inside a struct that can be null can be
// null, too: readers that look at a field alone (pylance's filters) learn of the struct's nulls from it.
arrow::Result<RepDefLayers> FindLayers(std::span<const LeafPart> parts) {
  const size_t num_layers = parts.front().layers.size();
  std::vector<int> wire(num_layers);
  bool is_in_nullable_struct = false;
  for (size_t i = 0; i < num_layers; ++i) {
    bool nulls = is_in_nullable_struct, empties = false;
    for (const LeafPart& part : parts) {
      const PartLayer& layer = part.layers[i];
      nulls = nulls || HasNulls(layer);
      if (layer.kind == PartLayer::Kind::kList) empties = empties || HasEmpty(layer);
    }
    const bool is_list = parts.front().layers[i].kind == PartLayer::Kind::kList;
    const RepDefLayer kind =
        !is_list  ? (nulls ? RepDefLayer::kNullableItem : RepDefLayer::kAllValidItem)
        : nulls   ? (empties ? RepDefLayer::kNullAndEmptyList : RepDefLayer::kNullableList)
        : empties ? RepDefLayer::kEmptyableList
                  : RepDefLayer::kAllValidList;
    wire[num_layers - 1 - i] = static_cast<int>(kind);
    is_in_nullable_struct = nulls && parts.front().layers[i].kind == PartLayer::Kind::kItem;
  }
  return RepDefLayers::Make(wire);
}

// The events of one part on their way from the root to the leaf.
class PartEvents {
 public:
  PartEvents(const LeafPart& part, const RepDefLayers& meaning)
      : part_(part), meaning_(meaning), size_(part.num_rows()) {
    if (size_ > 0) ranges_.push_back(part.layers.front().slots);
    if (meaning.max_rep() > 0) rep_.resize(size_);
    if (meaning.max_def() > 0) def_.resize(size_);
  }

  void Build() {
    const size_t num_layers = part_.layers.size();
    for (size_t i = 0; i < num_layers; ++i) {
      const PartLayer& layer = part_.layers[i];
      const LayerLevels& levels = meaning_.layers()[num_layers - 1 - i];
      if (levels.null_level != 0) PassValidity(layer, levels.null_level);
      if (i + 1 == num_layers) break;
      // The slots of the layer further in are numbered as its buffers have them.
      const int64_t inner_begin = part_.layers[i + 1].slots.begin;
      const int64_t begin = layer.slots.begin;
      switch (layer.kind) {
        case PartLayer::Kind::kItem:
          for (SlotRange& range : ranges_) {
            range = {range.begin - begin + inner_begin, range.end - begin + inner_begin};
          }
          break;
        case PartLayer::Kind::kFixedSizeList:
          for (SlotRange& range : ranges_) {
            range = {(range.begin - begin) * layer.dimension + inner_begin,
                     (range.end - begin) * layer.dimension + inner_begin};
          }
          Repeat(layer.dimension);
          break;
        case PartLayer::Kind::kList:
          // Nothing but nulls and empties further out: their events stay as they are.
          if (ranges_.empty()) break;
          if (layer.large_offsets) {
            PassList(layer.offsets->data_as<int64_t>(), begin, inner_begin, levels);
          } else {
            PassList(layer.offsets->data_as<int32_t>(), begin, inner_begin, levels);
          }
          break;
      }
    }
    if (num_special_ != 0) {
      for (uint16_t& level : def_) level &= static_cast<uint16_t>(~kSpecial);
    }
  }

  std::vector<SlotRange>& ranges() { return ranges_; }
  std::vector<uint16_t>& rep() { return rep_; }
  std::vector<uint16_t>& def() { return def_; }
  int64_t size() const { return size_; }
  int64_t num_special() const { return num_special_; }

 private:
  // Nulls of this layer, where nothing further out is null.
  void PassValidity(const PartLayer& layer, uint16_t null_level) {
    if (layer.validity == nullptr && !layer.all_null) return;
    int64_t event = 0;
    for (const SlotRange& range : ranges_) {
      if (num_special_ == 0) {
        uint16_t* def = def_.data() + event;
        if (layer.all_null) {
          for (int64_t i = 0; i < range.size(); ++i) def[i] = def[i] == 0 ? null_level : def[i];
        } else if (!has_def_) {
          SpreadNulls(layer.validity->data(), range.begin, range.size(), null_level, def);
        } else {
          MergeNulls(layer.validity->data(), range.begin, range.size(), null_level, def);
        }
        event += range.size();
        continue;
      }
      for (int64_t slot = range.begin; slot < range.end; ++slot, ++event) {
        while (def_[event] & kSpecial) ++event;
        if (def_[event] == 0 && !IsValid(layer, slot)) def_[event] = null_level;
      }
    }
    has_def_ = true;
  }

  // Every slot becomes `dimension` of them.
  void Repeat(int64_t dimension) {
    const int64_t new_size = (size_ - num_special_) * dimension + num_special_;
    auto repeat = [&](std::vector<uint16_t>* levels) {
      if (levels->empty()) return;
      std::vector<uint16_t> out(new_size);
      uint16_t* at = out.data();
      for (int64_t i = 0; i < size_; ++i) {
        const bool special = num_special_ != 0 && (def_[i] & kSpecial) != 0;
        at = std::fill_n(at, special ? 1 : dimension, (*levels)[i]);
      }
      *levels = std::move(out);
    };
    repeat(&rep_);
    repeat(&def_);
    size_ = new_size;
  }

  template <typename Offset>
  void PassList(const Offset* offsets, int64_t begin, int64_t inner_begin,
                const LayerLevels& levels) {
    const int64_t base = static_cast<int64_t>(offsets[begin]) - inner_begin;
    int64_t most = size_;
    for (const SlotRange& range : ranges_) most += offsets[range.end] - offsets[range.begin];
    std::vector<uint16_t> rep(most), def(def_.empty() ? 0 : most);
    const bool plain = def_.empty() || (!has_def_ && levels.empty_level == 0);
    std::vector<SlotRange> inner;
    int64_t at = 0, event = 0;
    if (plain) {
      // No list is null or empty here, nor anything further out: events are slots.
      for (const SlotRange& range : ranges_) {
        const int64_t first = offsets[range.begin];
        for (int64_t slot = range.begin; slot < range.end; ++slot, ++event) {
          rep[at + (offsets[slot] - first)] = std::max(rep_[event], levels.rep_level);
        }
        AddRange({first - base, offsets[range.end] - base}, &inner);
        at += offsets[range.end] - first;
      }
    } else {
      auto copy_special = [&] {
        rep[at] = rep_[event];
        def[at++] = def_[event++];
      };
      for (const SlotRange& range : ranges_) {
        for (int64_t slot = range.begin; slot < range.end; ++slot, ++event) {
          while (def_[event] & kSpecial) copy_special();
          rep[at] = std::max(rep_[event], levels.rep_level);
          const int64_t length = offsets[slot + 1] - offsets[slot];
          if (def_[event] != 0) {
            def[at++] = def_[event] | kSpecial;
            ++num_special_;
          } else if (length == 0) {
            def[at++] = levels.empty_level | kSpecial;
            ++num_special_;
          } else {
            AddRange({offsets[slot] - base, offsets[slot + 1] - base}, &inner);
            at += length;
          }
        }
      }
      while (event < size_) copy_special();
      has_def_ = true;
    }
    rep.resize(at);
    if (!def.empty()) def.resize(at);
    rep_ = std::move(rep);
    def_ = std::move(def);
    ranges_ = std::move(inner);
    size_ = at;
  }

  static void AddRange(SlotRange range, std::vector<SlotRange>* ranges) {
    if (range.size() == 0) return;
    if (!ranges->empty() && ranges->back().end == range.begin) {
      ranges->back().end = range.end;
    } else {
      ranges->push_back(range);
    }
  }

  const LeafPart& part_;
  const RepDefLayers& meaning_;
  int64_t size_;
  int64_t num_special_ = 0;
  bool has_def_ = false;  // some level may be above 0
  std::vector<SlotRange> ranges_;
  std::vector<uint16_t> rep_, def_;
};

}  // namespace

arrow::Result<PageLevels> BuildLevels(std::span<const LeafPart> parts) {
  PageLevels out;
  ARROW_ASSIGN_OR_RAISE(out.meaning, FindLayers(parts));
  const bool has_rep = out.meaning.max_rep() > 0, has_def = out.meaning.max_def() > 0;
  for (const LeafPart& part : parts) {
    PartEvents events(part, out.meaning);
    events.Build();
    if (parts.size() == 1) {
      out.rep = std::move(events.rep());
      out.def = std::move(events.def());
    } else {
      if (has_rep) out.rep.insert(out.rep.end(), events.rep().begin(), events.rep().end());
      if (has_def) out.def.insert(out.def.end(), events.def().begin(), events.def().end());
    }
    out.num_events += events.size();
    out.num_values += events.size() - events.num_special();
    out.slots.push_back(std::move(events.ranges()));
  }
  out.num_valid = has_def ? CountAtMost(out.def.data(), out.num_events, 0) : out.num_events;
  return out;
}

std::vector<uint64_t> ValidValues(const PageLevels& levels) {
  if (levels.num_valid == levels.num_values) return {};
  std::vector<uint64_t> out((levels.num_values + 63) / 64);
  const uint16_t* def = levels.def.data();
  const uint16_t max_visible = levels.meaning.max_visible_leaf();
  int64_t i = 0, at = 0;
  for (; i + kLevelsPerMask <= levels.num_events; i += kLevelsPerMask) {
    uint64_t bits = MaskAtMost(def + i, 0);
    int count = static_cast<int>(kLevelsPerMask);
    if (max_visible != kAllVisible) {
      const uint64_t visible = MaskAtMost(def + i, max_visible);
      bits = CompressBits(bits, visible);
      count = std::popcount(visible);
    }
    if (count == 0) continue;
    const int used = static_cast<int>(at % 64);
    out[at / 64] |= bits << used;
    if (used + count > 64) out[at / 64 + 1] |= bits >> (64 - used);
    at += count;
  }
  for (; i < levels.num_events; ++i) {
    if (def[i] > max_visible) continue;
    out[at / 64] |= uint64_t{def[i] == 0} << (at % 64);
    ++at;
  }
  return out;
}

}  // namespace lancea
