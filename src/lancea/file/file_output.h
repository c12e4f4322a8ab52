// The growing bytes of a data file: every buffer starts at a multiple of 64, and what is written is
// counted into the checksums.
//
//   buffer | 'H' ... up to a multiple of 64 | buffer | ...
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lancea/file/checksums.h"
#include "lancea/object_store.h"

namespace lancea {

inline constexpr uint64_t kBufferAlignment = 64;

/// Not thread-safe.
class FileOutput {
 public:
  FileOutput(std::unique_ptr<ObjectWriter> object, bool checksums);

  /// Append buffers, each aligned; nullptr counts as empty.
  /// \return where each is
  arrow::Result<std::vector<ByteRange>> WriteAligned(
      std::span<const std::shared_ptr<arrow::Buffer>> buffers);

  /// Pad to the next multiple of 64.
  arrow::Status Align();

  /// Append bytes as they are, not counted into the checksums: the checksums and what is behind them.
  arrow::Status WriteUncounted(Bytes bytes);

  uint64_t position() const { return position_; }
  /// Of all aligned buffers; nullopt when the file has none.
  std::optional<ChecksumBuilder>& checksums() { return checksums_; }
  ObjectWriter& object() { return *object_; }

 private:
  const std::unique_ptr<ObjectWriter> object_;
  std::optional<ChecksumBuilder> checksums_;
  uint64_t position_ = 0;
};

}  // namespace lancea
