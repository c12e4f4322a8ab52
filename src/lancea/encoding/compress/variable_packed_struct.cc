#include "lancea/encoding/compress/variable_packed_struct.h"

#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {

// Wider children are in no page, and a null row takes memory for one.
constexpr uint64_t kMaxChildBits = uint64_t{1} << 32;

std::vector<ValueBuilder> VariablePackedStructDecoder::MakeBuilders(arrow::MemoryPool* pool) const {
  std::vector<ValueBuilder> out;
  for (const Child& child : children_) out.push_back(child.decoder->shape().MakeBuilder(pool));
  return out;
}

arrow::Status VariablePackedStructDecoder::DecodeRow(Bytes row,
                                                     std::vector<ValueBuilder>* builders) const {
  if (row.empty()) {
    for (size_t i = 0; i < children_.size(); ++i) {
      const int64_t items = static_cast<int64_t>(children_[i].decoder->shape().items_per_value);
      ValueBuilder& builder = (*builders)[i];
      if (!builder.item_validity().empty()) {
        // Only the decoder knows how many bits each level of validity takes: give it zeros.
        const std::vector<uint8_t> zeros(children_[i].bits_per_value / 8);
        ARROW_RETURN_NOT_OK(children_[i].decoder->Decode(zeros, &builder));
        continue;
      }
      ARROW_RETURN_NOT_OK(builder.AppendZeros(items));
    }
    return arrow::Status::OK();
  }
  ByteReader reader(row, "packed struct row");
  for (size_t i = 0; i < children_.size(); ++i) {
    const Child& child = children_[i];
    uint64_t size = child.bits_per_value / 8;
    if (child.bits_per_length == 32) {
      ARROW_ASSIGN_OR_RAISE(size, reader.Read<uint32_t>());
    } else if (child.bits_per_length == 64) {
      ARROW_ASSIGN_OR_RAISE(size, reader.Read<uint64_t>());
    }
    ARROW_ASSIGN_OR_RAISE(Bytes value, reader.Take(size));
    ARROW_RETURN_NOT_OK(child.decoder->Decode(value, &(*builders)[i]));
  }
  if (reader.remaining() != 0) {
    return Corrupt("packed struct row has ", reader.remaining(), " bytes too many");
  }
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<VariablePackedStructDecoder>> MakeVariablePackedStructDecoder(
    const EncodingMessage& message) {
  std::vector<VariablePackedStructDecoder::Child> children;
  for (const auto& field : message.variable_packed_struct().fields()) {
    VariablePackedStructDecoder::Child child;
    child.bits_per_value = field.bits_per_value();
    child.bits_per_length = field.bits_per_length();
    const bool fixed = child.bits_per_length == 0;
    if (fixed ? (child.bits_per_value == 0 || child.bits_per_value % 8 != 0 ||
                 child.bits_per_value > kMaxChildBits)
              : (child.bits_per_length != 32 && child.bits_per_length != 64)) {
      return Corrupt("packed struct child of ", child.bits_per_value, " bits, length of ",
                     child.bits_per_length);
    }
    ARROW_ASSIGN_OR_RAISE(child.decoder, MakePerValueDecoder(field.value(), 1));
    const ValueShape shape = child.decoder->shape();
    const uint64_t stored_bytes = child.decoder->stored_bytes();
    if (fixed != (shape.bits_per_offset == 0) ||
        (fixed && stored_bytes != 0 && stored_bytes != child.bits_per_value / 8)) {
      return Corrupt("packed struct child whose encoding contradicts its layout");
    }
    children.push_back(std::move(child));
  }
  if (children.empty()) return Corrupt("packed struct without children");
  return std::make_unique<VariablePackedStructDecoder>(std::move(children));
}

arrow::Result<std::unique_ptr<VariablePackedStructDecoder>> MakeVariablePackedStructDecoder(
    const lance::encodings21::CompressiveEncoding& message) {
  ARROW_ASSIGN_OR_RAISE(EncodingMessage common, ToEncodingMessage(message));
  return MakeVariablePackedStructDecoder(common);
}

}  // namespace lancea
