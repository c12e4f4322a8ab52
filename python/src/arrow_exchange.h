// Arrow objects across the language border, without copies.
//
// Built against the pyarrow wheel, objects are wrapped by pyarrow's own C++ API (about 1 us, same types and
// buffers). Built against another Arrow, they cross through the Arrow C stream and schema interface.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "arrow/type_fwd.h"

namespace lancea::python {

/// Load pyarrow. Called once, when the module is imported.
void InitArrow();

nanobind::object ToPython(const std::shared_ptr<arrow::Table>& table);
nanobind::object ToPython(const std::shared_ptr<arrow::Schema>& schema);
nanobind::object ToPython(const std::shared_ptr<arrow::Buffer>& buffer);
nanobind::object ToPython(std::shared_ptr<arrow::RecordBatchReader> reader);

/// A pyarrow.Schema.
std::shared_ptr<arrow::Schema> SchemaFromPython(nanobind::handle schema);
/// A pyarrow.RecordBatch.
std::shared_ptr<arrow::RecordBatch> BatchFromPython(nanobind::handle batch);
/// A pyarrow.Table; nullptr for anything else, and where tables cannot cross as such.
std::shared_ptr<arrow::Table> TableFromPython(nanobind::handle table);

}  // namespace lancea::python
