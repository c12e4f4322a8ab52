// The writing side of variable_packed_struct.h.
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Rows of a struct some of whose children are variable, each child encoded by itself. Each row is one
/// value of the variable block given back; its length is the full-zip page's business.
/// \param block  a struct, checked
arrow::Result<PerValueEncoding> EncodeVariablePackedStruct(const ValueBlock& block,
                                                           const EncodingOptions& options,
                                                           arrow::MemoryPool* pool);

}  // namespace lancea
