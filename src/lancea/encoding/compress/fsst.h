// FSST: strings as codes into a table of up to 255 symbols of 1 to 8 bytes.
//
// The symbol table, 2,312 bytes at most: u64 header, n 8-byte symbols, n length bytes, zeros.
//   header bytes  n, terminator, suffix limit, on/off, "TSSF" (0x46535354 in the upper half)
// Codes 0..n-1 expand to their symbol, 255 is followed by one literal byte. "Off" means that values are
// stored as they are. One table serves a page; every value is compressed by itself.
// Source: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression" (VLDB 2020), and bytes of
// pylance 14.0.2.
#pragma once

#include <memory>
#include <string>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// A parsed symbol table. Immutable.
class FsstTable {
 public:
  static arrow::Result<FsstTable> Parse(Bytes table);

  static constexpr uint8_t kEscape = 255;

  bool is_on() const { return is_on_; }
  /// What a code stands for: `length` bytes, the first in the lowest. Not for kEscape.
  uint64_t symbol(uint8_t code) const { return symbols_[code]; }
  size_t length(uint8_t code) const { return lengths_[code]; }

  /// Room that Decode may write to for `num_bytes` compressed bytes: eight-fold, and one symbol more
  /// because symbols are stored eight bytes at a time.
  static int64_t MaxDecoded(int64_t num_bytes) { return num_bytes * 8 + 8; }

  /// \return the bytes written to `out`, which has MaxDecoded room; -1 when the codes end in an escape
  int64_t Decode(Bytes codes, uint8_t* out) const;

  /// Decode many values that lie back to back as one: where each ends is looked up after, which spares the
  /// processor to guess how long every single one is.
  /// \param positions  codes.size() + 1 numbers: where in `out` the code at that place begins;
  ///   kInsideEscape where no value may end
  /// \return as Decode
  int64_t DecodeBackToBack(Bytes codes, uint8_t* out, uint32_t* positions) const;
  static constexpr uint32_t kInsideEscape = UINT32_MAX;
  static constexpr size_t kMaxBackToBack = size_t{1} << 28;  ///< codes: positions have 32 bits

 private:
  bool is_on_ = false;
  // Codes beyond the table decode to nothing; the writer never makes them.
  uint64_t symbols_[256] = {};
  uint8_t lengths_[256] = {};
};

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeFsstMiniBlock(const EncodingMessage& message);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakeFsstPerValue(const EncodingMessage& message);

}  // namespace lancea
