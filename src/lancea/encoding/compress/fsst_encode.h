// The writing side of fsst.h: learn a symbol table from a sample, then compress every value by itself.
//
// Learning, as in the paper: five times over, compress the sample with the table so far, count symbols
// and pairs of neighbouring symbols, and make a table of those that cover most bytes. Compressing, as in
// the paper's scalar variant: a symbol of three bytes or more is found in a hash table by its first
// three bytes, which hold one symbol each; else one of two bytes or one by direct lookup.
// Source: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression" (VLDB 2020).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/result.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

class FsstSymbols;

/// Immutable, thread-safe.
class FsstEncoder {
 public:
  /// \param block  variable, checked
  static FsstEncoder Learn(const ValueBlock& block);
  FsstEncoder(FsstEncoder&&) noexcept;
  FsstEncoder& operator=(FsstEncoder&&) noexcept;
  ~FsstEncoder();

  /// Bytes after over bytes before, of the sample.
  double sample_ratio() const { return sample_ratio_; }
  /// The table as it stands in the description.
  std::string SymbolTable() const;
  /// Every value compressed, the offsets' width kept.
  arrow::Result<ValueBlock> Encode(const ValueBlock& block, arrow::MemoryPool* pool) const;

 private:
  FsstEncoder(std::unique_ptr<FsstSymbols> symbols, double sample_ratio);
  std::unique_ptr<FsstSymbols> symbols_;
  double sample_ratio_;
};

}  // namespace lancea
