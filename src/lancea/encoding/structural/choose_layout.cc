#include "lancea/encoding/structural/choose_layout.h"

#include <algorithm>

#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/structural/full_zip_encode.h"
#include "lancea/encoding/structural/gather_values.h"

namespace lancea {

namespace {

// Beyond it a chunk holds too few values to be worth decoding for one of them.
constexpr uint64_t kMaxChunkedVectorBytes = 8192;
constexpr double kWorthChunks = 0.97;

// Fixed-size lists whose chunks general compression makes smaller.
arrow::Result<bool> IsCompressibleList(const ValueBlock& values, const EncodingOptions& options,
                                       arrow::MemoryPool* pool) {
  const auto compressor = AllowedCompressor(options);
  if (!options.compact || !compressor || values.list_levels.empty()) return false;
  for (const FixedSizeListLevel& level : values.list_levels) {
    if (level.item_validity != nullptr) return false;
  }
  if (MaxValueBytes(values) > kMaxChunkedVectorBytes) return false;
  const int64_t chunk_bytes = LimitsFor(options, /*compressed=*/true, 0).max_bytes;
  ARROW_ASSIGN_OR_RAISE(const double ratio,
                        SampleFlat(values, *compressor, chunk_bytes, /*split=*/false, pool));
  return ratio < kWorthChunks;
}

}  // namespace

arrow::Result<LayoutKind> ChooseLayout(const ValueBlock& values, bool has_dictionary,
                                       const EncodingOptions& options, arrow::MemoryPool* pool) {
  if (has_dictionary) return LayoutKind::kMiniBlock;
  if (values.is_struct() && std::ranges::any_of(values.children, [](const ValueBlock& child) {
        return child.is_variable();
      })) {
    return LayoutKind::kFullZip;
  }
  if (!FitsFullZip(values)) return LayoutKind::kMiniBlock;
  switch (options.structural) {
    case EncodingOptions::Structural::kMiniBlock:
      return LayoutKind::kMiniBlock;
    case EncodingOptions::Structural::kFullZip:
      return LayoutKind::kFullZip;
    case EncodingOptions::Structural::kAuto:
      break;
  }
  if (MaxValueBytes(values) < kLargeValueBytes) return LayoutKind::kMiniBlock;
  ARROW_ASSIGN_OR_RAISE(const bool in_chunks, IsCompressibleList(values, options, pool));
  return in_chunks ? LayoutKind::kMiniBlock : LayoutKind::kFullZip;
}

}  // namespace lancea
