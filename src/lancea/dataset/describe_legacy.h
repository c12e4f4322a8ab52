// What the page table of a legacy 0.1 file says of each column.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/file_reader.h"

namespace lancea {

/// \param names  dotted path by field id
arrow::Result<std::vector<ColumnDescription>> DescribeLegacyColumns(
    const DataFileReader& file, const Schema& schema, const std::map<int32_t, std::string>& names);

}  // namespace lancea
