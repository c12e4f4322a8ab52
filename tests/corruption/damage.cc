#include "damage.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "wire_tree.h"

namespace lancea::corruption {
namespace {

constexpr size_t kFooterBytes = 40;
constexpr size_t kManifestFooterBytes = 16;

uint64_t Pick(std::mt19937_64* random, uint64_t n) {
  return std::uniform_int_distribution<uint64_t>(0, n - 1)(*random);
}

template <typename T>
T Load(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <typename T>
void Store(std::string* bytes, size_t at, T value) {
  std::memcpy(bytes->data() + at, &value, sizeof(T));
}

bool Damaged(std::string* message, const std::string& donor, std::string* what,
             std::mt19937_64* random) {
  auto tree = ParseWire(*message);
  WireMessage other = ParseWire(donor).value_or(WireMessage());
  if (!tree.has_value()) return false;
  for (uint64_t changes = 1 + Pick(random, 3); changes > 0; --changes) {
    *what += "; " + DamageWire(&*tree, &other, random);
  }
  *message = SerializeWire(*tree);
  return true;
}

// Manifests and 0.1 files: u32 length, message, footer with the position of the length.
bool DamageManifest(std::string* file, std::string* what, std::mt19937_64* random) {
  const uint64_t position = Load<uint64_t>(*file, file->size() - kManifestFooterBytes);
  if (position + 4 + kManifestFooterBytes > file->size()) return false;
  const uint64_t length = Load<uint32_t>(*file, position);
  if (length > file->size() - kManifestFooterBytes - position - 4) return false;
  std::string message = file->substr(position + 4, length);
  *what = " message";
  if (!Damaged(&message, message, what, random)) return false;
  const std::string footer = file->substr(file->size() - kManifestFooterBytes);
  file->resize(position + 4);
  Store(file, position, static_cast<uint32_t>(message.size()));
  *file += message + footer;
  return true;
}

// Write a message anew behind the data, and behind it the offset table with entry `entry` pointing there.
void ReplaceMessage(std::string* file, size_t table_field, uint64_t table, uint64_t entries,
                    uint64_t entry, const std::string& message) {
  std::string footer = file->substr(file->size() - kFooterBytes);
  std::string entries_copy = file->substr(table, 16 * entries);
  file->resize(file->size() - kFooterBytes);
  Store(&entries_copy, 16 * entry, static_cast<uint64_t>(file->size()));
  Store(&entries_copy, 16 * entry + 8, static_cast<uint64_t>(message.size()));
  *file += message;
  Store(&footer, table_field, static_cast<uint64_t>(file->size()));
  *file += entries_copy + footer;
}

// The metadata of a column of a 2.x file, or its descriptor.
bool DamageDataFile(std::string* file, std::string* what, std::mt19937_64* random) {
  const std::string footer = file->substr(file->size() - kFooterBytes);
  const bool descriptor = Pick(random, 8) == 0;
  const size_t table_field = descriptor ? 16 : 8;
  const uint64_t table = Load<uint64_t>(footer, table_field);
  const uint64_t entries = Load<uint32_t>(footer, descriptor ? 24 : 28);
  if (entries == 0 || table > file->size() || entries > (file->size() - table) / 16) return false;
  const uint64_t entry = descriptor ? 0 : Pick(random, entries);
  auto message_of = [&](uint64_t i) {
    const uint64_t position = Load<uint64_t>(*file, table + 16 * i);
    const uint64_t length = Load<uint64_t>(*file, table + 16 * i + 8);
    return position > file->size() ? std::string() : file->substr(position, length);
  };
  std::string message = message_of(entry);
  const std::string donor = message_of(Pick(random, entries));
  *what = descriptor ? " descriptor" : " column " + std::to_string(entry);
  if (Pick(random, 12) == 0) {
    message = donor;
    *what += " is another";
  }
  if (!Damaged(&message, donor, what, random)) return false;
  ReplaceMessage(file, table_field, table, entries, entry, message);
  return true;
}

// Damage around byte `at`.
std::string DamageAt(std::string* file, uint64_t at, std::mt19937_64* random) {
  std::string& bytes = *file;
  const uint64_t left = bytes.size() - at;
  const std::string where = " at " + std::to_string(at);
  switch (Pick(random, 6)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << Pick(random, 8)));
      return " bit flipped" + where;
    case 1:
      bytes[at] = static_cast<char>((*random)());
      return " byte changed" + where;
    case 2:
    case 3: {
      const char fill = Pick(random, 2) == 0 ? '\xFF' : '\0';
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), std::min(left, 1 + Pick(random, 16)),
                  fill);
      return " filled" + where;
    }
    case 4: {
      const uint64_t word = at / 8 * 8, other = Pick(random, bytes.size()) / 8 * 8;
      for (uint64_t i = 0; i < 8 && std::max(word, other) + i < bytes.size(); ++i) {
        std::swap(bytes[word + i], bytes[other + i]);
      }
      return " words swapped" + where;
    }
    default:
      for (uint64_t i = 0; i < std::min<uint64_t>(left, 8); ++i) {
        bytes[at + i] = static_cast<char>((*random)());
      }
      return " overwritten" + where;
  }
}

// The numbers of a packed field; field lists are read without their schema.
std::vector<uint64_t> Numbers(const WireMessage& message, uint32_t number) {
  std::vector<uint64_t> out;
  for (const WireField& field : message) {
    if (field.number != number) continue;
    if (field.type != 2) out.push_back(field.value);
    const std::string packed = field.is_message ? SerializeWire(field.children) : field.bytes;
    uint64_t value = 0;
    int shift = 0;
    for (const char c : packed) {
      value |= shift < 64 ? uint64_t{static_cast<uint8_t>(c) & 0x7Fu} << shift : 0;
      shift += 7;
      if (static_cast<uint8_t>(c) >= 0x80) continue;
      out.push_back(value);
      value = 0;
      shift = 0;
    }
  }
  return out;
}

}  // namespace

std::string DamageBytes(std::string* file, std::mt19937_64* random) {
  if (file->empty()) return " is empty";
  const uint64_t window =
      Pick(random, 2) == 0 ? std::min<uint64_t>(file->size(), 2048) : file->size();
  const uint64_t at = file->size() - window + Pick(random, window);
  if (Pick(random, 7) > 0) return DamageAt(file, at, random);
  file->resize(at);
  return " cut at " + std::to_string(at);
}

std::string DamagePages(std::string* file, std::mt19937_64* random) {
  constexpr uint32_t kPages = 2, kOffsets = 1, kSizes = 2;  // of ColumnMetadata and its Page
  const size_t size = file->size();
  if (size < kFooterBytes || !file->ends_with("LANC")) return DamageBytes(file, random);
  const std::string footer = file->substr(size - kFooterBytes);
  const uint64_t table = Load<uint64_t>(footer, 8), entries = Load<uint32_t>(footer, 28);
  if (table > size || entries > (size - table) / 16) return DamageBytes(file, random);
  std::vector<std::pair<uint64_t, uint64_t>> buffers;
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t position = Load<uint64_t>(*file, table + 16 * i);
    const uint64_t length = Load<uint64_t>(*file, table + 16 * i + 8);
    if (position > size || length > size - position) continue;
    const WireMessage column = ParseWire(file->substr(position, length)).value_or(WireMessage());
    for (const WireField& page : column) {
      if (page.number != kPages) continue;
      const auto offsets = Numbers(page.children, kOffsets);
      const auto sizes = Numbers(page.children, kSizes);
      for (size_t k = 0; k < std::min(offsets.size(), sizes.size()); ++k) {
        if (offsets[k] < size && sizes[k] > 0 && sizes[k] <= size - offsets[k]) {
          buffers.emplace_back(offsets[k], sizes[k]);
        }
      }
    }
  }
  if (buffers.empty()) return DamageBytes(file, random);
  std::string what;
  for (uint64_t changes = 1 + Pick(random, 3); changes > 0; --changes) {
    const auto [begin, length] = buffers[Pick(random, buffers.size())];
    const uint64_t window = Pick(random, 3) > 0 ? std::min<uint64_t>(length, 32) : length;
    what += DamageAt(file, begin + Pick(random, window), random);
  }
  return what;
}

std::string DamageMetadata(std::string* file, std::mt19937_64* random) {
  const size_t size = file->size();
  std::string what;
  if (size >= kManifestFooterBytes && file->ends_with("LANC")) {
    const uint16_t major = Load<uint16_t>(*file, size - 8), minor = Load<uint16_t>(*file, size - 6);
    const bool is_2x = major == 2 || (major == 0 && minor == 3);
    const std::string before = *file;
    if (is_2x && size >= kFooterBytes && DamageDataFile(file, &what, random)) return what;
    *file = before;
    if (!is_2x && DamageManifest(file, &what, random)) return what;
    *file = before;
  }
  return DamageBytes(file, random);
}

void SweepMetadata(const std::string& file,
                   const std::function<void(const std::string&, const std::string&)>& visit) {
  const size_t size = file.size();
  if (size < kFooterBytes || !file.ends_with("LANC")) return;
  const std::string footer = file.substr(size - kFooterBytes);
  const uint64_t table = Load<uint64_t>(footer, 8), entries = Load<uint32_t>(footer, 28);
  if (table > size || entries > (size - table) / 16) return;
  for (uint64_t entry = 0; entry < entries; ++entry) {
    const uint64_t position = Load<uint64_t>(file, table + 16 * entry);
    if (position > size) continue;
    auto tree = ParseWire(file.substr(position, Load<uint64_t>(file, table + 16 * entry + 8)));
    if (!tree.has_value()) continue;
    SweepNumbers(&*tree, [&](const std::string& what) {
      std::string damaged = file;
      ReplaceMessage(&damaged, 8, table, entries, entry, SerializeWire(*tree));
      visit(damaged, " column " + std::to_string(entry) + "; " + what);
    });
  }
}

}  // namespace lancea::corruption
