#include "lancea/encoding/v2_0/binary_write.h"

#include <cstring>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_run_reader.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/compress/fsst_encode.h"
#include "lancea/encoding/compress/general_encode.h"

namespace lancea::v2_0 {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

// Values back to back; nulls are empty.
struct Values {
  int64_t num_values = 0;
  BufferPtr offsets;  // u64, one more than values, from 0
  BufferPtr bytes;
  BufferPtr validity;  // nullptr: all valid
};

// Write the ends of a part's values, `*end` being that of the value before; returns the part's bytes.
template <typename Offset>
uint64_t SetEnds(const arrow::ArrayData& part, uint64_t* end, uint64_t* to) {
  const Offset* offsets = part.GetValues<Offset>(1);
  const uint64_t before = *end;
  const bool any_null = part.GetNullCount() > 0;
  for (int64_t i = 0; i < part.length; ++i) {
    if (!any_null || part.IsValid(i)) *end += static_cast<uint64_t>(offsets[i + 1] - offsets[i]);
    to[i] = *end;
  }
  return *end - before;
}

// Call visit(begin, length) for the ranges of a part's bytes that belong to valid values.
template <typename Offset, typename Visit>
void VisitBytes(const arrow::ArrayData& part, uint64_t num_bytes, Visit visit) {
  if (num_bytes == 0) return;
  const Offset* offsets = part.GetValues<Offset>(1);
  const uint8_t* bytes = part.buffers[2]->data();
  if (static_cast<uint64_t>(offsets[part.length] - offsets[0]) == num_bytes) {
    visit(bytes + offsets[0], num_bytes);
    return;
  }
  arrow::internal::SetBitRunReader runs(part.buffers[0]->data(), part.offset, part.length);
  for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
    const Offset begin = offsets[run.position];
    visit(bytes + begin, static_cast<uint64_t>(offsets[run.position + run.length] - begin));
  }
}

template <typename Offset>
arrow::Result<Values> Join(const ArrayParts& parts, arrow::MemoryPool* pool) {
  Values out;
  out.num_values = CountRows(parts);
  ARROW_ASSIGN_OR_RAISE(out.validity, JoinValidity(parts, pool));
  ARROW_ASSIGN_OR_RAISE(
      out.offsets,
      arrow::AllocateBuffer((out.num_values + 1) * static_cast<int64_t>(sizeof(uint64_t)), pool));
  uint64_t end = 0;
  uint64_t* to = out.offsets->mutable_data_as<uint64_t>();
  *to++ = 0;
  std::vector<uint64_t> part_bytes;
  for (const auto& part : parts) {
    part_bytes.push_back(part->length == 0 ? 0 : SetEnds<Offset>(*part, &end, to));
    to += part->length;
  }
  // One piece of the caller's bytes needs no copy.
  int64_t pieces = 0;
  for (size_t i = 0; i < parts.size() && pieces < 2; ++i) {
    VisitBytes<Offset>(*parts[i], part_bytes[i], [&](const uint8_t* begin, uint64_t length) {
      ++pieces;
      const BufferPtr& buffer = parts[i]->buffers[2];
      out.bytes = arrow::SliceBuffer(buffer, begin - buffer->data(), static_cast<int64_t>(length));
    });
  }
  if (pieces == 1) return out;
  ARROW_ASSIGN_OR_RAISE(out.bytes, arrow::AllocateBuffer(static_cast<int64_t>(end), pool));
  uint8_t* at = out.bytes->mutable_data();
  for (size_t i = 0; i < parts.size(); ++i) {
    VisitBytes<Offset>(*parts[i], part_bytes[i], [&](const uint8_t* begin, uint64_t length) {
      std::memcpy(at, begin, length);
      at += length;
    });
  }
  return out;
}

// Every value by itself, with the page's own symbols; nothing when that saves no bytes.
arrow::Result<std::string> CompressValues(Values* values, arrow::MemoryPool* pool) {
  const ValueBlock plain{.num_values = values->num_values,
                         .bits_per_value = 0,
                         .bits_per_offset = 64,
                         .values = values->bytes,
                         .offsets = values->offsets,
                         .list_levels = {},
                         .children = {},
                         .is_utf8 = true};
  const FsstEncoder encoder = FsstEncoder::Learn(plain);
  ARROW_ASSIGN_OR_RAISE(ValueBlock codes, encoder.Encode(plain, pool));
  std::string table = encoder.SymbolTable();
  if (codes.values->size() + static_cast<int64_t>(table.size()) >= plain.values->size()) return "";
  values->bytes = codes.values;
  values->offsets = codes.offsets;
  return table;
}

// The bytes as one frame; false when that saves none.
arrow::Result<bool> CompressBytes(const GeneralCompressor& compressor, BufferPtr* bytes,
                                  arrow::MemoryPool* pool) {
  const Bytes plain((*bytes)->data(), static_cast<size_t>((*bytes)->size()));
  if (plain.empty()) return false;
  ARROW_ASSIGN_OR_RAISE(
      auto out, arrow::AllocateResizableBuffer(compressor.MaxBytes((*bytes)->size()), pool));
  ARROW_ASSIGN_OR_RAISE(int64_t size, compressor.Compress(plain, out->mutable_data()));
  if (size >= (*bytes)->size()) return false;
  ARROW_RETURN_NOT_OK(out->Resize(size));
  *bytes = std::move(out);
  return true;
}

ArrayEncoding AddBinary(const Values& values, PageBuffers* out) {
  const uint64_t adjustment = static_cast<uint64_t>(values.bytes->size()) + 1;
  if (values.validity != nullptr) {
    uint64_t* ends = values.offsets->mutable_data_as<uint64_t>() + 1;
    for (int64_t i = 0; i < values.num_values; ++i) {
      if (!arrow::bit_util::GetBit(values.validity->data(), i)) ends[i] += adjustment;
    }
  }
  ArrayEncoding encoding;
  auto& binary = *encoding.mutable_binary();
  *binary.mutable_indices() =
      NoNulls(Flat(64, out->Add(arrow::SliceBuffer(values.offsets, sizeof(uint64_t)))));
  binary.set_null_adjustment(adjustment);
  return encoding;
}

}  // namespace

arrow::Result<ArrayEncoding> EncodeBinary(const ArrayParts& parts, const EncodingOptions& options,
                                          PageBuffers* out, arrow::MemoryPool* pool) {
  using Compression = EncodingOptions::Compression;
  const bool large = !parts.empty() && arrow::is_large_binary_like(parts[0]->type->id());
  ARROW_ASSIGN_OR_RAISE(Values values,
                        large ? Join<int64_t>(parts, pool) : Join<int32_t>(parts, pool));
  std::string symbols;
  if (options.compression == Compression::kFsst && !large) {
    ARROW_ASSIGN_OR_RAISE(symbols, CompressValues(&values, pool));
  }
  ArrayEncoding binary = AddBinary(values, out);
  bool compressed = false;
  const bool zstd = options.compression == Compression::kZstd;
  if (zstd || options.compression == Compression::kLz4) {
    const GeneralCompressor compressor{
        .scheme = zstd ? CompressionScheme::kZstd : CompressionScheme::kLz4,
        .level = options.compression_level};
    ARROW_ASSIGN_OR_RAISE(compressed, CompressBytes(compressor, &values.bytes, pool));
  }
  ArrayEncoding& bytes = *binary.mutable_binary()->mutable_bytes();
  bytes = Flat(8, out->Add(values.bytes));
  if (compressed) {
    auto& compression = *bytes.mutable_flat()->mutable_compression();
    compression.set_scheme(zstd ? "zstd" : "lz4");
    if (options.compression_level) compression.set_level(*options.compression_level);
  }
  if (symbols.empty()) return binary;
  ArrayEncoding fsst;
  fsst.mutable_fsst()->set_symbol_table(std::move(symbols));
  *fsst.mutable_fsst()->mutable_binary() = std::move(binary);
  return fsst;
}

}  // namespace lancea::v2_0
