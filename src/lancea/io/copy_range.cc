#include "lancea/io/copy_range.h"

#include <algorithm>

#include "arrow/buffer.h"
#include "arrow/result.h"

namespace lancea {

arrow::Status CopyRange(ObjectReader* from, ByteRange range, ObjectWriter* to) {
  constexpr uint64_t kPieceBytes = uint64_t{8} << 20;
  for (uint64_t done = 0; done < range.length; done += kPieceBytes) {
    const uint64_t length = std::min(kPieceBytes, range.length - done);
    ARROW_ASSIGN_OR_RAISE(auto piece, from->ReadAt({range.offset + done, length}));
    ARROW_RETURN_NOT_OK(to->Write({piece->data(), static_cast<size_t>(length)}));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
