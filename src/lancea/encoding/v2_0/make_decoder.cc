#include "lancea/encoding/v2_0/make_decoder.h"

#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/v2_0/binary.h"
#include "lancea/encoding/v2_0/bitpacked.h"
#include "lancea/encoding/v2_0/constant.h"
#include "lancea/encoding/v2_0/dictionary.h"
#include "lancea/encoding/v2_0/fixed_size_binary.h"
#include "lancea/encoding/v2_0/fixed_size_list.h"
#include "lancea/encoding/v2_0/flat.h"
#include "lancea/encoding/v2_0/fsst.h"
#include "lancea/encoding/v2_0/nullable.h"
#include "lancea/encoding/v2_0/packed_struct.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeArrayDecoder(
    const pb::ArrayEncoding& encoding, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context) {
  if (context.depth > kMaxDepth) return Corrupt("array encoding nested more than ", kMaxDepth, " deep");
  using Case = pb::ArrayEncoding::ArrayEncodingCase;
  switch (encoding.array_encoding_case()) {
    case Case::kFlat: return MakeFlat(encoding.flat(), type, num_rows, context);
    case Case::kNullable: return MakeNullable(encoding.nullable(), type, num_rows, context);
    case Case::kFixedSizeList: return MakeFixedSizeList(encoding.fixed_size_list(), type, num_rows, context);
    case Case::kBinary: return MakeBinary(encoding.binary(), type, num_rows, context);
    case Case::kDictionary: return MakeDictionary(encoding.dictionary(), type, num_rows, context);
    case Case::kFsst: return MakeFsst(encoding.fsst(), type, num_rows, context);
    case Case::kPackedStruct: return MakePackedStruct(encoding.packed_struct(), type, num_rows, context);
    case Case::kBitpacked: return MakeBitpacked(encoding.bitpacked(), type, num_rows, context);
    case Case::kFixedSizeBinary:
      return MakeFixedSizeBinary(encoding.fixed_size_binary(), type, num_rows, context);
    case Case::kBitpackedForNonNeg:
      return MakeBitpackedForNonNeg(encoding.bitpacked_for_non_neg(), type, num_rows, context);
    case Case::kConstant: return MakeConstant(encoding.constant(), type, context);
    case Case::kList: return Corrupt("list encoding where ", type->ToString(), " is expected");
    case Case::kStruct: return Corrupt("struct encoding where ", type->ToString(), " is expected");
    case Case::ARRAY_ENCODING_NOT_SET: return Corrupt("array encoding of no or an unknown kind");
    default:
      // The others were drafts of 2.1.
      return Unsupported("array encoding number ", static_cast<int>(encoding.array_encoding_case()),
                         " in a 2.0 file");
  }
}

std::optional<uint64_t> FixedWidthBits(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::DICTIONARY:
    case arrow::Type::EXTENSION:
      return std::nullopt;
    default:
      if (!arrow::is_fixed_width(type.id())) return std::nullopt;
      return static_cast<uint64_t>(static_cast<const arrow::FixedWidthType&>(type).bit_width());
  }
}

int64_t AlignmentOf(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_BINARY || type.id() == arrow::Type::BOOL) return 1;
  const uint64_t bytes = FixedWidthBits(type).value_or(8) / 8;
  return static_cast<int64_t>(std::min<uint64_t>(bytes, 16));
}

arrow::Result<ByteRange> FindBuffer(const pb::Buffer& message, const PageContext& context) {
  const std::vector<ByteRange>* buffers = nullptr;
  switch (message.buffer_type()) {
    case pb::Buffer::page: buffers = &context.page->buffers; break;
    case pb::Buffer::column: buffers = &context.column->buffers; break;
    default:
      return Unsupported("page that keeps values in file buffer ", message.buffer_index());
  }
  if (message.buffer_index() >= buffers->size()) {
    return Corrupt("buffer ", message.buffer_index(), " of ", buffers->size());
  }
  return (*buffers)[message.buffer_index()];
}

arrow::Result<StoredBuffer> FindFlatBuffer(const pb::Flat& flat, const PageContext& context) {
  if (!flat.has_buffer()) return Corrupt("flat values without a buffer");
  ARROW_ASSIGN_OR_RAISE(ByteRange range, FindBuffer(flat.buffer(), context));
  const std::string& scheme = flat.compression().scheme();
  if (!flat.has_compression() || scheme == "none") return StoredBuffer(range, std::nullopt);
  if (flat.bits_per_value() % 8 != 0) return Unsupported("compressed bits");
  if (scheme == "zstd") return StoredBuffer(range, CompressionScheme::kZstd);
  if (scheme == "lz4") return StoredBuffer(range, CompressionScheme::kLz4);
  return Unsupported("compression scheme \"", scheme, "\"");
}

arrow::Status CheckUnstoredSize(uint64_t num_values, uint64_t bits, const PageContext& context) {
  constexpr uint64_t kFreeBytes = uint64_t{1} << 28;
  constexpr uint64_t kPerFileByte = 64;
  uint64_t total = 0;
  if (__builtin_mul_overflow(num_values, bits, &total) ||
      total / 8 > kFreeBytes + kPerFileByte * context.file_size) {
    return arrow::Status::CapacityError(num_values, " values of ", bits,
                                        " bits in one array of a page that stores none; lower batch_size");
  }
  return arrow::Status::OK();
}

}  // namespace lancea::v2_0
