// Delete, update, merge insert, and what changed between versions.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow/buffer.h"
#include "arrow/compute/expression.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "callback_errors.h"
#include "lancea/change_rows.h"
#include "python_reader.h"
#include "transaction_values.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using DatasetPointer = std::shared_ptr<Dataset>;

// SQL, or (a serialized pyarrow expression, its text), or None.
RowFilter ToFilter(nb::handle filter) {
  RowFilter out;
  if (filter.is_none()) return out;
  if (nb::isinstance<nb::str>(filter)) {
    out.sql = nb::cast<std::string>(filter);
    return out;
  }
  auto [serialized, text] = nb::cast<std::pair<nb::bytes, std::string>>(filter);
  auto buffer = arrow::Buffer::FromString(std::string(serialized.c_str(), serialized.size()));
  out.expression = std::make_shared<const arrow::compute::Expression>(
      Unwrap(arrow::compute::Deserialize(std::move(buffer))));
  out.text = std::move(text);
  return out;
}

template <typename T>
void Get(const nb::dict& options, const char* name, T& out) {
  if (!options.contains(name)) return;
  nb::object value = options[name];
  if (!value.is_none()) out = nb::cast<T>(value);
}

template <typename T>
void Get(const nb::dict& options, const char* name, std::optional<T>& out) {
  if (!options.contains(name)) return;
  nb::object value = options[name];
  if (!value.is_none()) out = nb::cast<T>(value);
}

void SetShared(const nb::dict& options, ChangeOptions& out) {
  Get(options, "conflict_retries", out.conflict_retries);
  double seconds = std::chrono::duration<double>(out.retry_timeout).count();
  Get(options, "retry_timeout", seconds);
  // More than a century overflows nanoseconds.
  out.retry_timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, 0.0, 3e9)));
  Get(options, "data_storage_version", out.data_storage_version);
  Get(options, "transaction_properties", out.transaction_properties);
}

ChangeOptions ToOptions(const nb::dict& options) {
  ChangeOptions out;
  SetShared(options, out);
  return out;
}

MergeInsertOptions ToMergeOptions(const nb::dict& options) {
  MergeInsertOptions out;
  SetShared(options, out);
  Get(options, "on", out.on);
  std::string matched = "nothing";
  Get(options, "when_matched", matched);
  using WhenMatched = MergeInsertOptions::WhenMatched;
  out.when_matched = matched == "update"   ? WhenMatched::kUpdateAll
                     : matched == "fail"   ? WhenMatched::kFail
                     : matched == "delete" ? WhenMatched::kDelete
                                           : WhenMatched::kDoNothing;
  Get(options, "update_condition", out.update_condition);
  Get(options, "insert_not_matched", out.insert_not_matched);
  Get(options, "delete_not_matched_by_source", out.delete_not_matched_by_source);
  Get(options, "delete_condition", out.delete_condition);
  Get(options, "skip_duplicates", out.skip_duplicates);
  Get(options, "use_index", out.use_index);
  bool rewrites_columns = false;
  Get(options, "rewrites_columns", rewrites_columns);
  if (rewrites_columns) out.write_mode = MergeInsertOptions::WriteMode::kRewriteColumns;
  Get(options, "target_bases", out.target_bases);
  Get(options, "memory_limit", out.memory_limit);
  Get(options, "spill_directory", out.spill_directory);
  return out;
}

nb::dict StatsToDict(const MergeStats& stats) {
  nb::dict out;
  out["num_inserted_rows"] = stats.num_inserted_rows;
  out["num_updated_rows"] = stats.num_updated_rows;
  out["num_deleted_rows"] = stats.num_deleted_rows;
  out["num_attempts"] = stats.num_attempts;
  out["bytes_written"] = stats.bytes_written;
  out["num_files_written"] = stats.num_files_written;
  return out;
}

std::pair<DatasetPointer, nb::dict> Merge(const DatasetPointer& dataset, nb::handle source,
                                          const nb::dict& dict) {
  auto errors = std::make_shared<CallbackErrors>();
  MergeInsertOptions options = ToMergeOptions(dict);
  auto rows = ReaderFromPython(source, errors);
  MergeResult result = RunChange(*errors, [&](const arrow::StopToken& stop) {
    options.stop = stop;
    return MergeInsert(dataset, rows, options);
  });
  return {result.dataset, StatsToDict(result.stats)};
}

std::pair<nb::dict, nb::dict> MergeUncommitted(const DatasetPointer& dataset, nb::handle source,
                                               const nb::dict& dict) {
  auto errors = std::make_shared<CallbackErrors>();
  MergeInsertOptions options = ToMergeOptions(dict);
  auto rows = ReaderFromPython(source, errors);
  MergeResult result = RunChange(*errors, [&](const arrow::StopToken& stop) {
    options.stop = stop;
    return MergeInsertUncommitted(dataset, rows, options);
  });
  return {ToDict(result.transaction), StatsToDict(result.stats)};
}

std::string Analyze(const DatasetPointer& dataset, nb::handle source, const nb::dict& dict) {
  auto errors = std::make_shared<CallbackErrors>();
  MergeInsertOptions options = ToMergeOptions(dict);
  auto rows = ReaderFromPython(source, errors);
  return RunChange(*errors, [&](const arrow::StopToken& stop) {
    options.stop = stop;
    return AnalyzeMergeInsert(dataset, rows, options);
  });
}

nb::object Changed(const DatasetPointer& dataset, const std::string& change, uint64_t begin,
                   uint64_t end) {
  const RowChange which = change == "inserted"  ? RowChange::kInserted
                          : change == "updated" ? RowChange::kUpdated
                                                : RowChange::kUpserted;
  return ToPython(RunReleased([&] { return ChangedRows(dataset, which, begin, end); }));
}

}  // namespace

void BindRowChanges(nb::module_& module) {
  module.def("delete_rows",
             [](const DatasetPointer& dataset, nb::handle filter, const nb::dict& dict) {
               CallbackErrors errors;
               ChangeOptions options = ToOptions(dict);
               const RowFilter rows = ToFilter(filter);
               DeleteResult result = RunChange(errors, [&](const arrow::StopToken& stop) {
                 options.stop = stop;
                 return DeleteRows(dataset, rows, options);
               });
               return std::pair(result.dataset, result.num_deleted_rows);
             });
  module.def(
      "delete_from_fragment",
      [](const DatasetPointer& dataset, uint64_t fragment_id, nb::handle filter) -> nb::object {
        CallbackErrors errors;
        const RowFilter rows = ToFilter(filter);
        auto fragment = RunChange(errors, [&](const arrow::StopToken& stop) {
          return DeleteFromFragment(*dataset, fragment_id, rows, stop);
        });
        return fragment ? nb::object(ToDict(*fragment)) : nb::none();
      },
      nb::arg("dataset"), nb::arg("fragment_id"), nb::arg("filter").none());
  module.def("delete_rows_from_fragment",
             [](const DatasetPointer& dataset, uint64_t fragment_id,
                const std::vector<uint64_t>& offsets) -> nb::object {
               CallbackErrors errors;
               auto fragment = RunChange(errors, [&](const arrow::StopToken& stop) {
                 return DeleteRowsFromFragment(*dataset, fragment_id, offsets, stop);
               });
               return fragment ? nb::object(ToDict(*fragment)) : nb::none();
             });
  module.def(
      "update_rows",
      [](const DatasetPointer& dataset, const std::map<std::string, std::string>& updates,
         nb::handle where, const nb::dict& dict) {
        CallbackErrors errors;
        ChangeOptions options = ToOptions(dict);
        const RowFilter rows = ToFilter(where);
        UpdateResult result = RunChange(errors, [&](const arrow::StopToken& stop) {
          options.stop = stop;
          return UpdateRows(dataset, updates, rows, options);
        });
        return std::pair(result.dataset, result.num_updated_rows);
      },
      nb::arg("dataset"), nb::arg("updates"), nb::arg("where").none(), nb::arg("options"));
  module.def("merge_keys", [](const DatasetPointer& dataset, const std::vector<std::string>& on) {
    return RunReleased([&] { return MergeKeys(*dataset, on); });
  });
  module.def("merge_insert", &Merge);
  module.def("merge_insert_uncommitted", &MergeUncommitted);
  module.def("merge_insert_explain",
             [](const DatasetPointer& dataset, nb::handle schema, const nb::dict& dict) {
               const MergeInsertOptions options = ToMergeOptions(dict);
               const auto source = SchemaFromPython(schema);
               return RunReleased([&] { return ExplainMergeInsert(*dataset, *source, options); });
             });
  module.def("merge_insert_analyze", &Analyze);
  module.def("changed_rows", &Changed);
  module.def("deleted_row_ids", [](const DatasetPointer& dataset, uint64_t begin, uint64_t end) {
    return ToPython(RunReleased([&] { return DeletedRowIds(dataset, begin, end); }));
  });
}

}  // namespace lancea::python
