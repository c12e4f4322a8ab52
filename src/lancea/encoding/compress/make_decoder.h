// From an encoding's description to its decoder: the only list of compressive encodings.
#pragma once

#include <memory>
#include <string>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"
#include "lancea/proto/encodings_v2_1.pb.h"

namespace lancea {

/// \return Unsupported for an encoding that cannot stand in that place or is not known; Corrupt for a
///   description that contradicts itself
arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeMiniBlockDecoder(
    const EncodingMessage& message, int depth = 0);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeBlockDecoder(const EncodingMessage& message,
                                                              int depth = 0);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakePerValueDecoder(const EncodingMessage& message,
                                                                    int depth = 0);

/// A readable tree, e.g. "fsst(variable(flat(32)))".
std::string DescribeEncoding(const EncodingMessage& message, int depth = 0);

/// The 2.1 form of a description as the common one.
arrow::Result<EncodingMessage> ToEncodingMessage(
    const lance::encodings21::CompressiveEncoding& message);

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeMiniBlockDecoder(
    const lance::encodings21::CompressiveEncoding& message);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeBlockDecoder(
    const lance::encodings21::CompressiveEncoding& message);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakePerValueDecoder(
    const lance::encodings21::CompressiveEncoding& message);
std::string DescribeEncoding(const lance::encodings21::CompressiveEncoding& message);

}  // namespace lancea
