// Lists: offsets into the child's page of the same batch.
#pragma once

#include "lancea/encoding/v0_1/page_read.h"

namespace lancea::v0_1 {

/// \param type  list or large list
arrow::Result<std::unique_ptr<PageRead>> MakeListRead(const PageContext& context, Page page,
                                                      const Field& field,
                                                      std::shared_ptr<arrow::DataType> type,
                                                      std::vector<RowRange> ranges);

}  // namespace lancea::v0_1
