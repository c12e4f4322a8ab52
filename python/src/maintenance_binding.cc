// Compaction, cleanup and health. Plans, tasks and results cross as the JSON that pylance exchanges too.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "callback_errors.h"
#include "compaction_options.h"
#include "from_values.h"
#include "lancea/cleanup.h"
#include "lancea/compaction.h"
#include "lancea/dataset.h"
#include "lancea/health.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using DatasetPtr = std::shared_ptr<Dataset>;

CompactionRun MakeRun(const nb::object& progress, const std::shared_ptr<CallbackErrors>& errors) {
  CompactionRun run;
  if (progress.is_none()) return run;
  run.progress = [callback = nb::handle(progress), errors](const CompactionProgress& now) {
    return CallPython(*errors, [&]() -> arrow::Status {
      callback(now.rows, now.total_rows, now.bytes);
      return arrow::Status::OK();
    });
  };
  return run;
}

nb::dict ToDict(const CompactionMetrics& metrics) {
  nb::dict out;
  out["fragments_removed"] = metrics.fragments_removed;
  out["fragments_added"] = metrics.fragments_added;
  out["files_removed"] = metrics.files_removed;
  out["files_added"] = metrics.files_added;
  return out;
}

nb::tuple ToTuple(Compacted compacted) {
  return nb::make_tuple(std::move(compacted.dataset), ToDict(compacted.metrics));
}

CleanupOptions ToCleanupOptions(const nb::dict& dict) {
  CleanupOptions out;
  out.before_timestamp_nanos = Get<std::optional<int64_t>>(dict, "before_timestamp_nanos");
  out.retain_versions = Get<std::optional<uint64_t>>(dict, "retain_versions");
  out.versions = Get<std::optional<std::vector<uint64_t>>>(dict, "versions");
  out.delete_unverified = Get<bool>(dict, "delete_unverified");
  out.clean_referenced_branches = Get<bool>(dict, "clean_referenced_branches");
  out.error_if_tagged_old_versions = Get<bool>(dict, "error_if_tagged_old_versions");
  out.delete_rate_limit = Get<std::optional<uint64_t>>(dict, "delete_rate_limit");
  out.delete_concurrency = Get<std::optional<uint64_t>>(dict, "delete_concurrency");
  out.dry_run = Get<bool>(dict, "dry_run");
  return out;
}

const char* KindName(RemovedFile::Kind kind) {
  switch (kind) {
    case RemovedFile::Kind::kManifest:
      return "manifest";
    case RemovedFile::Kind::kData:
      return "data";
    case RemovedFile::Kind::kTransaction:
      return "transaction";
    case RemovedFile::Kind::kIndex:
      return "index";
    case RemovedFile::Kind::kDeletion:
      return "deletion";
    case RemovedFile::Kind::kTemporary:
      return "temporary";
  }
  return "";
}

nb::list ToList(const std::vector<RemovedFile>& files) {
  nb::list out;
  for (const RemovedFile& file : files) {
    out.append(nb::make_tuple(file.path, KindName(file.kind), file.is_orphan, file.size));
  }
  return out;
}

nb::dict ToDict(const CleanupResult& result) {
  nb::dict stats;
  stats["bytes_removed"] = result.bytes_removed;
  stats["old_versions"] = result.old_versions;
  stats["data_files_removed"] = result.data_files_removed;
  stats["transaction_files_removed"] = result.transaction_files_removed;
  stats["index_files_removed"] = result.index_files_removed;
  stats["deletion_files_removed"] = result.deletion_files_removed;
  stats["failed_deletes"] = result.failed_deletes;
  nb::dict out;
  out["stats"] = stats;
  out["files"] = ToList(result.files);
  out["read_version"] = result.read_version;
  nb::list branches;
  for (const auto& [name, version] : result.referenced_branches) {
    branches.append(nb::make_tuple(name, version));
  }
  out["referenced_branches"] = branches;
  return out;
}

nb::dict ToDict(const TableHealth& health) {
  nb::dict out;
  out["version"] = health.version;
  out["num_rows"] = health.num_rows;
  out["num_deleted_rows"] = health.num_deleted_rows;
  out["deleted_share"] = health.deleted_share;
  out["num_fragments"] = health.num_fragments;
  out["num_small_fragments"] = health.num_small_fragments;
  out["num_data_files"] = health.num_data_files;
  out["data_bytes"] = health.data_bytes;
  out["compaction_tasks"] = health.compaction_tasks;
  out["compaction_fragments"] = health.compaction_fragments;
  out["compaction_fragments_after"] = health.compaction_fragments_after;
  out["compaction_bytes"] = health.compaction_bytes;
  out["compaction_deleted_rows"] = health.compaction_deleted_rows;
  out["compaction_obstacle"] = health.compaction_obstacle;
  out["num_versions"] = health.num_versions;
  out["old_versions"] = health.old_versions;
  out["old_bytes"] = health.old_bytes;
  out["expired_versions"] = health.expired_versions;
  out["expired_bytes"] = health.expired_bytes;
  out["orphan_files"] = health.orphan_files;
  out["orphan_bytes"] = health.orphan_bytes;
  out["removable_orphan_files"] = health.removable_orphan_files;
  nb::list indices, steps;
  for (const IndexHealth& index : health.indices) {
    nb::dict item;
    item["name"] = index.name;
    item["num_parts"] = index.num_parts;
    item["unindexed_fragments"] = index.unindexed_fragments;
    item["unindexed_rows"] = index.unindexed_rows;
    indices.append(item);
  }
  for (const MaintenanceStep& step : health.steps) {
    nb::dict item;
    item["name"] = step.name;
    item["gain"] = step.gain;
    item["is_due"] = step.is_due;
    steps.append(item);
  }
  out["indices"] = indices;
  out["steps"] = steps;
  return out;
}

void BindCompaction(nb::module_& module) {
  module.def("plan_compaction", [](const DatasetPtr& dataset, const nb::dict& given) {
    const CompactionOptions options = ToCompactionOptions(*dataset, given);
    return RunReleased([&] { return PlanCompaction(*dataset, options); }).ToJson();
  });
  module.def(
      "execute_compaction",
      [](const DatasetPtr& dataset, const std::string& task_json, const nb::object& progress) {
        const CompactionTask task = Unwrap(CompactionTask::FromJson(task_json));
        auto errors = std::make_shared<CallbackErrors>();
        CompactionRun run = MakeRun(progress, errors);
        return RunChange(*errors,
                         [&](const arrow::StopToken& stop) {
                           run.stop = stop;
                           return ExecuteCompaction(*dataset, task, run);
                         })
            .ToJson();
      },
      nb::arg("dataset"), nb::arg("task"), nb::arg("progress").none());
  module.def("commit_compaction",
             [](const DatasetPtr& dataset, const std::vector<std::string>& result_jsons,
                const nb::dict& given) {
               std::vector<RewriteResult> results;
               for (const std::string& json : result_jsons) {
                 results.push_back(Unwrap(RewriteResult::FromJson(json)));
               }
               const CompactionOptions options = ToCompactionOptions(*dataset, given);
               CallbackErrors errors;
               return ToTuple(RunChange(errors, [&](const arrow::StopToken&) {
                 return CommitCompaction(dataset, results, options);
               }));
             });
  module.def(
      "compact_files",
      [](const DatasetPtr& dataset, const nb::dict& given, const nb::object& progress) {
        const CompactionOptions options = ToCompactionOptions(*dataset, given);
        auto errors = std::make_shared<CallbackErrors>();
        CompactionRun run = MakeRun(progress, errors);
        return ToTuple(RunChange(*errors, [&](const arrow::StopToken& stop) {
          run.stop = stop;
          return CompactFiles(dataset, options, run);
        }));
      },
      nb::arg("dataset"), nb::arg("options"), nb::arg("progress").none());
  // What from_json of the Python classes accepts.
  module.def("check_compaction_plan", [](const std::string& json) {
    return Unwrap(CompactionPlan::FromJson(json)).ToJson();
  });
  module.def("check_compaction_task", [](const std::string& json) {
    return Unwrap(CompactionTask::FromJson(json)).ToJson();
  });
  module.def("check_rewrite_result", [](const std::string& json) {
    return Unwrap(RewriteResult::FromJson(json)).ToJson();
  });
}

}  // namespace

void BindMaintenance(nb::module_& module) {
  BindCompaction(module);
  module.def("cleanup", [](const DatasetPtr& dataset, const nb::dict& dict) {
    CleanupOptions options = ToCleanupOptions(dict);
    CallbackErrors errors;
    return ToDict(RunChange(errors, [&](const arrow::StopToken& stop) {
      options.stop = stop;
      return CleanupOldVersions(*dataset, options);
    }));
  });
  module.def("find_orphans", [](const DatasetPtr& dataset) {
    return ToList(RunReleased([&] { return FindOrphans(*dataset); }));
  });
  module.def("manifest_needs_migration", [](const DatasetPtr& dataset) {
    return RunReleased([&] { return ManifestNeedsMigration(*dataset); });
  });
  module.def("health",
             [](const DatasetPtr& dataset, const nb::dict& given, uint64_t older_than_seconds) {
               HealthOptions options;
               options.compaction = ToCompactionOptions(*dataset, given);
               options.older_than_seconds = older_than_seconds;
               return ToDict(RunReleased([&] { return CheckHealth(*dataset, options); }));
             });
}

}  // namespace lancea::python
