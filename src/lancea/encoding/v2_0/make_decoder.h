// From an `ArrayEncoding` message to its decoder: the only list of 2.0 encodings.
#pragma once

#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/v2_0/array_decoder.h"
#include "lancea/encoding/v2_0/stored_buffer.h"
#include "lancea/proto/encodings_v2_0.pb.h"

namespace lancea::v2_0 {

namespace pb = lance::encodings;

/// Trees deeper than this are refused.
inline constexpr int kMaxDepth = 16;

/// What an encoding needs to know of the page around it.
struct PageContext {
  const ColumnInfo* column = nullptr;
  const PageInfo* page = nullptr;
  uint64_t file_size = 0;  ///< bytes
  /// Packed structs of which only some children are wanted: the stored position of each child of the
  /// type; empty when all are.
  std::vector<int> packed_children;
  int depth = 0;

  PageContext Below() const {
    PageContext below = *this;
    ++below.depth;
    return below;
  }
};

/// \param type      what the array decodes to
/// \param num_rows  rows (or items) that the array has; checked against the bytes stored for them
/// \return Corrupt when encoding, type and bytes contradict each other, Unsupported for an encoding that
///   is not known
arrow::Result<std::unique_ptr<ArrayDecoder>> MakeArrayDecoder(
    const pb::ArrayEncoding& encoding, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context);

/// Width in bits of one value of a fixed-width type that is stored as one number (or bit, or byte
/// string); nullopt for every other type.
std::optional<uint64_t> FixedWidthBits(const arrow::DataType& type);

/// Address that values of `type` have to be aligned to, in bytes.
int64_t AlignmentOf(const arrow::DataType& type);

/// The buffer that a message names.
arrow::Result<ByteRange> FindBuffer(const pb::Buffer& message, const PageContext& context);

/// The buffer of a flat encoding with its compression.
arrow::Result<StoredBuffer> FindFlatBuffer(const pb::Flat& flat, const PageContext& context);

/// Check that memory that no stored bytes vouch for (nulls, constants) stays in reason: `num_values` of
/// `bits` bits.
arrow::Status CheckUnstoredSize(uint64_t num_values, uint64_t bits, const PageContext& context);

}  // namespace lancea::v2_0
