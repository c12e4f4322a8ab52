// Whether a value of one array equals a value of another of the same type; null equals null, floats are
// equal when their bits are.
#pragma once

#include <cstdint>

#include "arrow/type_fwd.h"

namespace lancea {

/// Valid while both arrays are. Thread-safe.
class SameValue {
 public:
  SameValue(const arrow::Array& left, const arrow::Array& right);

  bool operator()(int64_t left_index, int64_t right_index) const;

 private:
  enum class Way { kBytes, kBits, kText, kLargeText, kAny };
  const arrow::Array& left_;
  const arrow::Array& right_;
  Way way_ = Way::kAny;
  int64_t width_ = 0;
  const uint8_t* left_bytes_ = nullptr;
  const uint8_t* right_bytes_ = nullptr;
};

}  // namespace lancea
