#include "lancea/encoding/compress/variable.h"

#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Chunks hold at most 32,768 values; offsets that take no bytes would bear out any number.
constexpr int64_t kMaxChunkValues = int64_t{1} << 20;

template <typename Offset>
bool Ascend(const Offset* offsets, int64_t count) {
  bool ok = true;
  for (int64_t i = 1; i < count; ++i) ok &= offsets[i] >= offsets[i - 1];
  return ok;
}

template <typename Offset>
arrow::Status DecodeMiniBlock(Bytes buffer, int64_t num_values, int64_t begin, int64_t end,
                              ValueBuilder* out) {
  std::vector<Offset> aligned;
  ARROW_ASSIGN_OR_RAISE(const Offset* offsets,
                        CheckMiniBlockOffsets<Offset>(buffer, num_values, begin, end, &aligned));
  return out->AppendValues(offsets, end - begin, buffer.data() + offsets[0]);
}

// Asks values where they lie.
template <typename Offset>
class VariableAsker : public MiniBlockAsker {
 public:
  explicit VariableAsker(const TextCondition& condition) : condition_(condition) {}
  arrow::Status Ask(std::span<const Bytes> buffers, int64_t num_values, int64_t begin, int64_t end,
                    uint8_t* answers) override {
    const Bytes buffer = buffers[0];
    ARROW_ASSIGN_OR_RAISE(const Offset* offsets,
                          CheckMiniBlockOffsets<Offset>(buffer, num_values, begin, end, &aligned_));
    condition_.Ask(offsets, end - begin, buffer.data(), buffer.size(), answers);
    return arrow::Status::OK();
  }

 private:
  const TextCondition& condition_;
  std::vector<Offset> aligned_;
};

class VariableMiniBlock : public MiniBlockDecoder {
 public:
  explicit VariableMiniBlock(uint64_t bits) : bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }
  int num_buffers() const override { return 1; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                       int64_t end, ValueBuilder* out) const override {
    return bits_ == 32 ? DecodeMiniBlock<uint32_t>(buffers[0], num_values, begin, end, out)
                       : DecodeMiniBlock<uint64_t>(buffers[0], num_values, begin, end, out);
  }
  std::unique_ptr<MiniBlockAsker> MakeAsker(const ValueCondition& condition) const override {
    if (bits_ == 32) return std::make_unique<VariableAsker<uint32_t>>(*condition.text());
    return std::make_unique<VariableAsker<uint64_t>>(*condition.text());
  }

 private:
  uint64_t bits_;
};

// Offsets in a block encoding of their own (2.3).
class EncodedOffsetsMiniBlock : public MiniBlockDecoder {
 public:
  EncodedOffsetsMiniBlock(std::unique_ptr<BlockDecoder> offsets, uint64_t bits)
      : offsets_(std::move(offsets)), bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }
  int num_buffers() const override { return offsets_->has_payload() ? 2 : 1; }
  bool is_random_access() const override { return false; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                       int64_t end, ValueBuilder* out) const override {
    const Bytes bytes = buffers[num_buffers() - 1];
    if (num_values > kMaxChunkValues)
      return Corrupt("variable: a chunk of ", num_values, " values");
    ValueBuilder offsets = ValueBuilder::Fixed(bits_, out->pool());
    ARROW_RETURN_NOT_OK(
        offsets_->Decode(offsets_->has_payload() ? buffers[0] : Bytes(), num_values + 1, &offsets));
    if (offsets.num_values() != num_values + 1) {
      return Corrupt("variable: ", offsets.num_values(), " offsets for ", num_values, " values");
    }
    return bits_ == 32 ? Append<uint32_t>(offsets, bytes, begin, end, out)
                       : Append<uint64_t>(offsets, bytes, begin, end, out);
  }

 private:
  template <typename Offset>
  static arrow::Status Append(const ValueBuilder& builder, Bytes bytes, int64_t begin, int64_t end,
                              ValueBuilder* out) {
    const Offset* offsets = reinterpret_cast<const Offset*>(builder.data());
    const int64_t count = builder.num_values();
    if (offsets[0] != 0 || !Ascend(offsets, count) || offsets[count - 1] > bytes.size()) {
      return Corrupt("variable: offsets do not fit ", bytes.size(), " bytes");
    }
    return out->AppendValues(offsets + begin, end - begin, bytes.data() + offsets[begin]);
  }

  std::unique_ptr<BlockDecoder> offsets_;
  uint64_t bits_;
};

class VariableBlock : public BlockDecoder {
 public:
  explicit VariableBlock(uint64_t bits) : bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }

  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    ByteReader reader(block, "variable block");
    if (block.size() < 4) return Corrupt("variable block of ", block.size(), " bytes");
    uint64_t bits, position;
    // Widths fit one byte, so other bytes set mean the early layout (the count of values there).
    if (block[1] != 0 || block[2] != 0 || block[3] != 0) {
      ARROW_ASSIGN_OR_RAISE(bits, reader.Read<uint8_t>());
      ARROW_RETURN_NOT_OK(reader.Take(bits == 64 ? 8 : 4));
    } else {
      ARROW_ASSIGN_OR_RAISE(bits, reader.Read<uint32_t>());
      if (bits == 64) ARROW_RETURN_NOT_OK(reader.Take(4));
    }
    if (bits == 64) {
      ARROW_ASSIGN_OR_RAISE(position, reader.Read<uint64_t>());
    } else if (bits == 32) {
      ARROW_ASSIGN_OR_RAISE(position, reader.Read<uint32_t>());
    } else {
      return Corrupt("variable block with offsets of ", bits, " bits");
    }
    const uint64_t count = static_cast<uint64_t>(num_values) + 1;
    if (count > block.size())
      return Corrupt("variable block: ", num_values, " values in ", block.size(), " bytes");
    ARROW_ASSIGN_OR_RAISE(Bytes offsets, reader.Take(count * bits / 8));
    if (position > block.size())
      return Corrupt("variable block: bytes at ", position, " of ", block.size());
    return bits == 32 ? Append<uint32_t>(offsets, block.subspan(position), num_values, out)
                      : Append<uint64_t>(offsets, block.subspan(position), num_values, out);
  }

 private:
  template <typename Offset>
  static arrow::Status Append(Bytes offset_bytes, Bytes bytes, int64_t num_values,
                              ValueBuilder* out) {
    // Early blocks leave the offsets unaligned.
    std::vector<Offset> offsets(num_values + 1);
    std::memcpy(offsets.data(), offset_bytes.data(), offset_bytes.size());
    if (!Ascend(offsets.data(), num_values + 1) || offsets.back() > bytes.size()) {
      return Corrupt("variable block: offsets do not fit ", bytes.size(), " bytes");
    }
    return out->AppendValues(offsets.data(), num_values, bytes.data() + offsets[0]);
  }

  uint64_t bits_;
};

class VariablePerValue : public PerValueDecoder {
 public:
  explicit VariablePerValue(uint64_t bits) : bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }
  bool is_plain() const override { return true; }
  arrow::Status Decode(Bytes value, ValueBuilder* out) const override {
    return out->AppendValue(value);
  }

 private:
  uint64_t bits_;
};

arrow::Result<uint64_t> FlatOffsetBits(const EncodingMessage& message) {
  const auto& variable = message.variable();
  if (variable.has_values()) return Unsupported("compressed buffers inside variable");
  if (!variable.offsets().has_flat()) return Unsupported("offsets that are not flat");
  const uint64_t bits = variable.offsets().flat().bits_per_value();
  if (bits != 32 && bits != 64) return Corrupt("offsets of ", bits, " bits");
  return bits;
}

}  // namespace

template <typename Offset>
arrow::Result<const Offset*> CheckMiniBlockOffsets(Bytes buffer, int64_t num_values, int64_t begin,
                                                   int64_t end, std::vector<Offset>* aligned) {
  const uint64_t count = static_cast<uint64_t>(num_values) + 1;
  if (count > buffer.size() / sizeof(Offset)) {
    return Corrupt("variable: ", num_values, " values in a chunk of ", buffer.size(), " bytes");
  }
  const int64_t wanted = end - begin + 1;
  const Offset* offsets = reinterpret_cast<const Offset*>(buffer.data()) + begin;
  // Aligned in the file, but not where a read of neighbouring bytes began at an odd place.
  if (reinterpret_cast<uintptr_t>(buffer.data()) % alignof(Offset) != 0) {
    aligned->resize(wanted);
    std::memcpy(aligned->data(), buffer.data() + begin * sizeof(Offset), wanted * sizeof(Offset));
    offsets = aligned->data();
  }
  if (!Ascend(offsets, wanted) || offsets[wanted - 1] > buffer.size()) {
    return Corrupt("variable: offsets do not fit a chunk of ", buffer.size(), " bytes");
  }
  return offsets;
}

template arrow::Result<const uint32_t*> CheckMiniBlockOffsets(Bytes, int64_t, int64_t, int64_t,
                                                              std::vector<uint32_t>*);
template arrow::Result<const uint64_t*> CheckMiniBlockOffsets(Bytes, int64_t, int64_t, int64_t,
                                                              std::vector<uint64_t>*);

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeVariableMiniBlock(
    const EncodingMessage& message, int depth) {
  if (message.variable().offsets().has_flat()) {
    ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatOffsetBits(message));
    return std::make_unique<VariableMiniBlock>(bits);
  }
  ARROW_ASSIGN_OR_RAISE(auto offsets, MakeBlockDecoder(message.variable().offsets(), depth + 1));
  const uint64_t bits = offsets->shape().bits_per_value;
  if (bits != 32 && bits != 64) return Corrupt("offsets of ", bits, " bits");
  return std::make_unique<EncodedOffsetsMiniBlock>(std::move(offsets), bits);
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeVariableBlock(const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatOffsetBits(message));
  return std::make_unique<VariableBlock>(bits);
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakeVariablePerValue(
    const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatOffsetBits(message));
  return std::make_unique<VariablePerValue>(bits);
}

}  // namespace lancea
