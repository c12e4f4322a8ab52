#include "lancea/encoding/compress/fsst.h"

#include "lancea/encoding/compress/variable.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint32_t kFsstMagic = 0x46535354;
constexpr uint8_t kEscape = 255;

arrow::Status AppendDecoded(const FsstTable& table, Bytes codes, ValueBuilder* out) {
  if (!table.is_on()) return out->AppendValue(codes);
  ARROW_ASSIGN_OR_RAISE(
      uint8_t * to, out->PrepareValue(FsstTable::MaxDecoded(static_cast<int64_t>(codes.size()))));
  const int64_t size = table.Decode(codes, to);
  if (size < 0) return Corrupt("fsst: a value ends in an escape");
  return out->CommitValue(size);
}

template <typename Offset>
arrow::Status DecodeChunk(const FsstTable& table, Bytes buffer, int64_t num_values, int64_t begin,
                          int64_t end, ValueBuilder* out) {
  std::vector<Offset> aligned;
  ARROW_ASSIGN_OR_RAISE(const Offset* offsets,
                        CheckMiniBlockOffsets<Offset>(buffer, num_values, begin, end, &aligned));
  const int64_t count = end - begin;
  if (!table.is_on()) return out->AppendValues(offsets, count, buffer.data() + offsets[0]);
  // One reservation for all the values; they then decode back to back.
  const int64_t num_bytes = static_cast<int64_t>(offsets[count] - offsets[0]);
  return out->AppendDecoded(count, FsstTable::MaxDecoded(num_bytes), [&](int64_t i, uint8_t* to) {
    const Offset from = offsets[i];
    return table.Decode(buffer.subspan(from, offsets[i + 1] - from), to);
  });
}

class FsstMiniBlock : public MiniBlockDecoder {
 public:
  FsstMiniBlock(FsstTable table, uint64_t bits) : table_(table), bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }
  int num_buffers() const override { return 1; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                       int64_t end, ValueBuilder* out) const override {
    return bits_ == 32 ? DecodeChunk<uint32_t>(table_, buffers[0], num_values, begin, end, out)
                       : DecodeChunk<uint64_t>(table_, buffers[0], num_values, begin, end, out);
  }

 private:
  FsstTable table_;
  uint64_t bits_;
};

class FsstPerValue : public PerValueDecoder {
 public:
  FsstPerValue(FsstTable table, uint64_t bits) : table_(table), bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }
  arrow::Status Decode(Bytes value, ValueBuilder* out) const override {
    return AppendDecoded(table_, value, out);
  }

 private:
  FsstTable table_;
  uint64_t bits_;
};

struct FsstParts {
  FsstTable table;
  uint64_t bits;
};

arrow::Result<FsstParts> ParseParts(const EncodingMessage& message) {
  const auto& fsst = message.fsst();
  const std::string& table = fsst.symbol_table();
  ARROW_ASSIGN_OR_RAISE(
      FsstTable parsed,
      FsstTable::Parse(Bytes(reinterpret_cast<const uint8_t*>(table.data()), table.size())));
  if (!fsst.values().has_variable() || !fsst.values().variable().offsets().has_flat() ||
      fsst.values().variable().has_values()) {
    return Unsupported("fsst over values that are not variable(flat)");
  }
  const uint64_t bits = fsst.values().variable().offsets().flat().bits_per_value();
  if (bits != 32 && bits != 64) return Corrupt("fsst: offsets of ", bits, " bits");
  return FsstParts{parsed, bits};
}

}  // namespace

arrow::Result<FsstTable> FsstTable::Parse(Bytes table) {
  ByteReader reader(table, "fsst symbol table");
  ARROW_ASSIGN_OR_RAISE(uint64_t header, reader.Read<uint64_t>());
  if (header >> 32 != kFsstMagic) return Corrupt("fsst symbol table without its magic");
  FsstTable out;
  out.is_on_ = (header >> 24 & 0xFF) != 0;
  const uint64_t count = header & 0xFF;
  if (!out.is_on_) return out;
  ARROW_ASSIGN_OR_RAISE(Bytes symbols, reader.Take(count * 8));
  ARROW_ASSIGN_OR_RAISE(Bytes lengths, reader.Take(count));
  for (uint64_t i = 0; i < count; ++i) {
    if (lengths[i] > 8) return Corrupt("fsst symbol of ", int{lengths[i]}, " bytes");
    out.symbols_[i] = LoadLittleEndian<uint64_t>(symbols.data() + 8 * i);
    out.lengths_[i] = lengths[i];
  }
  return out;
}

int64_t FsstTable::Decode(Bytes codes, uint8_t* out) const {
  const uint8_t* in = codes.data();
  const uint8_t* const end = in + codes.size();
  uint8_t* to = out;
  // Four codes at a time as long as none of them is an escape.
  while (end - in >= 4) {
    const uint32_t four = LoadLittleEndian<uint32_t>(in);
    const uint32_t inverted = ~four;
    // Set where a byte of `four` is 255.
    const uint32_t escapes = (inverted - 0x01010101u) & ~inverted & 0x80808080u;
    if (escapes == 0) {
      for (int i = 0; i < 4; ++i) {
        const uint8_t code = static_cast<uint8_t>(four >> (8 * i));
        std::memcpy(to, &symbols_[code], 8);
        to += lengths_[code];
      }
      in += 4;
      continue;
    }
    const int plain = __builtin_ctz(escapes) / 8;
    for (int i = 0; i < plain; ++i) {
      const uint8_t code = static_cast<uint8_t>(four >> (8 * i));
      std::memcpy(to, &symbols_[code], 8);
      to += lengths_[code];
    }
    in += plain;
    if (end - in < 2) return -1;
    *to++ = in[1];
    in += 2;
  }
  while (in < end) {
    const uint8_t code = *in++;
    if (code == kEscape) {
      if (in == end) return -1;
      *to++ = *in++;
    } else {
      std::memcpy(to, &symbols_[code], 8);
      to += lengths_[code];
    }
  }
  return to - out;
}

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeFsstMiniBlock(const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(FsstParts parts, ParseParts(message));
  return std::make_unique<FsstMiniBlock>(parts.table, parts.bits);
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakeFsstPerValue(const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(FsstParts parts, ParseParts(message));
  return std::make_unique<FsstPerValue>(parts.table, parts.bits);
}

}  // namespace lancea
