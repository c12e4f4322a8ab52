// What reading rows of a column costs, for the choice between some rows and all of them. In bytes decoded
// one after another: rough, and the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lancea/scan/read_plan.h"

namespace lancea {

/// Bytes that a row of a column takes in its files, on average.
uint64_t RowBytes(const FragmentColumns& readers, size_t column);

/// What decoding a row of a column costs when all rows are decoded.
uint64_t DecodeCost(const ReadPlan& plan, const FragmentColumns& readers, size_t column);

/// Whether decoding all of `num_rows` costs no more than finding `num_ranges` ranges among them.
/// \param block_size  bytes that a read brings along; 0 in memory
bool IsWholeCheaper(uint64_t decode_cost, uint64_t num_rows, uint64_t num_ranges,
                    uint64_t block_size);

/// Whether all files of the fragment are in memory, or mapped.
bool IsInMemory(const FragmentColumns& readers);

}  // namespace lancea
