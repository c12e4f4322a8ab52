// How much of its buffers an array refers to: what arrow::util::ReferencedBufferSize answers, without the
// compute kernels and arrays that it makes for that, which for batches of 1,000 rows cost more than to
// write them.
//
// Buffers that columns share are counted for each of them, and of a dictionary all entries.
#pragma once

#include <cstdint>

#include "arrow/type_fwd.h"

namespace lancea {

/// Bytes of the rows in the array's window.
uint64_t ReferencedBytes(const arrow::Array& array);

/// The same of all columns.
uint64_t ReferencedBytes(const arrow::RecordBatch& batch);

}  // namespace lancea
