#include "lancea/encoding/compress/fsst.h"

#include <memory>

#include "lancea/encoding/compress/fsst_asker.h"
#include "lancea/encoding/compress/variable.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint32_t kFsstMagic = 0x46535354;
constexpr uint8_t kEscape = FsstTable::kEscape;

// Values of a chunk from which on they are decoded as one.
constexpr int64_t kManyValues = 8;

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
  const Bytes codes = buffer.subspan(offsets[0], offsets[count] - offsets[0]);
  const int64_t max_bytes = FsstTable::MaxDecoded(static_cast<int64_t>(codes.size()));
  if (count >= kManyValues && codes.size() <= FsstTable::kMaxBackToBack) {
    ARROW_ASSIGN_OR_RAISE(const ValueBuilder::Room room, out->PrepareValues(count, max_bytes));
    const auto positions = std::make_unique_for_overwrite<uint32_t[]>(codes.size() + 1);
    const int64_t size = table.DecodeBackToBack(codes, room.bytes, positions.get());
    bool cut = size < 0;
    auto set_ends = [&]<typename Out>(Out* ends) {
      for (int64_t i = 0; i < count; ++i) {
        const uint32_t position = positions[offsets[i + 1] - offsets[0]];
        cut |= position == FsstTable::kInsideEscape;
        ends[i] = static_cast<Out>(room.base + position);
      }
    };
    if (!cut) {
      out->bits_per_offset() == 32 ? set_ends(reinterpret_cast<int32_t*>(room.ends))
                                   : set_ends(reinterpret_cast<int64_t*>(room.ends));
    }
    if (cut) return Corrupt("fsst: a value ends in an escape");
    return out->CommitValues(count, size);
  }
  return out->AppendDecoded(count, max_bytes, [&](int64_t i, uint8_t* to) {
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
  std::unique_ptr<MiniBlockAsker> MakeAsker(const ValueCondition& condition) const override {
    return MakeFsstAsker(table_, bits_, *condition.text());
  }

 private:
  FsstTable table_;
  uint64_t bits_;
};

class FsstPerValue : public PerValueDecoder {
 public:
  FsstPerValue(FsstTable table, uint64_t bits) : table_(table), bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_offset = bits_}; }
  bool is_plain() const override { return !table_.is_on(); }
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

namespace {

// Set in the lowest byte of `codes` that is an escape, and perhaps in bytes above it.
template <typename Word>
Word Escapes(Word codes) {
  constexpr Word kOnes = static_cast<Word>(0x0101010101010101u);
  const Word inverted = ~codes;
  return (inverted - kOnes) & ~inverted & (kOnes << 7);
}

}  // namespace

int64_t FsstTable::Decode(Bytes codes, uint8_t* out) const {
  const uint8_t* in = codes.data();
  const uint8_t* const end = in + codes.size();
  uint8_t* to = out;
  auto expand = [&](uint64_t code) {
    std::memcpy(to, &symbols_[code], 8);
    to += lengths_[code];
  };
  // Eight codes at a time, then four, as long as none of them is an escape.
  while (end - in >= 8) {
    const uint64_t eight = LoadLittleEndian<uint64_t>(in);
    const uint64_t escapes = Escapes(eight);
    if (escapes == 0) [[likely]] {
      for (int i = 0; i < 8; ++i) expand(eight >> (8 * i) & 0xFF);
      in += 8;
      continue;
    }
    const int plain = __builtin_ctzll(escapes) / 8;
    for (int i = 0; i < plain; ++i) expand(in[i]);
    in += plain;
    if (end - in < 2) return -1;
    *to++ = in[1];
    in += 2;
  }
  if (end - in >= 4) {
    const uint32_t four = LoadLittleEndian<uint32_t>(in);
    if (Escapes(four) == 0) [[likely]] {
      for (int i = 0; i < 4; ++i) expand(four >> (8 * i) & 0xFF);
      in += 4;
    }
  }
  while (in < end) {
    const uint8_t code = *in++;
    if (code != kEscape) {
      expand(code);
    } else {
      if (in == end) return -1;
      *to++ = *in++;
    }
  }
  return to - out;
}

int64_t FsstTable::DecodeBackToBack(Bytes codes, uint8_t* out, uint32_t* positions) const {
  const size_t size = codes.size();
  const uint8_t* const in = codes.data();
  uint8_t* to = out;
  auto expand = [&](size_t k, uint64_t code) {
    positions[k] = static_cast<uint32_t>(to - out);
    std::memcpy(to, &symbols_[code], 8);
    to += lengths_[code];
  };
  size_t k = 0;
  while (k < size) {
    size_t plain = 1;
    if (size - k >= 8) {
      const uint64_t eight = LoadLittleEndian<uint64_t>(in + k);
      const uint64_t escapes = Escapes(eight);
      if (escapes == 0) [[likely]] {
        for (int i = 0; i < 8; ++i) expand(k + i, eight >> (8 * i) & 0xFF);
        k += 8;
        continue;
      }
      plain = static_cast<size_t>(__builtin_ctzll(escapes)) / 8;
    } else if (in[k] == kEscape) {
      plain = 0;
    }
    for (const size_t end = k + plain; k < end; ++k) expand(k, in[k]);
    if (k == size || in[k] != kEscape) continue;
    if (size - k < 2) return -1;
    positions[k] = static_cast<uint32_t>(to - out);
    positions[k + 1] = kInsideEscape;
    *to++ = in[k + 1];
    k += 2;
  }
  positions[size] = static_cast<uint32_t>(to - out);
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
