// Maintenance rounds: one now, or one after the other on a thread of their own.
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "callback_errors.h"
#include "compaction_options.h"
#include "from_values.h"
#include "lancea/dataset.h"
#include "lancea/maintenance.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using DatasetPtr = std::shared_ptr<Dataset>;

MaintenanceOptions ToMaintenanceOptions(const Dataset& dataset, const nb::dict& dict) {
  MaintenanceOptions out;
  out.compact = Get<bool>(dict, "compact");
  const nb::object compaction = Item(dict, "compaction");
  if (!compaction.is_none()) {
    out.compaction = ToCompactionOptions(dataset, nb::cast<nb::dict>(compaction));
  }
  out.min_fragments = Get<uint64_t>(dict, "min_fragments");
  out.clean_up = Get<bool>(dict, "clean_up");
  out.older_than_seconds = Get<uint64_t>(dict, "older_than_seconds");
  out.retain_versions = Get<std::optional<uint64_t>>(dict, "retain_versions");
  out.dry_run = Get<bool>(dict, "dry_run");
  return out;
}

nb::dict ToDict(const MaintenanceReport& report) {
  nb::list outcomes;
  for (const MaintenanceOutcome& outcome : report.outcomes) {
    nb::dict item;
    item["step"] = outcome.step;
    item["was_due"] = outcome.was_due;
    item["error"] = outcome.error;
    item["fragments_removed"] = outcome.fragments_removed;
    item["fragments_added"] = outcome.fragments_added;
    item["versions_removed"] = outcome.versions_removed;
    item["files_removed"] = outcome.files_removed;
    item["bytes_removed"] = outcome.bytes_removed;
    outcomes.append(item);
  }
  nb::dict out;
  out["version"] = report.version;
  out["outcomes"] = outcomes;
  return out;
}

}  // namespace

void BindBackground(nb::module_& module) {
  module.def("maintain", [](const DatasetPtr& dataset, const nb::dict& dict) {
    MaintenanceOptions options = ToMaintenanceOptions(*dataset, dict);
    CallbackErrors errors;
    return ToDict(RunChange(errors, [&](const arrow::StopToken& stop) {
      options.stop = stop;
      return Maintain(*dataset, options);
    }));
  });
  // The thread never calls into Python, so that it may end at any time, the interpreter's end included.
  nb::class_<BackgroundMaintenance>(module, "BackgroundMaintenance")
      .def("__init__",
           [](BackgroundMaintenance* self, const DatasetPtr& dataset, const nb::dict& dict,
              uint64_t interval_millis) {
             new (self) BackgroundMaintenance(dataset, ToMaintenanceOptions(*dataset, dict),
                                              std::chrono::milliseconds(interval_millis));
           })
      .def_prop_ro("num_rounds", &BackgroundMaintenance::num_rounds)
      .def_prop_ro("num_failures", &BackgroundMaintenance::num_failures)
      .def_prop_ro("last_error", &BackgroundMaintenance::last_error);
}

}  // namespace lancea::python
