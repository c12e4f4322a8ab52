// constant{value}: every row has the same value, whose little-endian bytes (or string) stand in the
// description. No writer of 2.0 files is known to emit it.
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeConstant(const pb::Constant& constant,
                                                          const std::shared_ptr<arrow::DataType>& type,
                                                          const PageContext& context);

}  // namespace lancea::v2_0
