// Writing tables and committing transactions.
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "arrow/record_batch.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "callback_errors.h"
#include "from_values.h"
#include "lancea/write.h"
#include "python_reader.h"
#include "transaction_values.h"
#include "write_options.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using DatasetPointer = std::shared_ptr<Dataset>;

DatasetPointer Write(nb::handle source, const std::string& uri, const DatasetPointer& dataset,
                     const nb::dict& dict) {
  auto errors = std::make_shared<CallbackErrors>();
  WriteOptions options = ToWriteOptions(dict, errors);
  auto rows = ReaderFromPython(source, errors);
  return RunChange(*errors, [&](const arrow::StopToken& stop) {
    options.stop = stop;
    return dataset == nullptr ? WriteDataset(rows, uri, options)
                              : WriteDataset(rows, dataset, options);
  });
}

nb::dict WriteFragments(nb::handle source, const std::string& uri, const DatasetPointer& dataset,
                        const nb::dict& dict) {
  auto errors = std::make_shared<CallbackErrors>();
  WriteOptions options = ToWriteOptions(dict, errors);
  auto rows = ReaderFromPython(source, errors);
  return ToDict(RunChange(*errors, [&](const arrow::StopToken& stop) {
    options.stop = stop;
    return WriteUncommitted(rows, uri, dataset, options);
  }));
}

DatasetPointer Commit(const std::string& uri, const DatasetPointer& dataset,
                      const nb::dict& transaction_dict, const nb::dict& dict) {
  auto errors = std::make_shared<CallbackErrors>();
  CommitOptions options = ToCommitOptions(dict, errors);
  Transaction transaction = TransactionFromDict(transaction_dict);
  return RunChange(*errors, [&](const arrow::StopToken& stop) {
    options.stop = stop;
    return CommitTransaction(uri, dataset, std::move(transaction), options);
  });
}

}  // namespace

void BindWrite(nb::module_& module) {
  module.def("write", &Write, nb::arg("source"), nb::arg("uri"), nb::arg("dataset").none(),
             nb::arg("options"));
  module.def("write_uncommitted", &WriteFragments, nb::arg("source"), nb::arg("uri"),
             nb::arg("dataset").none(), nb::arg("options"));
  module.def("commit", &Commit, nb::arg("uri"), nb::arg("dataset").none(), nb::arg("transaction"),
             nb::arg("options"));
  module.def("schema_to_arrow", [](const nb::dict& schema) {
    return ToPython(Unwrap(ToArrow(SchemaFromDict(schema))));
  });
}

}  // namespace lancea::python
