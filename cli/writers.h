// Where batches go: one writer for each output format.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea::cli {

enum class Format { kCsv, kJsonLines, kArrow, kParquet };

/// The names `--format` takes, without parquet where only streams can be written.
std::vector<std::string> StreamFormatNames();
/// The format a name or the extension of a path stands for.
std::optional<Format> FormatOf(const std::string& name);

class BatchWriter {
 public:
  virtual ~BatchWriter() = default;
  virtual arrow::Status Write(const arrow::RecordBatch& batch) = 0;
  /// Must be called last; the output is not complete before.
  virtual arrow::Status Close() = 0;
};

/// \param path  a file to create or replace; empty: standard output
/// \return NotImplemented for parquet when this build has no Parquet library
arrow::Result<std::unique_ptr<BatchWriter>> MakeWriter(
    Format format, const std::string& path, const std::shared_ptr<arrow::Schema>& schema);

/// Write all batches and close. \return the number of rows written
arrow::Result<int64_t> WriteAll(arrow::RecordBatchReader& reader, BatchWriter& writer);

}  // namespace lancea::cli
