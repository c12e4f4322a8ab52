// Answers of conditions, a byte per value, as the bits that Arrow holds.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// \param answers  `count` bytes, 1 or 0 each
/// \return a bit each, LSB first; the rest of the last byte is 0
arrow::Result<std::shared_ptr<arrow::Buffer>> AnswerBits(const uint8_t* answers, int64_t count,
                                                         arrow::MemoryPool* pool);

}  // namespace lancea
