// Which of some rows are left: a bit per row, set while no part of a filter has said no.
//
//   rows      10 11 12 13 40 41 42 43         what was read: physical ranges 10..14, 40..44
//   bits       1  0  1  1  0  0  1  1
//   count      5;  positions 0 2 3 6 7;  ranges 10..11, 12..14, 42..44
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arrow/type_fwd.h"
#include "lancea/io/row_range.h"

namespace lancea {

/// Not thread-safe.
class Selection {
 public:
  /// All of `num_rows` rows.
  explicit Selection(int64_t num_rows);

  int64_t num_rows() const { return num_rows_; }
  int64_t count() const { return count_; }
  bool all() const { return count_ == num_rows_; }
  bool none() const { return count_ == 0; }

  /// Keep only rows for which `answers` are true; answer i is for row `begin` + i.
  void Keep(int64_t begin, const arrow::BooleanArray& answers);
  /// Keep those of the rows left that are in `of_left`, a selection among them.
  void KeepOfLeft(const Selection& of_left);
  void Clear();
  /// Rows that are in both, or in either; of as many rows.
  void And(const Selection& other);
  void Or(const Selection& other);

  /// Runs of neighbouring rows left: about as many as Pick gives ranges.
  int64_t num_runs() const;
  /// A bit per row, LSB first; those beyond num_rows() are 0.
  std::span<const uint64_t> words() const { return words_; }
  /// Positions of the rows left, ascending.
  std::vector<uint32_t> Positions() const;
  /// The rows left as ranges; `ranges` are those of all rows, in order.
  std::vector<RowRange> Pick(std::span<const RowRange> ranges) const;

 private:
  void Count();
  int64_t num_rows_;
  int64_t count_;
  std::vector<uint64_t> words_;  // bits beyond num_rows_ are 0
};

}  // namespace lancea
