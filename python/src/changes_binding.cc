// Changes of a table that need no rows: versions, configuration, tags, branches, clones.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "callback_errors.h"
#include "from_values.h"
#include "lancea/clone.h"
#include "lancea/dataset.h"
#include "transaction_values.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using StringMap = std::map<std::string, std::string>;
using Branch = std::optional<std::string>;

// Short work that calls nothing back.
template <typename Work>
auto Change(Work work) {
  auto result = [&] {
    nb::gil_scoped_release release;
    return work();
  }();
  if constexpr (std::is_same_v<decltype(result), arrow::Status>) {
    CheckChange(result);
  } else {
    CheckChange(result.status());
    return std::move(result).ValueUnsafe();
  }
}

nb::object ToDictOrNone(const std::optional<Transaction>& transaction) {
  return transaction.has_value() ? nb::object(ToDict(*transaction)) : nb::none();
}

}  // namespace

void BindChanges(nb::class_<Dataset>& dataset) {
  dataset.def("restore", [](const Dataset& d) { return Change([&] { return d.Restore(); }); })
      .def("update_config",
           [](const Dataset& d, const nb::dict& update) {
             operation::UpdateConfig changes = UpdateConfigFromDict(update);
             return Change([&] { return d.UpdateConfig(std::move(changes)); });
           })
      .def("add_bases",
           [](const Dataset& d, const nb::list& dicts, const StringMap& properties) {
             std::vector<BasePath> bases;
             for (nb::handle dict : dicts) {
               bases.push_back(BasePathFromDict(nb::cast<nb::dict>(dict)));
             }
             return Change([&] { return d.AddBases(std::move(bases), properties); });
           })
      .def("shallow_clone",
           [](const Dataset& d, const std::string& target, const StringMap& storage_options) {
             return Change([&] { return d.ShallowClone(target, storage_options); });
           })
      .def("deep_clone",
           [](const Dataset& d, const std::string& target, const StringMap& storage_options) {
             CallbackErrors none;
             return RunChange(none, [&](const arrow::StopToken& stop) {
               return DeepClone(d, target, storage_options, stop);
             });
           })
      .def_static("migrate_manifest_paths",
                  [](const std::string& uri, const StringMap& storage_options) {
                    Change([&] { return MigrateManifestPaths(uri, storage_options); });
                  })
      .def(
          "create_tag",
          [](const Dataset& d, const std::string& tag, uint64_t version, const Branch& branch) {
            Change([&] { return d.CreateTag(tag, version, branch); });
          },
          nb::arg("tag"), nb::arg("version"), nb::arg("branch").none())
      .def(
          "update_tag",
          [](const Dataset& d, const std::string& tag, uint64_t version, const Branch& branch) {
            Change([&] { return d.UpdateTag(tag, version, branch); });
          },
          nb::arg("tag"), nb::arg("version"), nb::arg("branch").none())
      .def("delete_tag", [](const Dataset& d,
                            const std::string& tag) { Change([&] { return d.DeleteTag(tag); }); })
      .def("replace_tag_metadata",
           [](const Dataset& d, const std::string& tag, const StringMap& metadata) {
             Change([&] { return d.ReplaceTagMetadata(tag, metadata); });
           })
      .def("create_branch",
           [](const Dataset& d, const std::string& branch) {
             return Change([&] { return d.CreateBranch(branch); });
           })
      .def("delete_branch",
           [](const Dataset& d, const std::string& branch, bool force) {
             Change([&] { return d.DeleteBranch(branch, force); });
           })
      .def("replace_branch_metadata",
           [](const Dataset& d, const std::string& branch, const StringMap& metadata) {
             Change([&] { return d.ReplaceBranchMetadata(branch, metadata); });
           })
      .def("read_transaction",
           [](const Dataset& d) {
             return ToDictOrNone(RunReleased([&] { return d.ReadTransaction(); }));
           })
      .def("transactions",
           [](const Dataset& d, uint64_t limit) {
             nb::list out;
             for (const auto& t : RunReleased([&] { return d.Transactions(limit); })) {
               out.append(ToDictOrNone(t));
             }
             return out;
           })
      .def_static("drop", [](const std::string& uri, const StringMap& storage_options) {
        Change([&] { return Dataset::Drop(uri, storage_options); });
      });
}

}  // namespace lancea::python
