#include "lancea/encoding/structural/level_cursor.h"

namespace lancea {

arrow::Status LevelCursor::Decode(const BlockDecoder& rep_decoder, const BlockDecoder* def_decoder,
                                  Bytes rep, Bytes def, int64_t num_levels,
                                  const RepDefLayers& layers, arrow::MemoryPool*) {
  num_levels_ = num_levels;
  rep_.Clear();
  ARROW_RETURN_NOT_OK(rep_decoder.Decode(rep, num_levels, &rep_));
  if (rep_.num_values() != num_levels) {
    return Corrupt("decoded ", rep_.num_values(), " repetition levels, expected ", num_levels);
  }
  const uint16_t* rep_levels = reinterpret_cast<const uint16_t*>(rep_.data());
  const uint16_t max_rep = layers.max_rep();
  row_starts_.resize(num_levels);
  int64_t starts = 0;
  for (int64_t i = 0; i < num_levels; ++i) {
    row_starts_[starts] = i;
    starts += rep_levels[i] >= max_rep;
  }
  row_starts_.resize(starts);

  visible_before_.clear();
  if (def_decoder == nullptr) return arrow::Status::OK();
  def_.Clear();
  ARROW_RETURN_NOT_OK(def_decoder->Decode(def, num_levels, &def_));
  if (def_.num_values() != num_levels) {
    return Corrupt("decoded ", def_.num_values(), " definition levels, expected ", num_levels);
  }
  const uint16_t max_visible = layers.max_visible_leaf();
  if (max_visible == 0xFFFF) return arrow::Status::OK();
  const uint16_t* def_levels = reinterpret_cast<const uint16_t*>(def_.data());
  visible_before_.resize(num_levels + 1);
  int64_t visible = 0;
  for (int64_t i = 0; i < num_levels; ++i) {
    visible_before_[i] = visible;
    visible += def_levels[i] <= max_visible;
  }
  visible_before_[num_levels] = visible;
  return arrow::Status::OK();
}

}  // namespace lancea
