#include "lancea/encoding/structural/level_cursor.h"

#include <algorithm>

namespace lancea {

// A level no page reaches: every event owns a value.
constexpr uint16_t kAllVisible = 0xFFFF;

arrow::Status LevelCursor::Decode(const BlockDecoder& rep_decoder, const BlockDecoder* def_decoder,
                                  Bytes rep, Bytes def, int64_t num_levels,
                                  const RepDefLayers& layers, arrow::MemoryPool*) {
  num_levels_ = num_levels;
  rep_.Clear();
  ARROW_RETURN_NOT_OK(rep_decoder.Decode(rep, num_levels, &rep_));
  if (rep_.num_values() != num_levels) {
    return Corrupt("decoded ", rep_.num_values(), " repetition levels, expected ", num_levels);
  }
  row_starts_.clear();
  visible_before_.clear();
  max_rep_ = layers.max_rep();
  max_visible_ = layers.max_visible_leaf();
  starts_inside_row_ = num_levels == 0 || rep_levels()[0] < max_rep_;
  num_row_starts_ = std::count_if(rep_levels(), rep_levels() + num_levels,
                                  [&](uint16_t rep) { return rep >= max_rep_; });
  num_visible_ = num_levels;
  if (def_decoder == nullptr) return arrow::Status::OK();
  def_.Clear();
  ARROW_RETURN_NOT_OK(def_decoder->Decode(def, num_levels, &def_));
  if (def_.num_values() != num_levels) {
    return Corrupt("decoded ", def_.num_values(), " definition levels, expected ", num_levels);
  }
  if (max_visible_ != kAllVisible) {
    num_visible_ = std::count_if(def_levels(), def_levels() + num_levels,
                                 [&](uint16_t def) { return def <= max_visible_; });
  }
  return arrow::Status::OK();
}

int64_t LevelCursor::RowStart(int64_t i) {
  if (row_starts_.empty()) {
    row_starts_.resize(num_levels_);
    int64_t starts = 0;
    for (int64_t event = 0; event < num_levels_; ++event) {
      row_starts_[starts] = event;
      starts += rep_levels()[event] >= max_rep_;
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
      visible += def_levels()[i] <= max_visible_;
    }
    visible_before_[num_levels_] = visible;
  }
  return visible_before_[event];
}

}  // namespace lancea
