#include "lancea/encoding/structural/repdef_layers.h"

#include <algorithm>

#include "lancea/util/errors.h"

namespace lancea {

// Deeper nesting than this is an attack, not a table.
constexpr size_t kMaxLayers = 256;

arrow::Result<RepDefLayers> RepDefLayers::Make(std::span<const int> wire) {
  if (wire.empty()) return Corrupt("page layout lists no structural layers");
  if (wire.size() > kMaxLayers) {
    return Corrupt("page layout lists ", wire.size(), " structural layers, at most ", kMaxLayers,
                   " are read");
  }
  RepDefLayers out;
  for (int value : wire) {
    if (value < 1 || value > 6) return Corrupt("unknown structural layer kind ", value);
    LayerLevels levels{.layer = static_cast<RepDefLayer>(value)};
    switch (levels.layer) {
      case RepDefLayer::kNullableItem:
      case RepDefLayer::kNullableList:
        levels.null_level = ++out.max_def_;
        break;
      case RepDefLayer::kEmptyableList:
        levels.empty_level = ++out.max_def_;
        break;
      case RepDefLayer::kNullAndEmptyList:
        levels.null_level = ++out.max_def_;
        levels.empty_level = ++out.max_def_;
        break;
      default:
        break;
    }
    if (IsList(levels.layer)) levels.rep_level = ++out.max_rep_;
    out.layers_.push_back(levels);
  }
  if (IsList(out.layers_.front().layer)) {
    return Corrupt("the leaf layer of a page is a list");
  }
  // A layer sees every level below the first list further out.
  uint16_t visible = kAllVisible;
  for (size_t i = out.layers_.size(); i-- > 0;) {
    out.layers_[i].max_visible = visible;
    if (IsList(out.layers_[i].layer)) {
      uint16_t first_own = 0;
      for (size_t j = 0; j < i; ++j) {
        first_own = std::max({first_own, out.layers_[j].null_level, out.layers_[j].empty_level});
      }
      visible = first_own;
    }
  }
  return out;
}

}  // namespace lancea
