// Which layout a page of values takes.
//
//   no value in the page                            all-null constant
//   one value, 2.2 on                               constant, unless levels would cost more than chunks
//   packed struct with a child of variable width    full-zip: the only layout that holds it
//   values below 256 bytes                          mini-block
//   larger values                                   full-zip
//   vectors that compress well, being compact      mini-block: chunks compress, single values do not
// 256 bytes: beyond it a chunk holds too few values for block compression to gain, while a read of one
// value costs the whole chunk. The user's `structural-encoding` overrides the last three rows.
#pragma once

#include <cstdint>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

enum class LayoutKind { kMiniBlock, kFullZip };

/// Values of at least this many bytes count as large.
constexpr uint64_t kLargeValueBytes = 256;

/// \param has_dictionary  the values are indices, which only chunks can hold
arrow::Result<LayoutKind> ChooseLayout(const ValueBlock& values, bool has_dictionary,
                                       const EncodingOptions& options, arrow::MemoryPool* pool);

}  // namespace lancea
