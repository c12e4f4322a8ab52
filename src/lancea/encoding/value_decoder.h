// Decoders made from a CompressiveEncoding message, one interface per place an encoding can stand.
//
//   mini-block  a chunk of some thousand values in one or more buffers; any sub-range is asked for
//   block       all values of one buffer: repetition/definition levels, dictionaries, 2.3 sequences
//   per value   one value of a full-zip page at a time
//
// Decoders are immutable and thread-safe; scratch memory is the caller's or on the stack. Every
// buffer length and every number inside the bytes is checked; a contradiction gives Corrupt.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "arrow/result.h"
#include "lancea/encoding/value_builder.h"
#include "lancea/encoding/value_condition.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// The shape of what a decoder appends; builders are made to match.
///
/// Fixed-size lists are flattened: the builder holds innermost items, items_per_value of them for each
/// value the decoder is asked for, and bits_per_value is the width of one innermost item. Item
/// validity of level i (outermost first) likewise holds one bit per list item of that level.
struct ValueShape {
  uint64_t bits_per_value = 0;    ///< fixed shape, of one (innermost) item; 0 when variable
  uint64_t items_per_value = 1;   ///< product of the fixed-size-list dimensions; 1 when not a list
  uint64_t bits_per_offset = 0;   ///< variable shape; 0 when fixed
  int32_t num_item_validity = 0;  ///< fixed-size-list levels that store validity
  ValueBuilder MakeBuilder(arrow::MemoryPool* pool) const;
};

/// Asks one condition of the values of mini-block chunks. Refers to the decoder and the condition that it
/// was made for; keeps scratch memory, so not thread-safe.
class MiniBlockAsker {
 public:
  virtual ~MiniBlockAsker() = default;
  /// The answer for each of values [begin, end) of a chunk, as MiniBlockDecoder::Decode counts them.
  virtual arrow::Status Ask(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                            int64_t end, uint8_t* answers) = 0;
};

class MiniBlockDecoder {
 public:
  virtual ~MiniBlockDecoder() = default;
  virtual ValueShape shape() const = 0;
  /// Value buffers per chunk.
  virtual int num_buffers() const = 0;
  /// False when decoding one value costs about as much as decoding the chunk (general compression,
  /// run lengths): callers then decode a chunk once for all the values they want of it.
  virtual bool is_random_access() const { return true; }
  /// Append values [begin, end) of a chunk that holds `num_values`.
  /// \param buffers  num_buffers() views into the chunk; bytes behind a buffer's end are not readable
  virtual arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                               int64_t end, ValueBuilder* out) const = 0;
  /// Asks values as they are encoded; nullptr when they have to be decoded first.
  virtual std::unique_ptr<MiniBlockAsker> MakeAsker(const ValueCondition&) const { return nullptr; }
};

/// Asks values of any encoding, decoded first where the decoder has no asker of its own.
/// \return nullptr when the condition is not one of values of this shape
std::unique_ptr<MiniBlockAsker> MakeMiniBlockAsker(const MiniBlockDecoder& decoder,
                                                   const ValueCondition& condition,
                                                   arrow::MemoryPool* pool);

class BlockDecoder {
 public:
  virtual ~BlockDecoder() = default;
  virtual ValueShape shape() const = 0;
  /// False when everything is in the description (constant, range) and no bytes are stored.
  virtual bool has_payload() const { return true; }
  /// Append all `num_values` values of the block. `num_values` is trusted only as far as the bytes
  /// bear it out.
  virtual arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const = 0;
};

class PerValueDecoder {
 public:
  virtual ~PerValueDecoder() = default;
  virtual ValueShape shape() const = 0;
  /// Bytes that every stored value takes; 0 when they differ.
  virtual uint64_t stored_bytes() const { return 0; }
  /// True when every value takes bits_per_value stored bits and is stored as it is in memory, so that
  /// a run of values without control words is the Arrow buffer itself.
  virtual bool is_plain_fixed() const { return false; }
  /// True when a stored value is its value in memory (plain fixed, or variable bytes as they are).
  virtual bool is_plain() const { return is_plain_fixed(); }
  /// Append one stored value (for fixed shapes: stored bits_per_value / 8 bytes).
  virtual arrow::Status Decode(Bytes value, ValueBuilder* out) const = 0;
};

}  // namespace lancea
