// Makers of encoding descriptions, the writers' side of encoding_message.h.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "lancea/encoding/compress/encoding_message.h"

namespace lancea {

inline EncodingMessage FlatEncoding(uint64_t bits_per_value) {
  EncodingMessage out;
  out.mutable_flat()->set_bits_per_value(bits_per_value);
  return out;
}

inline EncodingMessage VariableEncoding(uint64_t bits_per_offset) {
  EncodingMessage out;
  *out.mutable_variable()->mutable_offsets() = FlatEncoding(bits_per_offset);
  return out;
}

inline EncodingMessage InlineBitpackingEncoding(uint64_t bits_per_value) {
  EncodingMessage out;
  out.mutable_inline_bitpacking()->set_uncompressed_bits_per_value(bits_per_value);
  return out;
}

inline EncodingMessage OutOfLineBitpackingEncoding(uint64_t bits_per_value, uint64_t width) {
  EncodingMessage out;
  out.mutable_out_of_line_bitpacking()->set_uncompressed_bits_per_value(bits_per_value);
  *out.mutable_out_of_line_bitpacking()->mutable_values() = FlatEncoding(width);
  return out;
}

inline EncodingMessage RunLengthEncoding(uint64_t bits_per_value) {
  EncodingMessage out;
  *out.mutable_rle()->mutable_values() = FlatEncoding(bits_per_value);
  *out.mutable_rle()->mutable_run_lengths() = FlatEncoding(8);
  return out;
}

inline EncodingMessage ByteStreamSplitEncoding(uint64_t bits_per_value) {
  EncodingMessage out;
  *out.mutable_byte_stream_split()->mutable_values() = FlatEncoding(bits_per_value);
  return out;
}

inline EncodingMessage FsstEncoding(std::string symbol_table, uint64_t bits_per_offset) {
  EncodingMessage out;
  out.mutable_fsst()->set_symbol_table(std::move(symbol_table));
  *out.mutable_fsst()->mutable_values() = VariableEncoding(bits_per_offset);
  return out;
}

inline EncodingMessage FixedSizeListEncoding(uint64_t items_per_value, bool has_validity,
                                             EncodingMessage values) {
  EncodingMessage out;
  out.mutable_fixed_size_list()->set_items_per_value(items_per_value);
  out.mutable_fixed_size_list()->set_has_validity(has_validity);
  *out.mutable_fixed_size_list()->mutable_values() = std::move(values);
  return out;
}

}  // namespace lancea
