// Learning an FSST symbol table from a sample (fsst_encode.h says how).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lancea/encoding/compress/fsst_symbols.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

/// Pieces of text out of many places of a block.
struct FsstSample {
  std::vector<uint8_t> bytes;    ///< and eight more that may be read
  std::vector<uint32_t> pieces;  ///< where each piece begins, and the end of the last
  size_t num_bytes() const { return pieces.empty() ? 0 : pieces.back(); }
};

FsstSample TakeFsstSample(const ValueBlock& block);

std::unique_ptr<FsstSymbols> LearnFsstSymbols(const FsstSample& sample);

}  // namespace lancea
