// One data file written by itself.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "callback_errors.h"
#include "from_values.h"
#include "lancea/file_writer.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

FileWriterOptions ToOptions(const nb::dict& dict) {
  FileWriterOptions options;
  options.version = Get<std::optional<std::string>>(dict, "version");
  options.compact = Get<bool>(dict, "compact");
  options.checksums = Get<bool>(dict, "checksums");
  options.max_page_bytes = Get<std::optional<uint64_t>>(dict, "max_page_bytes");
  options.data_cache_bytes = Get<std::optional<uint64_t>>(dict, "data_cache_bytes");
  options.keep_original_array =
      Get<std::optional<bool>>(dict, "keep_original_array").value_or(false);
  options.storage_options = ToStringMap(Item(dict, "storage_options"));
  return options;
}

std::unique_ptr<FileWriter> Open(const std::string& path, nb::handle schema, const nb::dict& dict) {
  const FileWriterOptions options = ToOptions(dict);
  auto arrow_schema = SchemaFromPython(schema);
  return RunReleased([&] { return FileWriter::Open(path, arrow_schema, options); });
}

// Nothing here calls Python back.
template <typename Work>
void Run(Work work) {
  CallbackErrors none;
  RunChange(none, [&](const arrow::StopToken&) -> arrow::Result<bool> {
    ARROW_RETURN_NOT_OK(work());
    return true;
  });
}

}  // namespace

void BindFileWriter(nb::module_& module) {
  nb::class_<FileWriter>(module, "FileWriter")
      .def_static("open", &Open, nb::arg("path"), nb::arg("schema"), nb::arg("options"))
      .def("write_batch",
           [](FileWriter& w, nb::handle batch) {
             const auto rows = BatchFromPython(batch);
             Run([&] { return w.Write(*rows); });
           })
      .def("add_schema_metadata",
           [](FileWriter& w, const std::string& key, const std::string& value) {
             Run([&] { return w.AddSchemaMetadata(key, value); });
           })
      .def("add_global_buffer",
           [](FileWriter& w, const nb::bytes& data) {
             auto buffer = arrow::Buffer::FromString(std::string(data.c_str(), data.size()));
             return RunReleased([&] { return w.AddGlobalBuffer(buffer); });
           })
      .def("finish",
           [](FileWriter& w) {
             uint64_t num_rows = 0;
             Run([&] { return w.Finish().Value(&num_rows); });
             return nb::make_tuple(num_rows, w.size_bytes());
           })
      .def("abort", [](FileWriter& w) { Run([&] { return w.Abort(); }); });
}

}  // namespace lancea::python
