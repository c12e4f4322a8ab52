#include "arrow_exchange.h"

#include "arrow/buffer.h"
#include "arrow/c/bridge.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "status.h"

#ifdef LANCEA_HAS_ARROW_PYTHON
#include "arrow/python/pyarrow.h"
#endif

namespace lancea::python {

namespace nb = nanobind;

namespace {

nb::object PyArrow(const char* name) { return nb::module_::import_("pyarrow").attr(name); }

bool NamesExtension(const arrow::Field& field) {
  if (field.HasMetadata()) {
    const int position = field.metadata()->FindKey("ARROW:extension:name");
    if (position >= 0) {
      // Registered no earlier than needed: pylance fails to load where it finds the name taken.
      if (field.metadata()->value(position) == "lance.bfloat16")
        nb::module_::import_("lancea.arrow");
      return true;
    }
  }
  bool names = false;
  for (const auto& child : field.type()->fields()) names |= NamesExtension(*child);
  return names;
}

// Extension types that are registered with pyarrow become such types only on the way through the C
// interface; fields carry their names as metadata.
bool NamesExtension(const arrow::Schema& schema) {
  bool names = false;
  for (const auto& field : schema.fields()) names |= NamesExtension(*field);
  return names;
}

// Readers always cross as C streams: pyarrow's reader then releases the GIL around every batch.
nb::object ImportStream(const std::shared_ptr<arrow::RecordBatchReader>& reader) {
  ArrowArrayStream stream;
  Check(arrow::ExportRecordBatchReader(reader, &stream));
  return PyArrow("RecordBatchReader").attr("_import_from_c")(reinterpret_cast<uintptr_t>(&stream));
}

}  // namespace

nb::object ToPython(std::shared_ptr<arrow::RecordBatchReader> reader) {
  NamesExtension(*reader->schema());
  return ImportStream(reader);
}

#ifdef LANCEA_HAS_ARROW_PYTHON

void InitArrow() {
  if (arrow::py::import_pyarrow() != 0) throw nb::python_error();
}

nb::object ToPython(const std::shared_ptr<arrow::Table>& table) {
  if (NamesExtension(*table->schema())) {
    return ImportStream(std::make_shared<arrow::TableBatchReader>(table)).attr("read_all")();
  }
  return nb::steal(arrow::py::wrap_table(table));
}

nb::object ToPython(const std::shared_ptr<arrow::Schema>& schema) {
  if (NamesExtension(*schema)) {
    ArrowSchema exported;
    Check(arrow::ExportSchema(*schema, &exported));
    return PyArrow("Schema").attr("_import_from_c")(reinterpret_cast<uintptr_t>(&exported));
  }
  return nb::steal(arrow::py::wrap_schema(schema));
}

nb::object ToPython(const std::shared_ptr<arrow::Buffer>& buffer) {
  return nb::steal(arrow::py::wrap_buffer(buffer));
}

std::shared_ptr<arrow::Schema> SchemaFromPython(nb::handle schema) {
  return Unwrap(arrow::py::unwrap_schema(schema.ptr()));
}

std::shared_ptr<arrow::RecordBatch> BatchFromPython(nb::handle batch) {
  return Unwrap(arrow::py::unwrap_batch(batch.ptr()));
}

std::shared_ptr<arrow::Table> TableFromPython(nb::handle table) {
  if (!arrow::py::is_table(table.ptr())) return nullptr;
  return Unwrap(arrow::py::unwrap_table(table.ptr()));
}

#else

void InitArrow() { nb::module_::import_("pyarrow"); }

nb::object ToPython(const std::shared_ptr<arrow::Table>& table) {
  NamesExtension(*table->schema());
  return ImportStream(std::make_shared<arrow::TableBatchReader>(table)).attr("read_all")();
}

nb::object ToPython(const std::shared_ptr<arrow::Schema>& schema) {
  NamesExtension(*schema);
  ArrowSchema exported;
  Check(arrow::ExportSchema(*schema, &exported));
  return PyArrow("Schema").attr("_import_from_c")(reinterpret_cast<uintptr_t>(&exported));
}

nb::object ToPython(const std::shared_ptr<arrow::Buffer>& buffer) {
  nb::bytes copy(reinterpret_cast<const char*>(buffer->data()),
                 static_cast<size_t>(buffer->size()));
  return PyArrow("py_buffer")(copy);
}

std::shared_ptr<arrow::Schema> SchemaFromPython(nb::handle schema) {
  ArrowSchema exported;
  schema.attr("_export_to_c")(reinterpret_cast<uintptr_t>(&exported));
  return Unwrap(arrow::ImportSchema(&exported));
}

std::shared_ptr<arrow::RecordBatch> BatchFromPython(nb::handle batch) {
  ArrowArray array;
  ArrowSchema schema;
  batch.attr("_export_to_c")(reinterpret_cast<uintptr_t>(&array),
                             reinterpret_cast<uintptr_t>(&schema));
  return Unwrap(arrow::ImportRecordBatch(&array, &schema));
}

std::shared_ptr<arrow::Table> TableFromPython(nb::handle) { return nullptr; }

#endif

}  // namespace lancea::python
