// fsst: strings compressed one by one with the page's symbol table (compress/fsst.h).
//
//   fsst{binary, symbol_table}   binary holds the codes of each string, and which are null
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFsst(const pb::Fsst& fsst,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      uint64_t num_rows, const PageContext& context);

}  // namespace lancea::v2_0
