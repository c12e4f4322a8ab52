#include "wire_tree.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lancea::corruption {
namespace {

constexpr int kMaxDepth = 24;

bool TakeVarint(std::string_view* in, uint64_t* out) {
  *out = 0;
  for (int shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    *out |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

bool IsText(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Where a field stands, so that it can be changed, doubled or taken out.
struct Place {
  WireMessage* message;
  size_t index;
  WireField& field() const { return (*message)[index]; }
};

void Collect(WireMessage* message, std::vector<Place>* out) {
  for (size_t i = 0; i < message->size(); ++i) {
    out->push_back({message, i});
    Collect(&(*message)[i].children, out);
  }
}

uint64_t Pick(std::mt19937_64* random, uint64_t n) {
  return std::uniform_int_distribution<uint64_t>(0, n - 1)(*random);
}

constexpr std::array<uint64_t, 16> kEdges = {0,
                                             1,
                                             3,
                                             24,
                                             64,
                                             100,
                                             1000,
                                             32'769,
                                             65'536,
                                             (1u << 20) + 1,
                                             uint64_t{1} << 26,
                                             INT32_MAX,
                                             UINT32_MAX,
                                             uint64_t{1} << 40,
                                             INT64_MAX,
                                             UINT64_MAX};

uint64_t Number(uint64_t old, std::mt19937_64* random) {
  switch (Pick(random, 7)) {
    case 0:
      return kEdges[Pick(random, kEdges.size())];
    case 1:
      return uint64_t{1} << Pick(random, 64);
    case 2:
      return ~(*random)() >> Pick(random, 64);
    case 3:
      return old + 1;
    case 4:
      return old - 1;
    case 5:
      return old << Pick(random, 8);
    default:
      return old >> (1 + Pick(random, 3));
  }
}

// Words that choose how bytes are read.
std::string Word(std::mt19937_64* random) {
  static constexpr std::array kWords = {"int8",
                                        "uint64",
                                        "bool",
                                        "string",
                                        "large_binary",
                                        "struct",
                                        "list",
                                        "large_list.struct",
                                        "map",
                                        "null",
                                        "float",
                                        "decimal:128:12:2",
                                        "decimal:256:76:0",
                                        "fixed_size_binary:5",
                                        "fixed_size_binary:0",
                                        "fixed_size_binary:2147483647",
                                        "fixed_size_list:float:4",
                                        "fixed_size_list:bool:12",
                                        "fixed_size_list:int8:2147483647",
                                        "fixed_size_list:fixed_size_list:int16:3:2",
                                        "fixed_size_list:struct:2",
                                        "fixed_size_list:struct:2147483647",
                                        "dict:string:int8:false",
                                        "dict:int64:int32:false",
                                        "timestamp:us:-",
                                        "date32:day",
                                        "json",
                                        "blob",
                                        "zstd",
                                        "lz4",
                                        "2.0",
                                        "2.3",
                                        "lance-encoding:blob",
                                        "lance-encoding:packed",
                                        "true"};
  return kWords[Pick(random, kWords.size())];
}

std::string DamageBytes(WireField* field, std::mt19937_64* random) {
  std::string& bytes = field->bytes;
  if (IsText(bytes)) {
    bytes = Word(random);
    return "text becomes " + bytes;
  }
  const uint64_t at = Pick(random, bytes.size());
  if (Pick(random, 4) == 0) {
    bytes.resize(at);
    return "bytes cut";
  }
  bytes[at] = static_cast<char>((*random)());
  return "a byte changed";
}

}  // namespace

std::optional<WireMessage> ParseWire(std::string_view in, int depth) {
  WireMessage out;
  while (!in.empty()) {
    uint64_t tag = 0;
    if (!TakeVarint(&in, &tag) || tag >> 3 == 0 || tag >> 3 > 4096) return std::nullopt;
    WireField field;
    field.number = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<uint32_t>(tag & 7);
    if (field.type == 0) {
      if (!TakeVarint(&in, &field.value)) return std::nullopt;
    } else if (field.type == 1 || field.type == 5) {
      const size_t width = field.type == 1 ? 8 : 4;
      if (in.size() < width) return std::nullopt;
      std::memcpy(&field.value, in.data(), width);
      in.remove_prefix(width);
    } else if (field.type == 2) {
      uint64_t size = 0;
      if (!TakeVarint(&in, &size) || size > in.size()) return std::nullopt;
      field.bytes = in.substr(0, size);
      in.remove_prefix(size);
      if (size > 0 && depth < kMaxDepth && !IsText(field.bytes)) {
        if (auto children = ParseWire(field.bytes, depth + 1)) {
          field.children = *std::move(children);
          field.is_message = true;
        }
      }
    } else {
      return std::nullopt;
    }
    out.push_back(std::move(field));
  }
  return out;
}

std::string SerializeWire(const WireMessage& message) {
  std::string out;
  for (const WireField& field : message) {
    PutVarint(uint64_t{field.number} << 3 | field.type, &out);
    if (field.type == 0) {
      PutVarint(field.value, &out);
    } else if (field.type == 2) {
      const std::string bytes = field.is_message ? SerializeWire(field.children) : field.bytes;
      PutVarint(bytes.size(), &out);
      out += bytes;
    } else {
      out.append(reinterpret_cast<const char*>(&field.value), field.type == 1 ? 8 : 4);
    }
  }
  return out;
}

std::string DamageWire(WireMessage* message, WireMessage* donor, std::mt19937_64* random) {
  std::vector<Place> all;
  Collect(message, &all);
  if (all.empty()) return "nothing";
  const uint64_t kind = Pick(random, 100);
  // Numbers are most of the fields and most of the trouble.
  Place place = all[Pick(random, all.size())];
  if (kind < 60) {
    for (int tries = 0; tries < 20 && place.field().type == 2; ++tries)
      place = all[Pick(random, all.size())];
  }
  WireField& field = place.field();
  const std::string where = "field " + std::to_string(field.number);
  if (kind < 68) {
    if (field.type != 2) {
      const uint64_t old = field.value;
      field.value = Number(old, random);
      return where + ": " + std::to_string(old) + " becomes " + std::to_string(field.value);
    }
    if (!field.is_message && !field.bytes.empty())
      return where + ": " + DamageBytes(&field, random);
  }
  if (kind < 76) {
    field.number = static_cast<uint32_t>(1 + Pick(random, 15));
    return where + " becomes " + std::to_string(field.number);
  }
  if (kind < 80) {
    place.message->erase(place.message->begin() + static_cast<ptrdiff_t>(place.index));
    return where + " taken out";
  }
  if (kind < 84) {
    WireField copy = field;
    place.message->insert(place.message->begin() + static_cast<ptrdiff_t>(place.index),
                          std::move(copy));
    return where + " doubled";
  }
  std::vector<Place> others;
  Collect(Pick(random, 2) == 0 ? message : donor, &others);
  if (others.empty()) return "nothing";
  WireField other = others[Pick(random, others.size())].field();
  // Messages for messages, so that one encoding comes to stand in the place of another.
  for (int tries = 0; tries < 10 && other.is_message != field.is_message; ++tries) {
    other = others[Pick(random, others.size())].field();
  }
  if (Pick(random, 3) != 0) other.number = field.number;
  field = std::move(other);
  return where + " replaced by another";
}

void SweepNumbers(WireMessage* message, const std::function<void(const std::string&)>& visit) {
  std::vector<Place> all;
  Collect(message, &all);
  for (const Place& place : all) {
    WireField& field = place.field();
    if (field.type == 2) continue;
    const uint64_t old = field.value;
    for (const uint64_t value : kEdges) {
      field.value = value;
      visit("field " + std::to_string(field.number) + ": " + std::to_string(old) + " becomes " +
            std::to_string(value));
    }
    field.value = old;
  }
}

}  // namespace lancea::corruption
