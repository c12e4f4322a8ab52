// Decoded values on their way to Arrow: encodings append here, straight into the final buffers.
//
// Two physical shapes, chosen at construction:
//   fixed     bits_per_value 1 (LSB-first bitmap) or a multiple of 8, contiguous
//   variable  offsets of 32 or 64 bits plus bytes; offsets start at 0 and end at data_size()
// A fixed shape may carry item validity: one bitmap per fixed-size-list level that stores one,
// outermost first, LSB first, 1 = valid.
//
// Capacity grows geometrically; callers that know the size call Reserve first. Not thread-safe.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "arrow/buffer.h"
#include "arrow/memory_pool.h"
#include "arrow/result.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// A bitmap that grows, LSB first.
class BitmapBuilder {
 public:
  explicit BitmapBuilder(arrow::MemoryPool* pool) : pool_(pool) {}
  int64_t size() const { return size_; }  ///< bits
  /// Append bits [bit_offset, bit_offset + num_bits) of `bits`, which holds them all.
  arrow::Status Append(const uint8_t* bits, int64_t bit_offset, int64_t num_bits);
  arrow::Status AppendRun(bool value, int64_t num_bits);
  const uint8_t* data() const { return buffer_ ? buffer_->data() : nullptr; }
  void Clear() { size_ = 0; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish();

 private:
  arrow::Status Grow(int64_t num_bits);
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
  int64_t size_ = 0;
};

class ValueBuilder {
 public:
  /// \param bits_per_value  1 or a multiple of 8
  static ValueBuilder Fixed(uint64_t bits_per_value, arrow::MemoryPool* pool);
  /// \param bits_per_offset  32 or 64
  static ValueBuilder Variable(uint64_t bits_per_offset, arrow::MemoryPool* pool);

  bool is_variable() const { return bits_per_offset_ != 0; }
  uint64_t bits_per_value() const { return bits_per_value_; }
  uint64_t bytes_per_value() const { return bits_per_value_ / 8; }
  uint64_t bits_per_offset() const { return bits_per_offset_; }
  int64_t num_values() const { return num_values_; }
  int64_t data_size() const { return data_size_; }  ///< bytes appended so far (variable shape)
  arrow::MemoryPool* pool() const { return pool_; }

  /// Make room for `num_values` more values and, for the variable shape, `num_bytes` more bytes. Bytes
  /// beyond grow by the average of the values so far.
  arrow::Status Reserve(int64_t num_values, int64_t num_bytes = 0);

  // Fixed shape ---------------------------------------------------------------------------------
  /// Room for `num_values` values of at least 8 bits: the caller writes all of them.
  arrow::Result<uint8_t*> AppendFixed(int64_t num_values);
  /// Append 1-bit values.
  arrow::Status AppendBits(const uint8_t* bits, int64_t bit_offset, int64_t num_values);
  arrow::Status AppendZeros(int64_t num_values);

  // Variable shape ------------------------------------------------------------------------------
  arrow::Status AppendValue(Bytes value);
  /// Append `num_values` values whose bytes lie back to back: value i is
  /// bytes[offsets[i] - offsets[0] .. offsets[i+1] - offsets[0]). `offsets` has num_values + 1
  /// entries, already checked to ascend and to fit `bytes`.
  template <typename Offset>
  arrow::Status AppendValues(const Offset* offsets, int64_t num_values, const uint8_t* bytes);
  /// Append values [begin, end) of another builder of the same shape; its item validity is not
  /// taken along.
  arrow::Status AppendSlice(const ValueBuilder& from, int64_t begin, int64_t end);
  /// Append `num_values` values written by `decode(i, to)`, which returns the bytes it wrote or a negative
  /// number for a value that cannot be decoded. `max_bytes` bounds all of them together.
  template <typename DecodeValue>
  arrow::Status AppendDecoded(int64_t num_values, int64_t max_bytes, DecodeValue decode);
  /// Forget the values, keep the memory.
  void Clear();
  /// Append values picked from elsewhere: value i is bytes[offsets[k] .. offsets[k + 1]) with
  /// k = indices[i]. Indices and offsets are already checked.
  /// \param num_items     values to pick from
  /// \param num_bytes     of all of them
  /// \param num_readable  at least num_bytes: allocated, whatever it holds
  template <typename Offset, typename Index>
  arrow::Status AppendGathered(const Offset* offsets, int64_t num_items, const uint8_t* bytes,
                               int64_t num_bytes, int64_t num_readable, const Index* indices,
                               int64_t num_values);
  /// Room for at most `max_bytes` bytes of one value: write there, then call CommitValue.
  arrow::Result<uint8_t*> PrepareValue(int64_t max_bytes);
  arrow::Status CommitValue(int64_t num_bytes);

  /// Where a decoder writes many values at once, without a call per value.
  struct Room {
    uint8_t* bytes;  ///< where the first value begins
    uint8_t* ends;   ///< end of value i as an offset of bits_per_offset bits: base + bytes so far
    int64_t base;    ///< the offset of `bytes`
  };
  /// Room for `num_values` values of at most `max_bytes` bytes in all: fill both, then CommitValues.
  arrow::Result<Room> PrepareValues(int64_t num_values, int64_t max_bytes);
  arrow::Status CommitValues(int64_t num_values, int64_t num_bytes);

  /// Bitmaps of fixed-size-list levels that store validity; outermost first.
  std::vector<BitmapBuilder>& item_validity() { return item_validity_; }

  const uint8_t* data() const { return data_ ? data_->data() : nullptr; }
  uint8_t* mutable_data() { return data_ ? data_->mutable_data() : nullptr; }
  const uint8_t* offsets() const { return offsets_ ? offsets_->data() : nullptr; }

  /// Hand over the value bytes (fixed: the values; variable: the bytes). Call once.
  arrow::Result<std::shared_ptr<arrow::Buffer>> FinishData();
  /// Hand over the offsets: num_values() + 1 entries. Call once, variable shape only.
  arrow::Result<std::shared_ptr<arrow::Buffer>> FinishOffsets();

 private:
  explicit ValueBuilder(arrow::MemoryPool* pool) : pool_(pool) {}
  arrow::Status GrowData(int64_t num_bytes);
  arrow::Status GrowOffsets(int64_t num_values);
  // 32-bit offsets reach 2 GiB.
  arrow::Status CheckOffsetsReach(int64_t size) const;

  arrow::MemoryPool* pool_;
  uint64_t bits_per_value_ = 0;
  uint64_t bits_per_offset_ = 0;
  int64_t num_values_ = 0;
  int64_t data_size_ = 0;
  int64_t expected_values_ = 0;  // as far as Reserve was told
  std::shared_ptr<arrow::ResizableBuffer> data_;
  std::shared_ptr<arrow::ResizableBuffer> offsets_;
  std::vector<BitmapBuilder> item_validity_;
};

template <typename DecodeValue>
arrow::Status ValueBuilder::AppendDecoded(int64_t num_values, int64_t max_bytes,
                                          DecodeValue decode) {
  ARROW_RETURN_NOT_OK(GrowOffsets(num_values));
  ARROW_RETURN_NOT_OK(GrowData(max_bytes));
  ARROW_RETURN_NOT_OK(CheckOffsetsReach(data_size_ + max_bytes));
  uint8_t* const data = data_->mutable_data();
  auto append = [&]<typename Offset>(Offset) -> arrow::Status {
    Offset* offsets = reinterpret_cast<Offset*>(offsets_->mutable_data()) + num_values_ + 1;
    for (int64_t i = 0; i < num_values; ++i) {
      const int64_t size = decode(i, data + data_size_);
      if (size < 0) return Corrupt("value ", i, " of a chunk cannot be decoded");
      data_size_ += size;
      offsets[i] = static_cast<Offset>(data_size_);
    }
    num_values_ += num_values;
    return arrow::Status::OK();
  };
  return bits_per_offset_ == 32 ? append(int32_t{}) : append(int64_t{});
}

}  // namespace lancea
