// The levels of one run of events, with row starts and visible-item counts at hand.
#pragma once

#include <vector>

#include "arrow/status.h"
#include "lancea/encoding/structural/repdef_layers.h"
#include "lancea/encoding/value_builder.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// Reusable from chunk to chunk. An event is one (repetition, definition) pair.
class LevelCursor {
 public:
  /// \param def_decoder  nullptr when no definition levels are stored
  arrow::Status Decode(const BlockDecoder& rep_decoder, const BlockDecoder* def_decoder, Bytes rep,
                       Bytes def, int64_t num_levels, const RepDefLayers& layers,
                       arrow::MemoryPool* pool);

  const ValueBuilder& rep() const { return rep_; }
  const ValueBuilder& def() const { return def_; }
  int64_t num_row_starts() const { return static_cast<int64_t>(row_starts_.size()); }
  /// Event at which the i-th row to begin here begins.
  int64_t RowStart(int64_t i) const { return row_starts_[i]; }
  /// True when the first event goes on with a row begun earlier.
  bool starts_inside_row() const { return row_starts_.empty() || row_starts_[0] != 0; }
  /// Events that own a leaf value, in all and among the first `event`.
  int64_t num_visible() const { return VisibleBefore(num_levels_); }
  int64_t VisibleBefore(int64_t event) const {
    return visible_before_.empty() ? event : visible_before_[event];
  }

 private:
  ValueBuilder rep_ = ValueBuilder::Fixed(16, arrow::default_memory_pool());
  ValueBuilder def_ = ValueBuilder::Fixed(16, arrow::default_memory_pool());
  std::vector<int64_t> row_starts_;
  std::vector<int64_t> visible_before_;  // num_levels + 1 entries; empty when every event is visible
  int64_t num_levels_ = 0;
};

}  // namespace lancea
