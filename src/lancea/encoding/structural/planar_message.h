// The layout message of 2.3 for pages of dense levels: the bytes of 2.2 in other words.
//
//   MiniBlockLayout   dense(layers) + chunked
//   FullZipLayout     dense(layers) + zipped
//   ConstantLayout    dense(layers) + constant, or none when every row is null
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/column_info.h"
#include "lancea/proto/encodings_v2_1.pb.h"

namespace lancea {

/// Type URL of 2.3's layout messages.
inline constexpr char kPlanarUrl[] = "/lance.encodings23.PlanarLayout";

/// \return Unsupported for a layout that 2.3 does not have
arrow::Result<EncodingBlob> ToPlanar(const lance::encodings21::PageLayout& layout);

}  // namespace lancea
