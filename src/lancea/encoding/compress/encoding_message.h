// The description of a compressive encoding, one message type for every file version.
//
// The messages of 2.1/2.2 and 2.3 share their field numbers, and 2.3's are a superset (range, delta), so
// everything is read through 2.3's.
#pragma once

#include "lancea/proto/encodings_v2_3.pb.h"

namespace lancea {

using EncodingMessage = lance::encodings23::CompressiveEncoding;

/// Encodings nested deeper than this are refused.
inline constexpr int kMaxEncodingDepth = 16;

/// Steps of that depth which an encoding counts whose children are decoded to memory of their own (runs,
/// dictionaries, deltas): each level may hold as many values as its page may claim.
inline constexpr int kScratchDepth = 4;

}  // namespace lancea
