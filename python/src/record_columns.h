// Python records (dicts) as columns.
//
// A record is checked against the schema field by field before anything of it is appended, so one that
// does not fit leaves nothing behind. Plain values go straight into Arrow builders; values of rarer types
// (times, decimals) are collected and converted by pyarrow.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"

namespace lancea::python {

/// Why a record does not fit.
struct Mismatch {
  std::string field;     ///< path: "meta.tags[3]"
  std::string expected;  ///< an Arrow type, or what else is wrong with `found` empty
  std::string found;
};

/// The values of one field. All calls need the GIL.
class RecordColumn {
 public:
  virtual ~RecordColumn() = default;
  /// True if `value` can be appended; else `mismatch` says why, its field relative to this one.
  virtual bool Check(PyObject* value, Mismatch* mismatch) = 0;
  /// Append a value that was checked, or None.
  virtual void Append(PyObject* value) = 0;
  virtual std::shared_ptr<arrow::Array> Finish() = 0;
  /// Of the values appended since Finish; 0 where they are few anyway.
  virtual int64_t num_bytes() const { return 0; }

  /// struct module's character of the values in memory; 0: none
  virtual char format() const { return 0; }
  virtual void AppendMemory(const void*, int64_t) {}
};

/// All fields of a schema. Not thread-safe, nor to be entered again from a value's own methods.
class RecordColumns {
 public:
  explicit RecordColumns(std::shared_ptr<arrow::Schema> schema);
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// Append one record. \return why not
  std::optional<Mismatch> Append(PyObject* record, bool allow_missing);
  int64_t num_rows() const { return num_rows_; }
  int64_t num_bytes() const;
  std::shared_ptr<arrow::RecordBatch> Finish();

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<nanobind::object> names_;
  std::vector<std::unique_ptr<RecordColumn>> columns_;
  std::vector<PyObject*> values_;
  int64_t num_rows_ = 0;
};

/// The rows of a table as a list of dicts.
nanobind::list RowsToPython(const std::shared_ptr<arrow::Table>& table);

}  // namespace lancea::python
