// Plain pages: fixed-width values back to back.
#pragma once

#include "lancea/encoding/v0_1/page_read.h"

namespace lancea::v0_1 {

/// Bits per stored value; 0 when the type has no plain form. Fixed-size lists count all their items.
int64_t PlainBits(const arrow::DataType& type);

/// A read of fixed-width values, booleans and fixed-size lists of them.
arrow::Result<std::unique_ptr<PageRead>> MakePlainRead(const PageContext& context, Page page,
                                                       std::shared_ptr<arrow::DataType> type,
                                                       std::vector<RowRange> ranges);

}  // namespace lancea::v0_1
