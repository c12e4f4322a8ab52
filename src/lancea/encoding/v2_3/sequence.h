// Sequences of a planar page that the message alone tells, without a page buffer.
#pragma once

#include <cstdint>
#include <optional>

#include "arrow/result.h"

namespace lance::encodings23 {
class CompressiveEncoding;
}

namespace lancea::v2_3 {

/// start, start + step, start + 2 step, ...; step 0 repeats one value.
struct Progression {
  uint64_t start = 0;
  uint64_t step = 0;
};

/// The sequence in closed form if the message alone says so: a constant, a range, or a delta with
/// constant differences. An empty sequence is the progression of nothing.
/// \return Corrupt when the message does not fit `num_values`
arrow::Result<std::optional<Progression>> AsProgression(
    const lance::encodings23::CompressiveEncoding& encoding, uint64_t num_values);

}  // namespace lancea::v2_3
