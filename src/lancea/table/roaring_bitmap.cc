#include "lancea/table/roaring_bitmap.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint32_t kCookie = 12346;
constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kMinContainersForOffsets = 4;  // with runs
constexpr uint32_t kMaxArrayCardinality = 4096;
constexpr uint32_t kBitsetWords = 1024;
constexpr uint32_t kMaxContainers = 1 << 16;

arrow::Status Bad(const char* why) { return Corrupt("roaring bitmap: ", why); }

/// Collects ascending values and ranges, joining neighbours.
class RangeBuilder {
 public:
  void Add(uint32_t first, uint32_t last) {
    if (!ranges_.empty() && uint64_t{ranges_.back().last} + 1 == first) {
      ranges_.back().last = last;
    } else {
      ranges_.push_back({first, last});
    }
  }
  std::vector<ValueRange> Finish() { return std::move(ranges_); }

 private:
  std::vector<ValueRange> ranges_;
};

arrow::Status ReadRuns(ByteReader& reader, uint32_t base, uint32_t cardinality, RangeBuilder* out) {
  ARROW_ASSIGN_OR_RAISE(uint16_t num_runs, reader.Read<uint16_t>());
  ARROW_ASSIGN_OR_RAISE(Bytes runs, reader.Take(uint64_t{num_runs} * 4));
  int64_t previous = -1;
  uint32_t total = 0;
  for (uint32_t i = 0; i < num_runs; ++i) {
    uint32_t first = LoadLittleEndian<uint16_t>(runs.data() + i * 4);
    uint32_t last = first + LoadLittleEndian<uint16_t>(runs.data() + i * 4 + 2);
    if (first <= previous || last > 0xFFFF) return Bad("runs overlap");
    out->Add(base + first, base + last);
    total += last - first + 1;
    previous = last;
  }
  return total == cardinality ? arrow::Status::OK() : Bad("wrong cardinality of runs");
}

arrow::Status ReadArray(ByteReader& reader, uint32_t base, uint32_t cardinality,
                        RangeBuilder* out) {
  ARROW_ASSIGN_OR_RAISE(Bytes values, reader.Take(uint64_t{cardinality} * 2));
  int32_t previous = -1;
  for (uint32_t i = 0; i < cardinality; ++i) {
    int32_t value = LoadLittleEndian<uint16_t>(values.data() + i * 2);
    if (value <= previous) return Bad("values do not ascend");
    out->Add(base + value, base + value);
    previous = value;
  }
  return arrow::Status::OK();
}

arrow::Status ReadBitset(ByteReader& reader, uint32_t base, uint32_t cardinality,
                         RangeBuilder* out) {
  ARROW_ASSIGN_OR_RAISE(Bytes words, reader.Take(kBitsetWords * 8));
  uint32_t total = 0;
  for (uint32_t i = 0; i < kBitsetWords; ++i) {
    uint64_t word = LoadLittleEndian<uint64_t>(words.data() + i * 8);
    total += std::popcount(word);
    uint32_t at = 0;
    while (word != 0) {
      int zeros = std::countr_zero(word);
      word >>= zeros;
      int ones = std::countr_one(word);
      at += zeros;
      out->Add(base + i * 64 + at, base + i * 64 + at + ones - 1);
      at += ones;
      word = ones == 64 ? 0 : word >> ones;
    }
  }
  return total == cardinality ? arrow::Status::OK() : Bad("wrong cardinality of a bitset");
}

}  // namespace

arrow::Result<std::vector<ValueRange>> ParseRoaringBitmap(Bytes bytes) {
  ByteReader reader(bytes, "roaring bitmap");
  ARROW_ASSIGN_OR_RAISE(uint32_t cookie, reader.Read<uint32_t>());
  bool has_runs = (cookie & 0xFFFF) == kCookieWithRuns;
  uint32_t num_containers = (cookie >> 16) + 1;
  Bytes run_flags;
  if (has_runs) {
    ARROW_ASSIGN_OR_RAISE(run_flags, reader.Take((num_containers + 7) / 8));
  } else if (cookie == kCookie) {
    ARROW_ASSIGN_OR_RAISE(num_containers, reader.Read<uint32_t>());
  } else {
    return Corrupt("roaring bitmap: cookie ", cookie, " is none of ", kCookie, ", ",
                   kCookieWithRuns);
  }
  if (num_containers > kMaxContainers) return Bad("more than 65,536 containers");
  ARROW_ASSIGN_OR_RAISE(Bytes headers, reader.Take(uint64_t{num_containers} * 4));
  if (!has_runs || num_containers >= kMinContainersForOffsets) {
    ARROW_RETURN_NOT_OK(reader.Take(uint64_t{num_containers} * 4).status());
  }
  RangeBuilder out;
  int32_t previous_key = -1;
  for (uint32_t i = 0; i < num_containers; ++i) {
    int32_t key = LoadLittleEndian<uint16_t>(headers.data() + i * 4);
    uint32_t cardinality = LoadLittleEndian<uint16_t>(headers.data() + i * 4 + 2) + uint32_t{1};
    if (key <= previous_key) return Bad("keys do not ascend");
    previous_key = key;
    uint32_t base = static_cast<uint32_t>(key) << 16;
    if (has_runs && (run_flags[i / 8] >> (i % 8) & 1) != 0) {
      ARROW_RETURN_NOT_OK(ReadRuns(reader, base, cardinality, &out));
    } else if (cardinality <= kMaxArrayCardinality) {
      ARROW_RETURN_NOT_OK(ReadArray(reader, base, cardinality, &out));
    } else {
      ARROW_RETURN_NOT_OK(ReadBitset(reader, base, cardinality, &out));
    }
  }
  if (reader.remaining() != 0) return Bad("bytes left over");
  return out.Finish();
}

namespace {

template <typename T>
void Append(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// The values of one key; `ranges` are cut to it.
struct Container {
  uint16_t key = 0;
  uint32_t cardinality = 0;
  std::vector<ValueRange> ranges;

  uint32_t num_bytes_without_runs() const {
    return cardinality <= kMaxArrayCardinality ? cardinality * 2 : kBitsetWords * 8;
  }
  bool has_runs() const { return 2 + ranges.size() * 4 < num_bytes_without_runs(); }
  uint32_t num_bytes() const {
    return has_runs() ? 2 + static_cast<uint32_t>(ranges.size()) * 4 : num_bytes_without_runs();
  }
};

std::vector<Container> SplitByKey(const std::vector<ValueRange>& ranges) {
  std::vector<Container> containers;
  for (const ValueRange& range : ranges) {
    for (uint64_t first = range.first; first <= range.last;) {
      const uint32_t last = std::min<uint32_t>(range.last, static_cast<uint32_t>(first) | 0xFFFF);
      const auto key = static_cast<uint16_t>(first >> 16);
      if (containers.empty() || containers.back().key != key) containers.push_back({key, 0, {}});
      containers.back().cardinality += last - static_cast<uint32_t>(first) + 1;
      containers.back().ranges.push_back({static_cast<uint32_t>(first), last});
      first = uint64_t{last} + 1;
    }
  }
  return containers;
}

void WriteContainer(const Container& container, std::string* out) {
  if (container.has_runs()) {
    Append(out, static_cast<uint16_t>(container.ranges.size()));
    for (const ValueRange& range : container.ranges) {
      Append(out, static_cast<uint16_t>(range.first));
      Append(out, static_cast<uint16_t>(range.last - range.first));
    }
  } else if (container.cardinality <= kMaxArrayCardinality) {
    for (const ValueRange& range : container.ranges) {
      for (uint64_t value = range.first; value <= range.last; ++value) {
        Append(out, static_cast<uint16_t>(value));
      }
    }
  } else {
    std::vector<uint64_t> words(kBitsetWords);
    for (const ValueRange& range : container.ranges) {
      for (uint64_t value = range.first; value <= range.last; ++value) {
        words[(value & 0xFFFF) / 64] |= uint64_t{1} << (value % 64);
      }
    }
    out->append(reinterpret_cast<const char*>(words.data()), words.size() * 8);
  }
}

}  // namespace

std::string SerializeRoaringBitmap(const std::vector<ValueRange>& ranges) {
  const std::vector<Container> containers = SplitByKey(ranges);
  const auto num_containers = static_cast<uint32_t>(containers.size());
  const bool has_runs = std::ranges::any_of(containers, &Container::has_runs);
  std::string out;
  if (has_runs) {
    Append(&out, kCookieWithRuns | (num_containers - 1) << 16);
    std::string flags((num_containers + 7) / 8, '\0');
    for (uint32_t i = 0; i < num_containers; ++i) {
      if (containers[i].has_runs()) flags[i / 8] = static_cast<char>(flags[i / 8] | 1 << (i % 8));
    }
    out += flags;
  } else {
    Append(&out, kCookie);
    Append(&out, num_containers);
  }
  for (const Container& container : containers) {
    Append(&out, container.key);
    Append(&out, static_cast<uint16_t>(container.cardinality - 1));
  }
  if (!has_runs || num_containers >= kMinContainersForOffsets) {
    auto offset = static_cast<uint32_t>(out.size()) + num_containers * 4;
    for (const Container& container : containers) {
      Append(&out, offset);
      offset += container.num_bytes();
    }
  }
  for (const Container& container : containers) WriteContainer(container, &out);
  return out;
}

std::vector<ValueRange> RangesOfValues(std::span<const uint32_t> values) {
  RangeBuilder out;
  for (uint32_t value : values) out.Add(value, value);
  return out.Finish();
}

uint64_t CountValues(const std::vector<ValueRange>& ranges) {
  uint64_t count = 0;
  for (const ValueRange& range : ranges) count += uint64_t{range.last} - range.first + 1;
  return count;
}

}  // namespace lancea
