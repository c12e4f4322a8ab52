#include "lancea/encoding/compress/packed_struct.h"

#include "lancea/encoding/compress/flat.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Status Check(const EncodingMessage& message) {
  const auto& packed = message.packed_struct();
  if (!packed.values().has_flat()) return Unsupported("packed struct rows that are not flat");
  uint64_t bits = 0;
  for (uint64_t width : packed.bits_per_value()) {
    if (width == 0 || width % 8 != 0 || width > (uint64_t{1} << 40)) {
      return Corrupt("packed struct child of ", width, " bits");
    }
    bits += width;
  }
  if (bits != packed.values().flat().bits_per_value()) {
    return Corrupt("packed struct children of ", bits, " bits in rows of ",
                   packed.values().flat().bits_per_value());
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakePackedStructMiniBlock(
    const EncodingMessage& message) {
  ARROW_RETURN_NOT_OK(Check(message));
  return MakeFlatMiniBlock(message.packed_struct().values());
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakePackedStructPerValue(
    const EncodingMessage& message) {
  ARROW_RETURN_NOT_OK(Check(message));
  return MakeFlatPerValue(message.packed_struct().values());
}

}  // namespace lancea
