#include "lancea/object_store.h"

#include "arrow/buffer.h"

namespace lancea {

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> ObjectReader::ReadMany(
    std::span<const ByteRange> ranges) {
  std::vector<std::shared_ptr<arrow::Buffer>> out;
  out.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(range));
    out.push_back(std::move(buffer));
  }
  return out;
}

}  // namespace lancea
