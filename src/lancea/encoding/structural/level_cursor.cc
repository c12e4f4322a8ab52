#include "lancea/encoding/structural/level_cursor.h"

#include "lancea/encoding/structural/level_masks.h"

namespace lancea {

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
  rows_passed_ = events_passed_ = 0;
  events_counted_ = visible_counted_ = 0;
  ARROW_ASSIGN_OR_RAISE(rep_, AppendLevels(rep_decoder, rep, num_levels, "repetition", rep_out));
  starts_inside_row_ = num_levels == 0 || rep_[0] < max_rep_;
  num_row_starts_ = num_levels - CountInsideRow(rep_, num_levels);
  num_visible_ = num_levels;
  if (def_decoder == nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(def_, AppendLevels(*def_decoder, def, num_levels, "definition", def_out));
  if (max_visible_ != kAllVisible) {
    num_visible_ = CountAtMost(def_, num_levels, max_visible_);
  }
  return arrow::Status::OK();
}

int64_t LevelCursor::CountInsideRow(const uint16_t* levels, int64_t count) const {
  return max_rep_ == 0 ? 0 : CountAtMost(levels, count, static_cast<uint16_t>(max_rep_ - 1));
}

void LevelCursor::Index() {
  row_starts_.resize(num_levels_ + 1);
  int64_t starts = 0;
  for (int64_t i = 0; i < num_levels_; ++i) {
    row_starts_[starts] = i;
    starts += rep_[i] >= max_rep_;
  }
  if (num_visible_ == num_levels_) return;
  visible_before_.resize(num_levels_ + 1);
  int64_t visible = 0;
  for (int64_t i = 0; i < num_levels_; ++i) {
    visible_before_[i] = visible;
    visible += def_[i] <= max_visible_;
  }
  visible_before_[num_levels_] = visible;
}

int64_t LevelCursor::RowStart(int64_t i) {
  if (!row_starts_.empty()) return row_starts_[i];
  if (i < rows_passed_) rows_passed_ = events_passed_ = 0;
  for (; num_levels_ - events_passed_ >= kLevelsPerMask; events_passed_ += kLevelsPerMask) {
    const int64_t starts = kLevelsPerMask - CountInsideRow(rep_ + events_passed_, kLevelsPerMask);
    if (rows_passed_ + starts > i) break;
    rows_passed_ += starts;
  }
  for (; events_passed_ < num_levels_; ++events_passed_) {
    if (rep_[events_passed_] < max_rep_) continue;
    if (rows_passed_ == i) break;
    ++rows_passed_;
  }
  return events_passed_;
}

int64_t LevelCursor::VisibleBefore(int64_t event) {
  if (num_visible_ == num_levels_ || event == 0) return event;
  if (event == num_levels_) return num_visible_;
  if (!visible_before_.empty()) return visible_before_[event];
  if (event < events_counted_) events_counted_ = visible_counted_ = 0;
  for (; event - events_counted_ >= kLevelsPerMask; events_counted_ += kLevelsPerMask) {
    visible_counted_ += CountAtMost(def_ + events_counted_, kLevelsPerMask, max_visible_);
  }
  for (; events_counted_ < event; ++events_counted_) {
    visible_counted_ += def_[events_counted_] <= max_visible_;
  }
  return visible_counted_;
}

}  // namespace lancea
