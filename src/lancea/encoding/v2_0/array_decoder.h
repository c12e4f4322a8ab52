// One array of a 2.0 page: what every node of an `ArrayEncoding` tree is decoded by.
//
// A page's encoding is a tree (nullable -> fixed_size_list -> nullable -> flat ...). Each node becomes
// an ArrayDecoder, made once per page; each read of some rows makes an ArrayRead from it, which asks for
// bytes, is handed them, may ask for more (a binary's bytes are known only once its offsets are), and
// ends in Arrow data. Nodes pass Advance and Supply on to the nodes below them in a fixed order, so the
// buffers of a whole tree travel in one list without being regrouped at every level.
//
//   read = decoder.Plan(ranges, pool);
//   do { needs.clear(); read->Advance(&needs); cursor = bytes of needs; read->Supply(&cursor); }
//   while (!needs.empty());
//   data = read->Finish();
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/io/row_range.h"

namespace lancea::v2_0 {

/// Hands out supplied buffers in the order in which they were asked for.
class BufferCursor {
 public:
  explicit BufferCursor(std::span<std::shared_ptr<arrow::Buffer>> buffers) : buffers_(buffers) {}
  std::shared_ptr<arrow::Buffer> Next() { return std::move(buffers_[next_++]); }

 private:
  std::span<std::shared_ptr<arrow::Buffer>> buffers_;
  size_t next_ = 0;
};

/// A read of some rows. Refers to the decoder that made it. Not thread-safe.
class ArrayRead {
 public:
  virtual ~ArrayRead() = default;
  /// Go on as far as the bytes at hand allow and append what is wanted next; nothing appended: all bytes
  /// are here.
  virtual arrow::Status Advance(std::vector<ByteRange>* needs) = 0;
  /// Take one buffer for each range that the last Advance appended, in that order, each exactly as long
  /// as its range.
  virtual arrow::Status Supply(BufferCursor* buffers) = 0;
  /// Decode; once, after an Advance that wanted nothing. The data start at offset 0.
  virtual arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() = 0;
};

/// Immutable but for synchronised caches; thread-safe. Outlives its reads.
class ArrayDecoder {
 public:
  virtual ~ArrayDecoder() = default;
  /// Begin to read `ranges`: ascending, disjoint, each non-empty, all inside the rows of the page.
  virtual arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                         arrow::MemoryPool* pool) const = 0;
};

inline int64_t CountRows(std::span<const RowRange> ranges) {
  uint64_t rows = 0;
  for (const RowRange& range : ranges) rows += range.size();
  return static_cast<int64_t>(rows);
}

}  // namespace lancea::v2_0
