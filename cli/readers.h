// Where rows come from: one reader for each input format.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "writers.h"

namespace lancea::cli {

/// Rows, and how much of the input they were read from.
struct RowSource {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::function<double()> fraction_read;  ///< 0 to 1; empty: not known
};

/// Open files of one schema, to be read one after another; types of CSV and JSON are those of the
/// beginning of the first.
///
/// \param paths  not empty; "-" is standard input, for csv, jsonl and arrow streams
/// \param format  nullopt: by each path's extension
arrow::Result<RowSource> OpenSource(std::vector<std::string> paths, std::optional<Format> format);

}  // namespace lancea::cli
