// Rows of the table on their way into new fragments: read by address, blobs ready to be written again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/schema.h"

namespace lancea {

/// One column as a writer takes it: descriptions of blobs replaced by their bytes or URIs.
/// \param rows       as a scan returns them
/// \param addresses  of the rows
arrow::Result<std::shared_ptr<arrow::Array>> AsWritten(const Dataset& dataset, const Field& field,
                                                       const std::shared_ptr<arrow::Array>& rows,
                                                       std::span<const uint64_t> addresses,
                                                       const arrow::StopToken& stop);

/// Top-level columns of rows in the order of their addresses, as scans return them.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> FetchRows(
    const Dataset& dataset, const std::vector<std::string>& columns,
    const std::vector<uint64_t>& addresses, const arrow::StopToken& stop);

}  // namespace lancea
