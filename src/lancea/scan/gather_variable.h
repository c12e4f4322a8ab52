// Text and binary values picked from several chunks into one array, each byte copied once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// The values of `chunks` at `positions`, which count through all chunks and are below their length.
/// \param chunks  not empty, of one text or binary type (arrow::is_base_binary_like)
/// \return CapacityError when the bytes pass what offsets of 32 bits reach
arrow::Result<std::shared_ptr<arrow::Array>> GatherVariable(const arrow::ArrayVector& chunks,
                                                            const std::vector<uint32_t>& positions,
                                                            arrow::MemoryPool* pool);

}  // namespace lancea
