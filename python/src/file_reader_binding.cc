#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "lancea/file_reader.h"
#include "scan_options.h"
#include "status.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

nb::dict ToDict(const ColumnDescription& column) {
  nb::dict out;
  out["field_id"] = column.field_id;
  out["name"] = column.name;
  out["num_bytes"] = column.num_bytes();
  nb::list pages;
  for (const PageDescription& page : column.pages) {
    nb::dict entry;
    entry["num_rows"] = page.num_rows;
    entry["encoding"] = page.encoding;
    nb::list buffers;
    for (const ByteRange& buffer : page.buffers)
      buffers.append(nb::make_tuple(buffer.offset, buffer.length));
    entry["buffers"] = buffers;
    pages.append(entry);
  }
  out["pages"] = pages;
  return out;
}

}  // namespace

void BindFileReader(nb::module_& module) {
  module.def("schema_from_arrow", [](nb::handle schema) {
    return python::ToDict(Unwrap(lancea::FromArrow(*SchemaFromPython(schema))));
  });
  nb::class_<FileReader>(module, "FileReader", nb::is_weak_referenceable())
      .def_static(
          "open",
          [](const std::string& path, std::optional<std::vector<std::string>> columns,
             const std::map<std::string, std::string>& storage_options) {
            return RunReleased(
                [&] { return FileReader::Open(path, columns, nullptr, storage_options); });
          },
          nb::arg("path"), nb::arg("columns").none(), nb::arg("storage_options"))
      .def("layout",
           [](const FileReader& r) {
             const FileLayout layout = r.layout();
             nb::dict out;
             out["num_data_bytes"] = layout.num_data_bytes;
             out["num_column_metadata_bytes"] = layout.num_column_metadata_bytes;
             out["num_global_buffer_bytes"] = layout.num_global_buffer_bytes;
             nb::list buffers;
             for (const ByteRange& b : layout.global_buffers)
               buffers.append(nb::make_tuple(b.offset, b.length));
             out["global_buffers"] = buffers;
             return out;
           })
      .def_prop_ro("major_version", &FileReader::major_version)
      .def_prop_ro("minor_version", &FileReader::minor_version)
      .def_prop_ro("num_rows", &FileReader::num_rows)
      .def_prop_ro("size_bytes", &FileReader::size_bytes)
      .def_prop_ro("num_global_buffers", &FileReader::num_global_buffers)
      .def("schema", [](const FileReader& r) { return ToPython(r.schema()); })
      .def("lance_schema", [](const FileReader& r) { return python::ToDict(r.lance_schema()); })
      .def("read_global_buffer",
           [](const FileReader& r, int32_t index) {
             auto buffer = RunReleased([&] { return r.ReadGlobalBuffer(index); });
             return nb::bytes(reinterpret_cast<const char*>(buffer->data()),
                              static_cast<size_t>(buffer->size()));
           })
      .def("describe_columns",
           [](const FileReader& r) {
             auto columns = RunReleased([&] { return r.DescribeColumns(); });
             nb::list out;
             for (const ColumnDescription& column : columns) out.append(ToDict(column));
             return out;
           })
      .def("read_range",
           [](const FileReader& r, uint64_t start, uint64_t num_rows, int64_t batch_size) {
             return ToPython(RunReleased([&] { return r.ReadRange(start, num_rows, batch_size); }));
           })
      .def("take_rows", [](const FileReader& r, nb::handle rows, int64_t batch_size) {
        const auto numbers = ToRowNumbers(rows, "indices");
        return ToPython(RunReleased([&] { return r.TakeRows(numbers, batch_size); }));
      });
}

}  // namespace lancea::python
