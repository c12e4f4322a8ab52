#include "lancea/encoding/compress/make_decoder.h"

#include "lancea/encoding/compress/bitpacking.h"
#include "lancea/encoding/compress/byte_stream_split.h"
#include "lancea/encoding/compress/dictionary_block.h"
#include "lancea/encoding/compress/flat.h"
#include "lancea/encoding/compress/fsst.h"
#include "lancea/encoding/compress/general.h"
#include "lancea/encoding/compress/packed_struct.h"
#include "lancea/encoding/compress/rle.h"
#include "lancea/encoding/compress/sequence_blocks.h"
#include "lancea/encoding/compress/variable.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

arrow::Status Misplaced(const EncodingMessage& message, const char* place) {
  return Unsupported("encoding ", DescribeEncoding(message), " in a ", place);
}

arrow::Status CheckDepth(int depth) {
  return depth > kMaxEncodingDepth
             ? Corrupt("encodings nested more than ", kMaxEncodingDepth, " deep")
             : arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeMiniBlockDecoder(
    const EncodingMessage& message, int depth) {
  ARROW_RETURN_NOT_OK(CheckDepth(depth));
  switch (message.compression_case()) {
    case EncodingMessage::kFlat:
    case EncodingMessage::kFixedSizeList:
      return MakeFlatMiniBlock(message);
    case EncodingMessage::kVariable:
      return MakeVariableMiniBlock(message, depth);
    case EncodingMessage::kInlineBitpacking:
      return MakeInlineBitpackingMiniBlock(message);
    case EncodingMessage::kOutOfLineBitpacking:
      return MakeOutOfLineBitpackingMiniBlock(message);
    case EncodingMessage::kFsst:
      return MakeFsstMiniBlock(message);
    case EncodingMessage::kRle:
      return MakeRleMiniBlock(message, depth);
    case EncodingMessage::kByteStreamSplit:
      return MakeByteStreamSplitMiniBlock(message);
    case EncodingMessage::kGeneral:
      return MakeGeneralMiniBlock(message, depth);
    case EncodingMessage::kPackedStruct:
      return MakePackedStructMiniBlock(message);
    default:
      return Misplaced(message, "mini-block");
  }
}

namespace {

// What every block is asked with: levels are decoded to 16-bit builders and run values to plain ones, whatever
// shape a page's description gives them, and a decoder writes as much as its own shape needs.
class CheckedBlock : public BlockDecoder {
 public:
  explicit CheckedBlock(std::unique_ptr<BlockDecoder> decoder)
      : decoder_(std::move(decoder)), shape_(decoder_->shape()) {}
  ValueShape shape() const override { return shape_; }
  bool has_payload() const override { return decoder_->has_payload(); }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    if (out->bits_per_offset() != shape_.bits_per_offset ||
        out->bits_per_value() != shape_.bits_per_value ||
        out->item_validity().size() != static_cast<size_t>(shape_.num_item_validity)) {
      return Corrupt("a block of ", shape_.bits_per_value, "-bit values where ",
                     out->bits_per_value(), "-bit values are expected");
    }
    if (num_values < 0) return Corrupt("a block of ", num_values, " values");
    return decoder_->Decode(block, num_values, out);
  }

 private:
  std::unique_ptr<BlockDecoder> decoder_;
  ValueShape shape_;
};

arrow::Result<std::unique_ptr<BlockDecoder>> MakeUncheckedBlock(const EncodingMessage& message,
                                                                int depth) {
  ARROW_RETURN_NOT_OK(CheckDepth(depth));
  switch (message.compression_case()) {
    case EncodingMessage::kFlat:
    case EncodingMessage::kFixedSizeList:
      return MakeFlatBlock(message);
    case EncodingMessage::kVariable:
      return MakeVariableBlock(message);
    case EncodingMessage::kConstant:
      return MakeConstantBlock(message);
    case EncodingMessage::kInlineBitpacking:
      return MakeInlineBitpackingBlock(message);
    case EncodingMessage::kOutOfLineBitpacking:
      return MakeOutOfLineBitpackingBlock(message);
    case EncodingMessage::kRle:
      return MakeRleBlock(message, depth);
    case EncodingMessage::kGeneral:
      return MakeGeneralBlock(message, depth);
    case EncodingMessage::kDictionary:
      return MakeDictionaryBlock(message, depth);
    case EncodingMessage::kRange:
      return MakeRangeBlock(message);
    case EncodingMessage::kDelta:
      return MakeDeltaBlock(message, depth);
    default:
      return Misplaced(message, "block");
  }
}

}  // namespace

arrow::Result<std::unique_ptr<BlockDecoder>> MakeBlockDecoder(const EncodingMessage& message,
                                                              int depth) {
  ARROW_ASSIGN_OR_RAISE(auto decoder, MakeUncheckedBlock(message, depth));
  return std::make_unique<CheckedBlock>(std::move(decoder));
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakePerValueDecoder(const EncodingMessage& message,
                                                                    int depth) {
  ARROW_RETURN_NOT_OK(CheckDepth(depth));
  switch (message.compression_case()) {
    case EncodingMessage::kFlat:
    case EncodingMessage::kFixedSizeList:
      return MakeFlatPerValue(message);
    case EncodingMessage::kVariable:
      return MakeVariablePerValue(message);
    case EncodingMessage::kFsst:
      return MakeFsstPerValue(message);
    case EncodingMessage::kGeneral:
      return MakeGeneralPerValue(message, depth);
    case EncodingMessage::kPackedStruct:
      return MakePackedStructPerValue(message);
    default:
      return Misplaced(message, "full-zip page");
  }
}

std::string DescribeEncoding(const EncodingMessage& message, int depth) {
  if (depth > kMaxEncodingDepth) return "...";
  auto inner = [&](const EncodingMessage& m) { return DescribeEncoding(m, depth + 1); };
  switch (message.compression_case()) {
    case EncodingMessage::kFlat:
      return "flat(" + std::to_string(message.flat().bits_per_value()) + ")";
    case EncodingMessage::kVariable:
      return "variable(" + inner(message.variable().offsets()) + ")";
    case EncodingMessage::kConstant:
      return "constant";
    case EncodingMessage::kOutOfLineBitpacking:
      return "bitpacked(" +
             std::to_string(message.out_of_line_bitpacking().uncompressed_bits_per_value()) +
             " to " +
             std::to_string(message.out_of_line_bitpacking().values().flat().bits_per_value()) +
             ")";
    case EncodingMessage::kInlineBitpacking:
      return "bitpacked(" +
             std::to_string(message.inline_bitpacking().uncompressed_bits_per_value()) + ")";
    case EncodingMessage::kFsst:
      return "fsst(" + inner(message.fsst().values()) + ")";
    case EncodingMessage::kDictionary:
      return "dictionary(" + inner(message.dictionary().indices()) + ", " +
             inner(message.dictionary().items()) + ")";
    case EncodingMessage::kRle:
      return "rle(" + inner(message.rle().values()) + ", " + inner(message.rle().run_lengths()) +
             ")";
    case EncodingMessage::kByteStreamSplit:
      return "byte_stream_split(" + inner(message.byte_stream_split().values()) + ")";
    case EncodingMessage::kGeneral: {
      const auto scheme = message.general().compression().scheme();
      const char* name = scheme == lance::encodings23::COMPRESSION_ALGORITHM_LZ4    ? "lz4"
                         : scheme == lance::encodings23::COMPRESSION_ALGORITHM_ZSTD ? "zstd"
                                                                                    : "unknown";
      return std::string(name) + "(" + inner(message.general().values()) + ")";
    }
    case EncodingMessage::kFixedSizeList:
      return "fixed_size_list(" + std::to_string(message.fixed_size_list().items_per_value()) +
             " x " + inner(message.fixed_size_list().values()) + ")";
    case EncodingMessage::kPackedStruct:
      return "packed_struct(" + inner(message.packed_struct().values()) + ")";
    case EncodingMessage::kVariablePackedStruct: {
      std::string out = "variable_packed_struct(";
      for (int i = 0; i < message.variable_packed_struct().fields_size(); ++i) {
        if (i > 0) out += ", ";
        out += inner(message.variable_packed_struct().fields(i).value());
      }
      return out + ")";
    }
    case EncodingMessage::kRange:
      return "range";
    case EncodingMessage::kDelta:
      return "delta(" + inner(message.delta().deltas()) + ")";
    case EncodingMessage::COMPRESSION_NOT_SET:
      break;
  }
  return "unknown";
}

arrow::Result<EncodingMessage> ToEncodingMessage(
    const lance::encodings21::CompressiveEncoding& message) {
  EncodingMessage out;
  if (!ParseMessageIn(message.SerializeAsString(), &out)) {
    return Corrupt("encoding description does not parse");
  }
  return out;
}

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeMiniBlockDecoder(
    const lance::encodings21::CompressiveEncoding& message) {
  ARROW_ASSIGN_OR_RAISE(EncodingMessage common, ToEncodingMessage(message));
  return MakeMiniBlockDecoder(common);
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeBlockDecoder(
    const lance::encodings21::CompressiveEncoding& message) {
  ARROW_ASSIGN_OR_RAISE(EncodingMessage common, ToEncodingMessage(message));
  return MakeBlockDecoder(common);
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakePerValueDecoder(
    const lance::encodings21::CompressiveEncoding& message) {
  ARROW_ASSIGN_OR_RAISE(EncodingMessage common, ToEncodingMessage(message));
  return MakePerValueDecoder(common);
}

std::string DescribeEncoding(const lance::encodings21::CompressiveEncoding& message) {
  auto common = ToEncodingMessage(message);
  return common.ok() ? DescribeEncoding(*common) : "unknown";
}

}  // namespace lancea
