// What repetition and definition levels mean: the layer list of a page.
//
// `layers` runs leaf -> root. Definition level 0 is a valid leaf; levels are numbered outward:
//   kNullableItem, kNullableList, kEmptyableList consume one level, kNullAndEmptyList two (null = n,
//   empty = n + 1), the kAllValid* none.
// Repetition level k starts a new list at the k-th list layer counted from the leaf (1 = innermost);
// the largest starts a new row; 0 continues. (The reverse of Parquet's numbering.)
// Example, list<list<string>> with [kAllValidItem, kNullAndEmptyList, kNullAndEmptyList]:
//   inner null 1, inner empty 2, outer null 3, outer empty 4.
// Source: encodings_v2_1.proto and bytes of pylance 14.0.2.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arrow/result.h"

namespace lancea {

enum class RepDefLayer : uint8_t {
  kAllValidItem = 1,
  kAllValidList = 2,
  kNullableItem = 3,
  kNullableList = 4,
  kEmptyableList = 5,
  kNullAndEmptyList = 6,
};

constexpr bool IsList(RepDefLayer layer) {
  return layer == RepDefLayer::kAllValidList || layer == RepDefLayer::kNullableList ||
         layer == RepDefLayer::kEmptyableList || layer == RepDefLayer::kNullAndEmptyList;
}

/// A level that no page reaches: a bound for "every event".
constexpr uint16_t kAllVisible = 0xFFFF;

/// The levels of one layer.
struct LayerLevels {
  RepDefLayer layer = RepDefLayer::kAllValidItem;
  uint16_t null_level = 0;   ///< definition level of null here; 0: cannot be null
  uint16_t empty_level = 0;  ///< definition level of an empty list; 0: cannot be empty
  uint16_t rep_level = 0;    ///< list layers: its number from the leaf, from 1
  /// An event owns a slot in this layer iff its definition level is at most this: larger levels
  /// are nulls or empties of a list further out, which has nothing inside.
  uint16_t max_visible = kAllVisible;
};

/// The layers of a page with their levels worked out.
class RepDefLayers {
 public:
  /// \param wire  values of the RepDefLayer enum, leaf -> root
  static arrow::Result<RepDefLayers> Make(std::span<const int> wire);

  const std::vector<LayerLevels>& layers() const { return layers_; }
  uint16_t max_rep() const { return max_rep_; }
  uint16_t max_def() const { return max_def_; }
  /// Events with a definition level above this own no leaf value.
  uint16_t max_visible_leaf() const { return layers_.front().max_visible; }

 private:
  std::vector<LayerLevels> layers_;
  uint16_t max_rep_ = 0;
  uint16_t max_def_ = 0;
};

}  // namespace lancea
