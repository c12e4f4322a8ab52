#include "lancea/encoding/structural/level_cursor.h"

#include <algorithm>

namespace lancea {

// A level no page reaches: every event owns a value.
constexpr uint16_t kAllVisible = 0xFFFF;

namespace {

arrow::Result<const uint16_t*> AppendLevels(const BlockDecoder& decoder, Bytes block,
                                            int64_t num_levels, const char* kind,
                                            ValueBuilder* out) {
  const int64_t before = out->num_values();
  ARROW_RETURN_NOT_OK(decoder.Decode(block, num_levels, out));
  if (out->num_values() - before != num_levels) {
    return Corrupt("decoded ", out->num_values() - before, " ", kind, " levels, expected ",
                   num_levels);
  }
  return reinterpret_cast<const uint16_t*>(out->data()) + before;
}

}  // namespace

arrow::Status LevelCursor::Decode(const BlockDecoder& rep_decoder, const BlockDecoder* def_decoder,
                                  Bytes rep, Bytes def, int64_t num_levels,
                                  const RepDefLayers& layers, ValueBuilder* rep_out,
                                  ValueBuilder* def_out) {
  num_levels_ = num_levels;
  max_rep_ = layers.max_rep();
  max_visible_ = layers.max_visible_leaf();
  row_starts_.clear();
  visible_before_.clear();
  ARROW_ASSIGN_OR_RAISE(rep_, AppendLevels(rep_decoder, rep, num_levels, "repetition", rep_out));
  starts_inside_row_ = num_levels == 0 || rep_[0] < max_rep_;
  num_row_starts_ =
      std::count_if(rep_, rep_ + num_levels, [&](uint16_t level) { return level >= max_rep_; });
  num_visible_ = num_levels;
  if (def_decoder == nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(def_, AppendLevels(*def_decoder, def, num_levels, "definition", def_out));
  if (max_visible_ != kAllVisible) {
    num_visible_ = std::count_if(def_, def_ + num_levels,
                                 [&](uint16_t level) { return level <= max_visible_; });
  }
  return arrow::Status::OK();
}

int64_t LevelCursor::RowStart(int64_t i) {
  if (row_starts_.empty()) {
    row_starts_.resize(num_levels_);
    int64_t starts = 0;
    for (int64_t event = 0; event < num_levels_; ++event) {
      row_starts_[starts] = event;
      starts += rep_[event] >= max_rep_;
    }
  }
  return row_starts_[i];
}

int64_t LevelCursor::VisibleBefore(int64_t event) {
  if (num_visible_ == num_levels_ || event == 0) return event;
  if (event == num_levels_) return num_visible_;
  if (visible_before_.empty()) {
    visible_before_.resize(num_levels_ + 1);
    int64_t visible = 0;
    for (int64_t i = 0; i < num_levels_; ++i) {
      visible_before_[i] = visible;
      visible += def_[i] <= max_visible_;
    }
    visible_before_[num_levels_] = visible;
  }
  return visible_before_[event];
}

}  // namespace lancea
