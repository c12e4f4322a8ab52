#include "lancea/encoding/compress/fsst_learn.h"

#include <algorithm>

#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/choose.h"

namespace lancea {
namespace {

// A code here is a symbol of the table so far, or 256 + the byte where none begins.
constexpr uint32_t kCodes = 512;

class Counters {
 public:
  Counters() : singles_(kCodes), pairs_(kCodes * kCodes) {}
  void AddSingle(uint32_t code) { ++singles_[code]; }
  void AddPair(uint32_t first, uint32_t second) {
    const uint32_t pair = first * kCodes + second;
    if (pairs_[pair]++ == 0) seen_.push_back(pair);
  }
  uint32_t single(uint32_t code) const { return singles_[code]; }
  uint32_t pair(uint32_t pair) const { return pairs_[pair]; }
  const std::vector<uint32_t>& seen_pairs() const { return seen_; }
  void Clear() {
    std::fill(singles_.begin(), singles_.end(), 0);
    for (uint32_t pair : seen_) pairs_[pair] = 0;
    seen_.clear();
  }

 private:
  std::vector<uint32_t> singles_;
  std::vector<uint16_t> pairs_;  // a sample has fewer than 65,536 bytes
  std::vector<uint32_t> seen_;
};

// Candidates for the next table, each with the bytes that it would cover.
class Candidates {
 public:
  Candidates() : slots_(kSlots) { entries_.reserve(kMostEntries); }

  void Clear() {
    for (const Entry& entry : entries_) slots_[entry.slot] = 0;
    entries_.clear();
  }

  void Add(const FsstSymbol& symbol, uint64_t count) {
    if (entries_.size() == kMostEntries) return;
    const uint64_t hash = (symbol.value ^ symbol.length) * 0x9E3779B97F4A7C15u;
    for (size_t at = hash >> (64 - kSlotBits);; at = (at + 1) % kSlots) {
      if (slots_[at] == 0) {
        entries_.push_back({symbol, static_cast<uint32_t>(at), count * symbol.length});
        slots_[at] = static_cast<uint16_t>(entries_.size());
        return;
      }
      Entry& entry = entries_[slots_[at] - 1u];
      if (entry.symbol.value == symbol.value && entry.symbol.length == symbol.length) {
        entry.gain += count * symbol.length;
        return;
      }
    }
  }

  /// The best ones into an empty table. Uses the candidates up.
  void MakeTable(FsstSymbols* out) {
    // Ties by value, so that a table does not depend on the order of entries.
    auto worse = [](const Entry& a, const Entry& b) {
      return a.gain != b.gain ? a.gain < b.gain : a.symbol.value > b.symbol.value;
    };
    auto end = entries_.end();
    std::make_heap(entries_.begin(), end, worse);
    while (end != entries_.begin() && out->size() < FsstSymbols::kMaxSymbols) {
      std::pop_heap(entries_.begin(), end, worse);
      out->Add((--end)->symbol);
    }
  }

 private:
  struct Entry {
    FsstSymbol symbol;
    uint32_t slot;
    uint64_t gain;
  };
  static constexpr int kSlotBits = 14;
  static constexpr size_t kSlots = size_t{1} << kSlotBits;
  static constexpr size_t kMostEntries = kSlots / 2;  // more than any round has, nearly always
  std::vector<uint16_t> slots_;                       // index of the entry + 1; 0: free
  std::vector<Entry> entries_;
};

FsstSymbol SymbolOf(const FsstSymbols& table, uint32_t code) {
  return code < 256 ? table.symbol(static_cast<int>(code)) : FsstSymbol{code - 256, 1};
}

FsstSymbol Concatenate(const FsstSymbol& a, const FsstSymbol& b) {
  const uint32_t length = std::min(a.length + b.length, 8u);
  return {LowBytes(a.value | b.value << (8 * a.length), length), length};
}

// Compress a piece and count what its symbols and their neighbours are.
void CountPiece(const FsstSymbols& table, const uint8_t* at, const uint8_t* end, bool pairs,
                Counters* counters) {
  uint32_t previous = kCodes;
  while (at < end) {
    const uint64_t word = LoadLittleEndian<uint64_t>(at);
    const uint32_t left = static_cast<uint32_t>(std::min<int64_t>(end - at, 8));
    const FsstSymbols::Match match = left == 8 ? table.Find(word) : table.FindAny(word, left);
    const uint32_t first_byte = 256 + static_cast<uint32_t>(word & 0xFF);
    const uint32_t code = match.code == FsstSymbols::kEscape ? first_byte : match.code;
    counters->AddSingle(code);
    if (pairs) {
      // The first byte alone too: that symbol may have been chosen too long.
      if (match.length != 1) counters->AddSingle(first_byte);
      if (previous != kCodes) {
        counters->AddPair(previous, code);
        if (match.length != 1) counters->AddPair(previous, first_byte);
      }
      previous = code;
    }
    at += match.length;
  }
}

// Which pieces a round looks at: some of them at first, all at last.
bool IsInRound(uint32_t piece, uint32_t round, uint32_t fraction) {
  return ((piece * 2654435761u + round * 40503u) >> 16 & 127) < fraction;
}

}  // namespace

FsstSample TakeFsstSample(const ValueBlock& block) {
  FsstSample out;
  out.pieces.push_back(0);
  if (block.num_values == 0) return out;
  const int64_t total = TotalBytes(block);
  const int64_t target = total >= choose::kFsstLargeBlock
                             ? choose::kFsstLargeSample
                             : std::clamp(total / 4, choose::kFsstSmallSample, choose::kFsstSample);
  VisitOffsets(block, [&](const auto* offsets) {
    auto take = [&](int64_t value) {
      const uint8_t* const begin = ValueData(block) + offsets[value];
      const int64_t length = static_cast<int64_t>(offsets[value + 1] - offsets[value]);
      const int64_t taken = std::min(length, choose::kFsstPiece);
      if (taken == 0) return int64_t{0};
      // Out of a long value, a piece at a place that depends on the value.
      const int64_t skip = length > taken ? value * 7919 % (length - taken) : 0;
      out.bytes.insert(out.bytes.end(), begin + skip, begin + skip + taken);
      out.pieces.push_back(static_cast<uint32_t>(out.bytes.size()));
      return taken;
    };
    const int64_t groups = total <= target ? 1 : target / choose::kFsstPiece;
    for (int64_t group = 0; group < groups; ++group) {
      int64_t value = block.num_values * group / groups;
      const int64_t next = block.num_values * (group + 1) / groups;
      for (int64_t taken = 0; value < next && (groups == 1 || taken < choose::kFsstPiece);) {
        taken += take(value++);
      }
    }
  });
  out.bytes.resize(out.bytes.size() + 8);
  return out;
}

std::unique_ptr<FsstSymbols> LearnFsstSymbols(const FsstSample& sample) {
  constexpr uint32_t kFractions[] = {8, 38, 68, 98, 128};  // of 128
  auto table = std::make_unique<FsstSymbols>();
  if (sample.num_bytes() == 0) return table;
  auto next = std::make_unique<FsstSymbols>();
  Counters counters;
  Candidates candidates;
  for (uint32_t round = 0; round < std::size(kFractions); ++round) {
    const uint32_t fraction = kFractions[round];
    const bool last = round + 1 == std::size(kFractions);
    for (uint32_t piece = 0; piece + 1 < sample.pieces.size(); ++piece) {
      if (!IsInRound(piece, round, fraction)) continue;
      CountPiece(*table, sample.bytes.data() + sample.pieces[piece],
                 sample.bytes.data() + sample.pieces[piece + 1], !last, &counters);
    }
    candidates.Clear();
    const uint32_t least = std::max(1u, 5 * fraction / 128);
    for (uint32_t code = 0; code < kCodes; ++code) {
      const uint32_t count = counters.single(code);
      if (count < least) continue;
      const FsstSymbol symbol = SymbolOf(*table, code);
      // A byte without a symbol costs two: single bytes are worth more than they cover.
      candidates.Add(symbol, symbol.length == 1 ? 8 * count : count);
    }
    for (uint32_t pair : counters.seen_pairs()) {
      const uint32_t count = counters.pair(pair);
      const FsstSymbol first = SymbolOf(*table, pair / kCodes);
      if (count < least || first.length == 8) continue;
      candidates.Add(Concatenate(first, SymbolOf(*table, pair % kCodes)), count);
    }
    counters.Clear();
    next->Clear();
    candidates.MakeTable(next.get());
    std::swap(table, next);
  }
  return table;
}

}  // namespace lancea
