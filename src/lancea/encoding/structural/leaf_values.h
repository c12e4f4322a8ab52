// Decoded values of a leaf -> Arrow data of the leaf's type, without validity.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_builder.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// Width of one value of a fixed-width leaf type in bits, fixed-size lists and packed structs
/// included; 0 if the type is not of fixed width.
uint64_t FixedBitWidth(const arrow::DataType& type);

/// True when a leaf of `type` can be made from values of `shape`; messages name both.
arrow::Status CheckShape(const arrow::DataType& type, const ValueShape& shape);

/// Wrap what `values` holds as `num_values` slots of `type`.
/// Fixed-size lists take their items' validity from the builder; packed structs are split into
/// children; booleans stored a byte each become bits.
arrow::Result<std::shared_ptr<arrow::ArrayData>> MakeLeafData(
    const std::shared_ptr<arrow::DataType>& type, int64_t num_values, ValueBuilder* values);

/// The same for values that already lie in `buffer` exactly as Arrow wants them (fixed width, whole
/// bytes, no item validity), without a copy.
std::shared_ptr<arrow::ArrayData> WrapPlainFixed(const std::shared_ptr<arrow::DataType>& type,
                                                 int64_t num_values,
                                                 std::shared_ptr<arrow::Buffer> buffer);

}  // namespace lancea
