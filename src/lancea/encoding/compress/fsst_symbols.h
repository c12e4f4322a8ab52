// A table of FSST symbols that finds the longest symbol at the front of a text.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace lancea {

/// One to eight bytes, the first one lowest; the bytes above are zero.
struct FsstSymbol {
  uint64_t value = 0;
  uint32_t length = 0;
};

/// The low `length` bytes, 1 to 8.
constexpr uint64_t LowBytes(uint64_t word, uint32_t length) {
  return word & (~uint64_t{0} >> (64 - 8 * length));
}

class FsstSymbols {
 public:
  static constexpr int kMaxSymbols = 255;
  static constexpr uint8_t kEscape = 255;

  FsstSymbols() { Clear(); }

  void Clear() {
    symbols_.clear();
    for (size_t i = 0; i < shorts_.size(); ++i) shorts_[i] = Pack(1, kEscape);
    for (size_t i = 0; i < kSlots; ++i) slots_[i] = EmptySlot(i);
  }

  int size() const { return static_cast<int>(symbols_.size()); }
  const FsstSymbol& symbol(int code) const { return symbols_[static_cast<size_t>(code)]; }

  /// Add a symbol unless the table is full, has it, or holds another one for its first three bytes.
  bool Add(const FsstSymbol& symbol) {
    if (size() == kMaxSymbols) return false;
    const uint8_t code = static_cast<uint8_t>(size());
    if (symbol.length >= 3) {
      Slot& slot = slots_[Hash(symbol.value)];
      if (slot.length != 0) return false;
      slot = {symbol.value, code, static_cast<uint8_t>(symbol.length),
              static_cast<uint8_t>(64 - 8 * symbol.length)};
    } else if (symbol.length == 2) {
      uint16_t& entry = shorts_[symbol.value];
      if (entry >> 8 == 2) return false;
      entry = Pack(2, code);
    } else {
      uint16_t& entry = shorts_[kOneByte + symbol.value];
      if (entry != Pack(1, kEscape)) return false;
      entry = Pack(1, code);
      for (size_t second = 0; second < 256; ++second) {
        uint16_t& pair = shorts_[symbol.value | second << 8];
        if (pair >> 8 == 1) pair = entry;
      }
    }
    symbols_.push_back(symbol);
    return true;
  }

  struct Match {
    uint8_t code;  ///< kEscape: no symbol, the byte itself
    uint8_t length;
  };

  /// The longest symbol at the front of eight bytes of text.
  [[gnu::always_inline]] Match Find(uint64_t word) const {
    const Slot& slot = slots_[Hash(word)];
    const uint16_t entry = shorts_[word & 0xFFFF];
    const bool hit = (word & (~uint64_t{0} >> slot.ignored_bits)) == slot.value;
    return {hit ? slot.code : static_cast<uint8_t>(entry),
            hit ? slot.length : static_cast<uint8_t>(entry >> 8)};
  }

  /// The same when only `left` bytes of `word`, one or more, are text.
  [[gnu::always_inline]] Match FindAny(uint64_t word, uint64_t left) const {
    const Slot& slot = slots_[Hash(word)];
    const uint16_t entry = shorts_[left > 1 ? word & 0xFFFF : kOneByte + (word & 0xFF)];
    const bool hit =
        slot.length <= left && (word & (~uint64_t{0} >> slot.ignored_bits)) == slot.value;
    return {hit ? slot.code : static_cast<uint8_t>(entry),
            hit ? slot.length : static_cast<uint8_t>(entry >> 8)};
  }

 private:
  static constexpr size_t kSlots = 1024;
  static constexpr size_t kOneByte = 65536;  // where lookups by one byte stand, behind those by two

  struct Slot {
    uint64_t value;
    uint8_t code;
    uint8_t length;  // 0: empty
    uint8_t ignored_bits;
  };

  static constexpr size_t Hash(uint64_t word) {
    return static_cast<uint32_t>((word & 0xFFFFFF) * 2971215073u) >> 22;
  }
  // An empty slot holds a value that no text of its hash begins with (those of 0 and ~0 differ).
  static constexpr Slot EmptySlot(size_t slot) {
    return {slot == Hash(~uint64_t{0}) ? 0 : ~uint64_t{0}, 0, 0, 0};
  }
  static constexpr uint16_t Pack(uint32_t length, uint8_t code) {
    return static_cast<uint16_t>(length << 8 | code);
  }

  std::vector<FsstSymbol> symbols_;
  std::array<uint16_t, kOneByte + 256> shorts_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace lancea
