// The levels of one run of events, with row starts and visible-item counts at hand.
#pragma once

#include <vector>

#include "arrow/status.h"
#include "lancea/encoding/structural/repdef_layers.h"
#include "lancea/encoding/value_builder.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// Reusable from chunk to chunk. An event is one (repetition, definition) pair. Positions are found quickly
/// when asked for in ascending order, and at once after Index.
class LevelCursor {
 public:
  /// Append the levels of one run to `rep_out` and `def_out`, and stand at them until more is appended.
  /// \param def_decoder  nullptr when no definition levels are stored
  arrow::Status Decode(const BlockDecoder& rep_decoder, const BlockDecoder* def_decoder, Bytes rep,
                       Bytes def, int64_t num_levels, const RepDefLayers& layers,
                       ValueBuilder* rep_out, ValueBuilder* def_out);

  /// Prepare for many questions about these levels.
  void Index();

  int64_t num_row_starts() const { return num_row_starts_; }
  /// Event at which the i-th row to begin here begins.
  int64_t RowStart(int64_t i);
  /// True when the first event goes on with a row begun earlier.
  bool starts_inside_row() const { return starts_inside_row_; }
  /// Events that own a leaf value, in all and among the first `event`.
  int64_t num_visible() const { return num_visible_; }
  int64_t VisibleBefore(int64_t event);

 private:
  // Of `count` levels from `levels` on, how many begin no row.
  int64_t CountInsideRow(const uint16_t* levels, int64_t count) const;

  const uint16_t* rep_ = nullptr;
  const uint16_t* def_ = nullptr;
  uint16_t max_rep_ = 0, max_visible_ = 0;
  int64_t num_levels_ = 0, num_row_starts_ = 0, num_visible_ = 0;
  bool starts_inside_row_ = true;
  std::vector<int64_t> row_starts_;      // empty without Index
  std::vector<int64_t> visible_before_;  // the same; num_levels + 1 entries
  // Where the last questions ended; the next go on from there, as rows are asked for in order.
  int64_t rows_passed_ = 0, events_passed_ = 0;       // row starts among the first events
  int64_t events_counted_ = 0, visible_counted_ = 0;  // visible ones among the first events
};

}  // namespace lancea
