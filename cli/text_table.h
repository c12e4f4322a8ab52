// Rows as an aligned table for people.
#pragma once

#include "arrow/type_fwd.h"

namespace lancea::cli {

/// Print `table` to standard output: long values are cut, and columns that do not fit the terminal's width
/// are left out and named below.
void PrintTable(const arrow::Table& table);

}  // namespace lancea::cli
