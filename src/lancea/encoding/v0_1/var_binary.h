// Var-binary pages: strings and binary values.
#pragma once

#include "lancea/encoding/v0_1/page_read.h"

namespace lancea::v0_1 {

/// \param type  utf8, binary or their large forms
/// \param nullable  whether values of no bytes are null
arrow::Result<std::unique_ptr<PageRead>> MakeVarBinaryRead(const PageContext& context, Page page,
                                                           std::shared_ptr<arrow::DataType> type,
                                                           bool nullable,
                                                           std::vector<RowRange> ranges);

}  // namespace lancea::v0_1
