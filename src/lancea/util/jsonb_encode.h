// JSON text to JSONB, the inverse of jsonb.h, which describes the bytes.
//
// Keys are stored sorted; of two equal keys the last one counts. Integers take the fewest bytes that hold
// them, what no 64-bit integer holds is stored as a double.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// Append the JSONB form of one document.
/// \return InvalidInput saying where the text is not JSON
arrow::Status AppendJsonb(std::string_view text, std::string* jsonb);

/// The JSONB of each text of a utf8 or large_utf8 array, as a large_binary array with the same nulls.
/// \return InvalidInput naming the row that is not JSON
arrow::Result<std::shared_ptr<arrow::Array>> TextToJsonb(const arrow::Array& text,
                                                         arrow::MemoryPool* pool);

}  // namespace lancea
