// One mini-block chunk split into its level and value buffers. Layout: mini_block.h.
#pragma once

#include <vector>

#include "arrow/status.h"
#include "lancea/encoding/structural/mini_block.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Views into a chunk, valid while its bytes live. Reusable: Parse starts over.
class MiniBlockChunk {
 public:
  /// \param bytes  exactly one chunk
  /// \return Corrupt if a declared size runs past the end of the chunk
  arrow::Status Parse(Bytes bytes, const MiniBlockLayout& layout);

  int64_t num_levels() const { return num_levels_; }
  Bytes rep() const { return rep_; }
  Bytes def() const { return def_; }
  std::span<const Bytes> values() const { return values_; }

 private:
  int64_t num_levels_ = 0;
  Bytes rep_, def_;
  std::vector<Bytes> values_;
  std::vector<uint32_t> sizes_;
};

}  // namespace lancea
