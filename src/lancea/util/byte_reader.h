// Bounds-checked little-endian reads from borrowed bytes. Everything read from disk passes here.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "arrow/result.h"
#include "lancea/util/errors.h"

namespace lancea {

static_assert(std::endian::native == std::endian::little, "Lance files are little-endian");

/// Borrowed, immutable bytes.
using Bytes = std::span<const uint8_t>;

/// Unaligned little-endian load; the caller has checked that sizeof(T) bytes are there.
template <typename T>
T LoadLittleEndian(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// A cursor over borrowed bytes. Every read says what it was reading when the bytes run out.
class ByteReader {
 public:
  ByteReader(Bytes bytes, const char* what) : bytes_(bytes), what_(what) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }

  /// The next `length` bytes, valid while the borrowed bytes live.
  arrow::Result<Bytes> Take(uint64_t length) {
    if (length > remaining()) {
      return Corrupt(what_, ": need ", length, " bytes at ", position_, ", have ", remaining());
    }
    Bytes out = bytes_.subspan(position_, length);
    position_ += length;
    return out;
  }

  template <typename T>
  arrow::Result<T> Read() {
    ARROW_ASSIGN_OR_RAISE(Bytes bytes, Take(sizeof(T)));
    return LoadLittleEndian<T>(bytes.data());
  }

  /// Skip to the next multiple of `alignment` counted from the first byte; the end counts as aligned.
  void Align(uint64_t alignment) {
    uint64_t aligned = (position_ + alignment - 1) / alignment * alignment;
    position_ = aligned < bytes_.size() ? aligned : bytes_.size();
  }

 private:
  Bytes bytes_;
  uint64_t position_ = 0;
  const char* what_;
};

}  // namespace lancea
