// Changes of columns: new ones, merged, altered, dropped; of a table or of one fragment.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "callback_errors.h"
#include "from_values.h"
#include "lancea/change_columns.h"
#include "python_reader.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using DatasetPointer = std::shared_ptr<Dataset>;
using Errors = std::shared_ptr<CallbackErrors>;
using Names = std::optional<std::vector<std::string>>;

nb::object BatchToPython(const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto reader = Unwrap(arrow::RecordBatchReader::Make({batch}, batch->schema()));
  return ToPython(std::move(reader)).attr("read_next_batch")();
}

// The objects that `value` holds are borrowed: it outlives the call.
ComputedColumns FunctionFromDict(const nb::dict& value, const Errors& errors) {
  ComputedColumns out;
  out.output_schema = SchemaFromPython(Item(value, "schema"));
  out.read_columns = Get<Names>(value, "read_columns");
  const nb::handle function = Item(value, "function");
  out.function = [function, errors](uint64_t fragment_id, uint64_t batch_index,
                                    const std::shared_ptr<arrow::RecordBatch>& batch)
      -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    std::shared_ptr<arrow::RecordBatch> result;
    ARROW_RETURN_NOT_OK(CallPython(*errors, [&] {
      result = BatchFromPython(function(fragment_id, batch_index, BatchToPython(batch)));
      return arrow::Status::OK();
    }));
    return result;
  };
  const nb::handle load = Item(value, "load_fragment"), save = Item(value, "save_fragment");
  if (load.is_none()) return out;
  out.load_fragment = [load,
                       errors](uint64_t id) -> arrow::Result<std::optional<FragmentMetadata>> {
    std::optional<FragmentMetadata> fragment;
    ARROW_RETURN_NOT_OK(CallPython(*errors, [&] {
      const nb::object raw = load(id);
      if (!raw.is_none()) fragment = FragmentFromDict(nb::cast<nb::dict>(raw));
      return arrow::Status::OK();
    }));
    return fragment;
  };
  out.save_fragment = [save, errors](const FragmentMetadata& fragment) {
    return CallPython(*errors, [&] {
      save(ToDict(fragment));
      return arrow::Status::OK();
    });
  };
  return out;
}

NewColumns ColumnsFromDict(const nb::dict& value, const Errors& errors) {
  const std::string kind = Get<std::string>(value, "kind");
  if (kind == "function") return FunctionFromDict(value, errors);
  if (kind == "rows") return StreamedColumns{ReaderFromPython(Item(value, "rows"), errors)};
  if (kind == "nulls") return NullColumns{SchemaFromPython(Item(value, "schema"))};
  return SqlColumns{Get<std::vector<std::pair<std::string, std::string>>>(value, "expressions")};
}

ColumnAlteration AlterationFromDict(const nb::dict& dict) {
  ColumnAlteration out;
  out.path = Get<std::string>(dict, "path");
  out.name = Get<std::optional<std::string>>(dict, "name");
  out.nullable = Get<std::optional<bool>>(dict, "nullable");
  const nb::object schema = Item(dict, "data_type");
  if (!schema.is_none()) out.data_type = SchemaFromPython(schema)->field(0)->type();
  return out;
}

ColumnOptions Options(const arrow::StopToken& stop, std::optional<int64_t> batch_size = {}) {
  ColumnOptions out;
  out.batch_size = batch_size;
  out.stop = stop;
  return out;
}

nb::tuple ToTuple(const ExtendedFragment& extended) {
  return nb::make_tuple(ToDict(extended.fragment), ToDict(extended.schema));
}

}  // namespace

void BindColumns(nb::module_& module) {
  module.def(
      "add_columns",
      [](const DatasetPointer& dataset, const nb::dict& value, std::optional<int64_t> batch_size) {
        auto errors = std::make_shared<CallbackErrors>();
        const NewColumns columns = ColumnsFromDict(value, errors);
        return RunChange(*errors, [&](const arrow::StopToken& stop) {
          return AddColumns(dataset, columns, Options(stop, batch_size));
        });
      },
      nb::arg("dataset"), nb::arg("columns"), nb::arg("batch_size").none());
  module.def(
      "add_columns_to_fragment",
      [](const DatasetPointer& dataset, uint64_t fragment_id, const nb::dict& value,
         std::optional<int64_t> batch_size) {
        auto errors = std::make_shared<CallbackErrors>();
        const NewColumns columns = ColumnsFromDict(value, errors);
        return ToTuple(RunChange(*errors, [&](const arrow::StopToken& stop) {
          return AddColumnsToFragment(dataset, fragment_id, columns, Options(stop, batch_size));
        }));
      },
      nb::arg("dataset"), nb::arg("fragment_id"), nb::arg("columns"), nb::arg("batch_size").none());
  module.def("merge_columns", [](const DatasetPointer& dataset, nb::handle right,
                                 const std::string& left_on, const std::string& right_on) {
    auto errors = std::make_shared<CallbackErrors>();
    auto rows = ReaderFromPython(right, errors);
    return RunChange(*errors, [&](const arrow::StopToken& stop) {
      return MergeColumns(dataset, rows, left_on, right_on, Options(stop));
    });
  });
  module.def("merge_columns_to_fragment", [](const DatasetPointer& dataset, uint64_t fragment_id,
                                             nb::handle right, const std::string& left_on,
                                             const std::string& right_on) {
    auto errors = std::make_shared<CallbackErrors>();
    auto rows = ReaderFromPython(right, errors);
    return ToTuple(RunChange(*errors, [&](const arrow::StopToken& stop) {
      return MergeColumnsToFragment(dataset, fragment_id, rows, left_on, right_on, Options(stop));
    }));
  });
  module.def("update_fragment_columns", [](const DatasetPointer& dataset, uint64_t fragment_id,
                                           nb::handle right, const std::string& left_on,
                                           const std::string& right_on) {
    auto errors = std::make_shared<CallbackErrors>();
    auto rows = ReaderFromPython(right, errors);
    const auto updated = RunChange(*errors, [&](const arrow::StopToken& stop) {
      return UpdateFragmentColumns(dataset, fragment_id, rows, left_on, right_on, Options(stop));
    });
    return nb::make_tuple(
        ToDict(updated.fragment), updated.fields_modified,
        nb::bytes(updated.updated_offsets.data(), updated.updated_offsets.size()));
  });
  module.def("drop_columns",
             [](const DatasetPointer& dataset, const std::vector<std::string>& columns) {
               CallbackErrors errors;
               return RunChange(errors, [&](const arrow::StopToken& stop) {
                 return DropColumns(dataset, columns, Options(stop));
               });
             });
  module.def("alter_columns", [](const DatasetPointer& dataset, const nb::list& dicts) {
    CallbackErrors errors;
    std::vector<ColumnAlteration> alterations;
    for (nb::handle dict : dicts) {
      alterations.push_back(AlterationFromDict(nb::cast<nb::dict>(dict)));
    }
    return RunChange(errors, [&](const arrow::StopToken& stop) {
      return AlterColumns(dataset, alterations, Options(stop));
    });
  });
}

}  // namespace lancea::python
