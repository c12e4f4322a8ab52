#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "commit_lock.h"
#include "lancea/dataset.h"
#include "scan_options.h"
#include "status.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

VersionSpec ToVersion(nb::handle version) {
  if (version.is_none()) return std::monostate{};
  if (nb::isinstance<nb::str>(version)) return nb::cast<std::string>(version);
  nb::object number = nb::steal(PyNumber_Index(version.ptr()));
  if (!number.is_valid()) throw nb::python_error();
  const unsigned long long value = PyLong_AsUnsignedLongLong(number.ptr());
  if (PyErr_Occurred()) throw nb::python_error();
  return static_cast<uint64_t>(value);
}

std::shared_ptr<Dataset> Open(const std::string& uri, nb::handle version,
                              std::optional<std::string> branch,
                              std::optional<int64_t> as_of_micros, std::shared_ptr<Session> session,
                              std::map<std::string, std::string> storage_options,
                              nb::handle commit_lock) {
  OpenOptions options;
  options.commit_handler = CommitHandlerFromPython(commit_lock, nullptr);
  options.version = ToVersion(version);
  options.branch = std::move(branch);
  options.as_of_micros = as_of_micros;
  options.session = std::move(session);
  options.storage_options = std::move(storage_options);
  return RunReleased([&] { return Dataset::Open(uri, options); });
}

template <typename T>
nb::list ToList(const std::vector<T>& values) {
  nb::list out;
  for (const T& value : values) out.append(ToDict(value));
  return out;
}

template <typename T>
nb::dict ToDictOf(const std::map<std::string, T>& values) {
  nb::dict out;
  for (const auto& [name, value] : values) out[nb::str(name.c_str(), name.size())] = ToDict(value);
  return out;
}

// Takes are short: no signal handling, no more Python objects than the arguments.
template <typename Take>
nb::object RunTake(nb::handle rows, const nb::dict& options, const char* what, Take take) {
  const std::vector<uint64_t> numbers = ToRowNumbers(rows, what);
  const ScanOptions scan_options = ToScanOptions(options);
  return ToPython(RunReleased([&] { return take(numbers, scan_options); }));
}

std::shared_ptr<Scanner> MakeScanner(const Dataset& dataset, ScanOptions options) {
  return RunReleased([&] { return dataset.Scan(std::move(options)); });
}

}  // namespace

void BindDataset(nb::module_& module) {
  nb::class_<Dataset> dataset(module, "Dataset", nb::is_weak_referenceable());
  BindChanges(dataset);
  dataset
      .def_static("open", &Open, nb::arg("uri"), nb::arg("version").none() = nb::none(),
                  nb::arg("branch").none() = nb::none(),
                  nb::arg("as_of_micros").none() = nb::none(),
                  nb::arg("session").none() = nb::none(),
                  nb::arg("storage_options") = std::map<std::string, std::string>(),
                  nb::arg("commit_lock").none() = nb::none())
      .def_prop_ro("uri", &Dataset::uri)
      .def_prop_ro("version", &Dataset::version)
      .def_prop_ro("branch", &Dataset::branch)
      .def_prop_ro("data_storage_version", &Dataset::data_storage_version)
      .def_prop_ro("has_stable_row_ids", &Dataset::has_stable_row_ids)
      .def_prop_ro("max_field_id", &Dataset::max_field_id)
      .def_prop_ro("session", [](const Dataset& d) { return d.session(); })
      .def("schema", [](const Dataset& d) { return ToPython(d.schema()); })
      .def("lance_schema", [](const Dataset& d) { return ToDict(d.lance_schema()); })
      .def("config", [](const Dataset& d) { return ToDict(d.config()); })
      .def("table_metadata", [](const Dataset& d) { return ToDict(d.table_metadata()); })
      .def("fragments", [](const Dataset& d) { return ToList(d.fragments()); })
      .def("base_paths",
           [](const Dataset& d) {
             const nb::object make = nb::module_::import_("lancea.types").attr("DatasetBasePath");
             nb::dict out;
             for (const BasePath& base : d.base_paths()) {
               nb::object name = base.name.empty() ? nb::none() : nb::cast(base.name);
               out[nb::int_(base.id)] = make(base.path, name, base.is_dataset_root, base.id);
             }
             return out;
           })
      .def("indices", [](const Dataset& d) { return ToList(d.indices()); })
      .def(
          "checkout",
          [](const Dataset& d, nb::handle version) {
            const VersionSpec spec = ToVersion(version);
            return RunReleased([&] { return d.Checkout(spec); });
          },
          nb::arg("version").none())
      .def(
          "checkout_branch",
          [](const Dataset& d, const std::string& branch, nb::handle version) {
            const VersionSpec spec = ToVersion(version);
            return RunReleased([&] { return d.CheckoutBranch(branch, spec); });
          },
          nb::arg("branch"), nb::arg("version").none() = nb::none())
      .def("latest_version",
           [](const Dataset& d) { return RunReleased([&] { return d.LatestVersion(); }); })
      .def("versions",
           [](const Dataset& d) { return ToList(RunReleased([&] { return d.Versions(); })); })
      .def("tags", [](const Dataset& d) { return ToDictOf(RunReleased([&] { return d.Tags(); })); })
      .def("branches",
           [](const Dataset& d) { return ToDictOf(RunReleased([&] { return d.Branches(); })); })
      .def("count_rows",
           [](const Dataset& d) { return RunReleased([&] { return d.CountRows(); }); })
      .def("count_deleted_rows",
           [](const Dataset& d) { return RunReleased([&] { return d.CountDeletedRows(); }); })
      .def("scan_schema",
           [](const Dataset& d, const nb::dict& options) {
             return ToPython(MakeScanner(d, ToScanOptions(options))->schema());
           })
      .def("scan_count",
           [](const Dataset& d, const nb::dict& options) {
             auto scanner = MakeScanner(d, ToScanOptions(options));
             return RunReleased([&] { return scanner->CountRows(); });
           })
      .def("to_table",
           [](const Dataset& d, const nb::dict& dict) {
             ScanOptions options = ToScanOptions(dict);
             return ToPython(RunInterruptibly(
                 [&](const arrow::StopToken& stop) -> arrow::Result<std::shared_ptr<arrow::Table>> {
                   options.stop_token = stop;
                   ARROW_ASSIGN_OR_RAISE(auto scanner, d.Scan(options));
                   return scanner->ToTable();
                 }));
           })
      .def("to_reader",
           [](const Dataset& d, const nb::dict& dict) {
             auto scanner = MakeScanner(d, ToScanOptions(dict));
             return ToPython(RunReleased([&] { return scanner->ToReader(); }));
           })
      .def("take",
           [](const Dataset& d, nb::handle rows, const nb::dict& options) {
             return RunTake(rows, options, "indices",
                            [&](const auto& numbers, const auto& o) { return d.Take(numbers, o); });
           })
      .def("take_row_ids",
           [](const Dataset& d, nb::handle rows, const nb::dict& options) {
             return RunTake(rows, options, "row_ids", [&](const auto& numbers, const auto& o) {
               return d.TakeRowIds(numbers, o);
             });
           })
      .def("take_addresses",
           [](const Dataset& d, nb::handle rows, const nb::dict& options) {
             return RunTake(rows, options, "addresses", [&](const auto& numbers, const auto& o) {
               return d.TakeAddresses(numbers, o);
             });
           })
      .def("take_from_fragment",
           [](const Dataset& d, uint64_t fragment, nb::handle rows, const nb::dict& options) {
             return RunTake(rows, options, "indices", [&](const auto& numbers, const auto& o) {
               return d.TakeFromFragment(fragment, numbers, o);
             });
           })
      .def("sample",
           [](const Dataset& d, uint64_t num_rows, uint64_t seed, const nb::dict& dict) {
             const ScanOptions options = ToScanOptions(dict);
             return ToPython(RunReleased([&] { return d.Sample(num_rows, seed, options); }));
           })
      .def("addresses_of_offsets",
           [](const Dataset& d, nb::handle rows) {
             const auto numbers = ToRowNumbers(rows, "indices");
             return RunReleased([&] { return d.AddressesOfOffsets(numbers); });
           })
      .def("addresses_of_row_ids",
           [](const Dataset& d, nb::handle rows) {
             const auto numbers = ToRowNumbers(rows, "ids");
             return RunReleased([&] { return d.AddressesOfRowIds(numbers); });
           })
      .def("deletion_file_path",
           [](const Dataset& d, size_t fragment) -> std::optional<std::string> {
             const FragmentMetadata& metadata = d.fragments().at(fragment);
             if (!metadata.deletion_file) return std::nullopt;
             return metadata.deletion_file->Path(metadata.id);
           })
      .def("take_blobs",
           [](const Dataset& d, const std::string& column, const std::vector<uint64_t>& addresses) {
             auto buffers = RunReleased([&] { return d.TakeBlobs(column, addresses); });
             nb::list out;
             for (const auto& buffer : buffers) out.append(buffer ? ToPython(buffer) : nb::none());
             return out;
           })
      .def("data_file_path",
           [](const Dataset& d, size_t fragment, size_t file) {
             return Unwrap(d.DataFilePath(d.fragments().at(fragment).files.at(file)));
           })
      .def("bytes_by_field",
           [](const Dataset& d) { return RunReleased([&] { return d.BytesByField(); }); })
      .def("io_statistics",
           [](const Dataset& d) {
             const IoStatistics io = d.io_statistics();
             return nb::make_tuple(io.requests, io.iops, io.bytes_read);
           })
      .def("verify", [](const Dataset& d) {
        auto defects =
            RunInterruptibly([&](const arrow::StopToken& stop) { return d.Verify(stop); });
        nb::list out;
        for (const Defect& defect : defects)
          out.append(nb::make_tuple(defect.file, defect.message));
        return out;
      });
}

}  // namespace lancea::python
