#include "lancea/encoding/compress/byte_stream_split.h"

#include "lancea/util/errors.h"

namespace lancea {
namespace {

template <int kWidth>
void Join(const uint8_t* streams, int64_t num_values, int64_t begin, int64_t end, uint8_t* out) {
  for (int64_t i = begin; i < end; ++i) {
    for (int j = 0; j < kWidth; ++j) *out++ = streams[j * num_values + i];
  }
}

class ByteStreamSplitMiniBlock : public MiniBlockDecoder {
 public:
  explicit ByteStreamSplitMiniBlock(uint64_t bits) : bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  int num_buffers() const override { return 1; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                       int64_t end, ValueBuilder* out) const override {
    if (static_cast<uint64_t>(num_values) > buffers[0].size() / (bits_ / 8)) {
      return Corrupt("byte stream split: ", num_values, " values in ", buffers[0].size(), " bytes");
    }
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(end - begin));
    switch (bits_) {
      case 16:
        Join<2>(buffers[0].data(), num_values, begin, end, to);
        break;
      case 32:
        Join<4>(buffers[0].data(), num_values, begin, end, to);
        break;
      default:
        Join<8>(buffers[0].data(), num_values, begin, end, to);
    }
    return arrow::Status::OK();
  }

 private:
  uint64_t bits_;
};

}  // namespace

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeByteStreamSplitMiniBlock(
    const EncodingMessage& message) {
  const auto& values = message.byte_stream_split().values();
  if (!values.has_flat()) return Unsupported("byte stream split over values that are not flat");
  const uint64_t bits = values.flat().bits_per_value();
  if (bits != 16 && bits != 32 && bits != 64)
    return Corrupt("byte stream split of ", bits, "-bit values");
  return std::make_unique<ByteStreamSplitMiniBlock>(bits);
}

}  // namespace lancea
