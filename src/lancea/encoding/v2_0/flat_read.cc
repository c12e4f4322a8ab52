#include "lancea/encoding/v2_0/flat_read.h"

#include "lancea/encoding/compress/fastlanes.h"
#include "lancea/encoding/compress/general.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

constexpr uint64_t kMaxBitsPerValue = uint64_t{1} << 40;

bool IsWordWidth(uint64_t bits) { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }

arrow::Status CheckBuilder(const ValueBuilder& builder, uint64_t bits) {
  if (builder.is_variable() || builder.bits_per_value() != bits) {
    return Corrupt("values of ", bits, " bits where ",
                   builder.is_variable() ? 0 : builder.bits_per_value(), " are expected");
  }
  return arrow::Status::OK();
}

arrow::Status CheckWidth(uint64_t bits) {
  const bool fits = bits == 1 || (bits > 0 && bits % 8 == 0 && bits <= kMaxBitsPerValue);
  return fits ? arrow::Status::OK() : Corrupt("flat values of ", bits, " bits");
}

// The bytes that hold values [range.start, range.end) of `bits` bits, checked against the buffer.
arrow::Result<ByteRange> BytesOf(const RowRange& range, uint64_t bits, const ByteRange& buffer) {
  const unsigned __int128 end = (static_cast<unsigned __int128>(range.end) * bits + 7) / 8;
  if (end > buffer.length) {
    return Corrupt("values ", range.start, "..", range.end, " of ", bits, " bits in a buffer of ",
                   buffer.length, " bytes");
  }
  const uint64_t begin =
      static_cast<uint64_t>(static_cast<unsigned __int128>(range.start) * bits / 8);
  return ByteRange{buffer.offset + begin, static_cast<uint64_t>(end) - begin};
}

class PlainRead : public ArrayRead {
 public:
  PlainRead(uint64_t bits, std::span<const RowRange> ranges, bool compressed,
            CompressionScheme scheme = CompressionScheme::kZstd)
      : bits_(bits),
        ranges_(ranges.begin(), ranges.end()),
        compressed_(compressed),
        scheme_(scheme) {}

  arrow::Status Init(const ByteRange& buffer) {
    if (compressed_) {
      needs_.push_back(buffer);
      return arrow::Status::OK();
    }
    for (const RowRange& range : ranges_) {
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, BytesOf(range, bits_, buffer));
      needs_.push_back(bytes);
    }
    return arrow::Status::OK();
  }

  void Collect(std::vector<ByteRange>* needs) const override {
    needs->insert(needs->end(), needs_.begin(), needs_.end());
  }

  arrow::Status Supply(SuppliedBuffers* buffers) override {
    for (size_t i = 0; i < needs_.size(); ++i) buffers_.push_back(buffers->Next());
    needs_.clear();
    return arrow::Status::OK();
  }

  arrow::Status Append(ArrayOutput* out) override {
    ARROW_RETURN_NOT_OK(CheckBuilder(out->values, bits_));
    if (compressed_ && !ranges_.empty()) {
      ARROW_ASSIGN_OR_RAISE(expanded_, Decompress(scheme_, BytesOfBuffer(0), out->values.pool()));
    }
    ARROW_RETURN_NOT_OK(out->values.Reserve(static_cast<int64_t>(CountRows(ranges_))));
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const RowRange& range = ranges_[i];
      const int64_t count = static_cast<int64_t>(range.size());
      Bytes bytes;
      uint64_t first_bit = range.start * bits_ % 8;
      if (compressed_) {
        const ByteRange whole{0, static_cast<uint64_t>(expanded_->size())};
        ARROW_ASSIGN_OR_RAISE(ByteRange part, BytesOf(range, bits_, whole));
        bytes = Bytes(expanded_->data() + part.offset, part.length);
      } else {
        bytes = BytesOfBuffer(i);
      }
      if (bits_ == 1) {
        ARROW_RETURN_NOT_OK(
            out->values.AppendBits(bytes.data(), static_cast<int64_t>(first_bit), count));
      } else {
        ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->values.AppendFixed(count));
        if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
      }
    }
    return arrow::Status::OK();
  }

  std::shared_ptr<arrow::Buffer> PlainBytes() const override {
    return !compressed_ && bits_ % 8 == 0 && buffers_.size() == 1 ? buffers_[0] : nullptr;
  }

 private:
  Bytes BytesOfBuffer(size_t i) const {
    return Bytes(buffers_[i]->data(), static_cast<size_t>(buffers_[i]->size()));
  }

  const uint64_t bits_;
  const std::vector<RowRange> ranges_;
  const bool compressed_;
  const CompressionScheme scheme_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;
  std::shared_ptr<arrow::Buffer> expanded_;
};

// Values of odd widths, unpacked one by one: only old files have them.
class BitpackedRead : public ArrayRead {
 public:
  BitpackedRead(uint64_t packed_bits, uint64_t bits, bool is_signed,
                std::span<const RowRange> ranges)
      : packed_bits_(packed_bits),
        bits_(bits),
        signed_(is_signed),
        ranges_(ranges.begin(), ranges.end()) {}

  arrow::Status Init(const ByteRange& buffer) {
    for (const RowRange& range : ranges_) {
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, BytesOf(range, packed_bits_, buffer));
      needs_.push_back(bytes);
    }
    return arrow::Status::OK();
  }
  void Collect(std::vector<ByteRange>* needs) const override {
    needs->insert(needs->end(), needs_.begin(), needs_.end());
  }
  arrow::Status Supply(SuppliedBuffers* buffers) override {
    for (size_t i = 0; i < needs_.size(); ++i) buffers_.push_back(buffers->Next());
    needs_.clear();
    return arrow::Status::OK();
  }
  arrow::Status Append(ArrayOutput* out) override {
    ARROW_RETURN_NOT_OK(CheckBuilder(out->values, bits_));
    const uint64_t mask = packed_bits_ == 64 ? ~uint64_t{0} : (uint64_t{1} << packed_bits_) - 1;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const uint8_t* bytes = buffers_[i]->data();
      const uint64_t size = static_cast<uint64_t>(buffers_[i]->size());
      uint64_t bit = ranges_[i].start * packed_bits_ % 8;
      ARROW_ASSIGN_OR_RAISE(uint8_t * to,
                            out->values.AppendFixed(static_cast<int64_t>(ranges_[i].size())));
      for (uint64_t k = 0; k < ranges_[i].size(); ++k, bit += packed_bits_) {
        unsigned __int128 window = 0;
        const uint64_t first = bit / 8;
        std::memcpy(&window, bytes + first, std::min<uint64_t>(9, size - first));
        uint64_t value = static_cast<uint64_t>(window >> (bit % 8)) & mask;
        if (signed_ && packed_bits_ < 64 && (value >> (packed_bits_ - 1) & 1) != 0) value |= ~mask;
        std::memcpy(to, &value, bits_ / 8);
        to += bits_ / 8;
      }
    }
    return arrow::Status::OK();
  }

 private:
  const uint64_t packed_bits_, bits_;
  const bool signed_;
  const std::vector<RowRange> ranges_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;
};

class FastLanesRead : public ArrayRead {
 public:
  FastLanesRead(uint64_t width, uint64_t bits, std::span<const RowRange> ranges)
      : width_(width), bits_(bits), ranges_(ranges.begin(), ranges.end()) {}

  arrow::Status Init(const ByteRange& buffer) {
    const uint64_t block_bytes =
        static_cast<uint64_t>(compress::FastLanesBytes(static_cast<int64_t>(width_)));
    for (const RowRange& range : ranges_) {
      const RowRange blocks{range.start / compress::kFastLanesValues,
                            (range.end - 1) / compress::kFastLanesValues + 1};
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, BytesOf(blocks, block_bytes * 8, buffer));
      needs_.push_back(bytes);
    }
    return arrow::Status::OK();
  }
  void Collect(std::vector<ByteRange>* needs) const override {
    needs->insert(needs->end(), needs_.begin(), needs_.end());
  }
  arrow::Status Supply(SuppliedBuffers* buffers) override {
    for (size_t i = 0; i < needs_.size(); ++i) buffers_.push_back(buffers->Next());
    needs_.clear();
    return arrow::Status::OK();
  }
  arrow::Status Append(ArrayOutput* out) override {
    ARROW_RETURN_NOT_OK(CheckBuilder(out->values, bits_));
    switch (bits_) {
      case 8:
        return Unpack<uint8_t>(out);
      case 16:
        return Unpack<uint16_t>(out);
      case 32:
        return Unpack<uint32_t>(out);
      default:
        return Unpack<uint64_t>(out);
    }
  }

 private:
  template <typename T>
  arrow::Status Unpack(ArrayOutput* out) {
    constexpr uint64_t kBlock = compress::kFastLanesValues;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const uint8_t* packed = buffers_[i]->data();
      for (uint64_t row = ranges_[i].start; row < ranges_[i].end;) {
        const uint64_t begin = row % kBlock;
        const uint64_t end = std::min(kBlock, begin + ranges_[i].end - row);
        ARROW_ASSIGN_OR_RAISE(uint8_t * to,
                              out->values.AppendFixed(static_cast<int64_t>(end - begin)));
        compress::FastLanesUnpackRange(packed, static_cast<int>(width_),
                                       static_cast<int64_t>(begin), static_cast<int64_t>(end),
                                       reinterpret_cast<T*>(to));
        row += end - begin;
        if (end == kBlock) packed += compress::FastLanesBytes(static_cast<int64_t>(width_));
      }
    }
    return arrow::Status::OK();
  }

  const uint64_t width_, bits_;
  const std::vector<RowRange> ranges_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;
};

class ConstantRead : public ArrayRead {
 public:
  ConstantRead(std::string value, uint64_t count) : value_(std::move(value)), count_(count) {}
  void Collect(std::vector<ByteRange>*) const override {}
  arrow::Status Supply(SuppliedBuffers*) override { return arrow::Status::OK(); }
  arrow::Status Append(ArrayOutput* out) override {
    ARROW_RETURN_NOT_OK(CheckBuilder(out->values, value_.size() * 8));
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->values.AppendFixed(static_cast<int64_t>(count_)));
    for (uint64_t i = 0; i < count_; ++i)
      std::memcpy(to + i * value_.size(), value_.data(), value_.size());
    return arrow::Status::OK();
  }

 private:
  const std::string value_;
  const uint64_t count_;
};

}  // namespace

uint64_t CountRows(std::span<const RowRange> ranges) {
  uint64_t count = 0;
  for (const RowRange& range : ranges) count += range.size();
  return count;
}

arrow::Result<ByteRange> PageBuffer(const lance::encodings::Buffer& buffer, const PageInfo& page) {
  if (buffer.buffer_type() != lance::encodings::Buffer::page) {
    return Unsupported("values in a column or file buffer");
  }
  if (buffer.buffer_index() >= page.buffers.size()) {
    return Corrupt("page buffer ", buffer.buffer_index(), " of ", page.buffers.size());
  }
  return page.buffers[buffer.buffer_index()];
}

arrow::Result<std::unique_ptr<ArrayRead>> MakePlainRead(const lance::encodings::Buffer& buffer,
                                                        uint64_t bits_per_value,
                                                        std::span<const RowRange> ranges,
                                                        const ArrayContext& context) {
  ARROW_RETURN_NOT_OK(CheckWidth(bits_per_value));
  ARROW_ASSIGN_OR_RAISE(ByteRange bytes, PageBuffer(buffer, *context.page));
  auto read = std::make_unique<PlainRead>(bits_per_value, ranges, false);
  ARROW_RETURN_NOT_OK(read->Init(bytes));
  return read;
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeFlatRead(const lance::encodings::Flat& flat,
                                                       std::span<const RowRange> ranges,
                                                       const ArrayContext& context) {
  const std::string& scheme = flat.compression().scheme();
  if (!flat.has_compression() || scheme.empty() || scheme == "none") {
    return MakePlainRead(flat.buffer(), flat.bits_per_value(), ranges, context);
  }
  if (scheme != "zstd" && scheme != "lz4")
    return Unsupported("buffer compression \"", scheme, "\"");
  ARROW_RETURN_NOT_OK(CheckWidth(flat.bits_per_value()));
  ARROW_ASSIGN_OR_RAISE(ByteRange bytes, PageBuffer(flat.buffer(), *context.page));
  auto read = std::make_unique<PlainRead>(
      flat.bits_per_value(), ranges, true,
      scheme == "zstd" ? CompressionScheme::kZstd : CompressionScheme::kLz4);
  ARROW_RETURN_NOT_OK(read->Init(bytes));
  return read;
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeBitpackedRead(
    const lance::encodings::Bitpacked& packed, std::span<const RowRange> ranges,
    const ArrayContext& context) {
  const uint64_t width = packed.compressed_bits_per_value();
  const uint64_t bits = packed.uncompressed_bits_per_value();
  if (!IsWordWidth(bits) || width == 0 || width > bits) {
    return Corrupt("bit-packing of ", bits, "-bit values to ", width, " bits");
  }
  ARROW_ASSIGN_OR_RAISE(ByteRange bytes, PageBuffer(packed.buffer(), *context.page));
  auto read = std::make_unique<BitpackedRead>(width, bits, packed.signed_(), ranges);
  ARROW_RETURN_NOT_OK(read->Init(bytes));
  return read;
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeFastLanesRead(
    const lance::encodings::BitpackedForNonNeg& packed, std::span<const RowRange> ranges,
    const ArrayContext& context) {
  const uint64_t width = packed.compressed_bits_per_value();
  const uint64_t bits = packed.uncompressed_bits_per_value();
  if (!IsWordWidth(bits) || width > bits) {
    return Corrupt("bit-packing of ", bits, "-bit values to ", width, " bits");
  }
  ARROW_ASSIGN_OR_RAISE(ByteRange bytes, PageBuffer(packed.buffer(), *context.page));
  auto read = std::make_unique<FastLanesRead>(width, bits, ranges);
  ARROW_RETURN_NOT_OK(read->Init(bytes));
  return read;
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeConstantRead(
    const lance::encodings::Constant& constant, std::span<const RowRange> ranges) {
  if (constant.value().empty() || constant.value().size() > 64) {
    return Corrupt("a constant of ", constant.value().size(), " bytes");
  }
  return std::make_unique<ConstantRead>(constant.value(), CountRows(ranges));
}

}  // namespace lancea::v2_0
