// JSONB: the binary form in which `lance.json` columns store JSON, and its way back to text.
//
//   container   u32 header | u32 entries | payloads
//     header    top 3 bits: 100 array, 010 object, 001 scalar; low 29 bits: number of elements
//     array     one entry per element, then the elements' payloads in order
//     object    one entry per key, then one per value, then the keys', then the values' payloads
//     scalar    one entry and its payload, at the top only
//   entry       bits 28..30: 0 null, 1 string, 2 number, 3 false, 4 true, 5 container, 6 extension;
//               low 28 bits: payload length in bytes
//   number      u8 kind, then big-endian bytes: 00 zero, 10 NaN, 20 inf, 30 -inf, 40 signed and
//               50 unsigned (1, 2, 4 or 8 bytes), 60 f64, 70 decimal (i64/i128 value, u8 scale)
//
// All integers big-endian. Text is compact, keys in stored (sorted) order; floats have the fewest
// digits that read back equal, written plainly from 1e-5 up to 1e16 and with an exponent outside
// ("1.5e+300"); NaN and infinities are null. No bytes at all read as null.
// Source: text and bytes of pylance 14.0.2.
#pragma once

#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Append the JSON text of one document.
/// \return Corrupt when the bytes are not JSONB or hold text that is not UTF-8, Unsupported for
///   extension values and 256-bit decimals, which JSON text never becomes
arrow::Status AppendJsonText(Bytes jsonb, std::string* text);

/// The text of each document of a large_binary array as a utf8 array with the same nulls.
arrow::Result<std::shared_ptr<arrow::Array>> JsonbToText(const arrow::Array& jsonb,
                                                         arrow::MemoryPool* pool);

}  // namespace lancea
