#include "python_reader.h"

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow_exchange.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

class PythonReader : public arrow::RecordBatchReader {
 public:
  PythonReader(nb::handle reader, std::shared_ptr<CallbackErrors> errors)
      : read_next_(reader.attr("read_next_batch")),
        schema_(SchemaFromPython(reader.attr("schema"))),
        errors_(std::move(errors)) {}

  ~PythonReader() override {
    nb::gil_scoped_acquire gil;
    read_next_.reset();
    errors_.reset();
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    return CallPython(*errors_, [&]() -> arrow::Status {
      try {
        *out = BatchFromPython(read_next_());
      } catch (const nb::python_error& error) {
        if (!error.matches(PyExc_StopIteration)) throw;
        out->reset();
      }
      return arrow::Status::OK();
    });
  }

 private:
  nb::object read_next_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<CallbackErrors> errors_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> ReaderFromPython(nb::handle source,
                                                           std::shared_ptr<CallbackErrors> errors) {
  if (auto table = TableFromPython(source)) {
    return std::make_shared<arrow::TableBatchReader>(std::move(table));
  }
  nb::object reader =
      nb::hasattr(source, "read_next_batch") ? nb::borrow(source) : source.attr("to_reader")();
  return std::make_shared<PythonReader>(reader, std::move(errors));
}

}  // namespace lancea::python
