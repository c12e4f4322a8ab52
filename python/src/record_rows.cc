// Rows of Arrow tables as Python dicts.
#include <nanobind/nanobind.h>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow_exchange.h"
#include "record_columns.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

bool IsPlain(const arrow::DataType& type) {
  using Kind = arrow::Type;
  switch (type.id()) {
    case Kind::NA:
    case Kind::BOOL:
    case Kind::INT8:
    case Kind::INT16:
    case Kind::INT32:
    case Kind::INT64:
    case Kind::UINT8:
    case Kind::UINT16:
    case Kind::UINT32:
    case Kind::UINT64:
    case Kind::FLOAT:
    case Kind::DOUBLE:
    case Kind::STRING:
    case Kind::LARGE_STRING:
    case Kind::BINARY:
    case Kind::LARGE_BINARY:
      return true;
    case Kind::LIST:
    case Kind::LARGE_LIST:
    case Kind::FIXED_SIZE_LIST:
      return IsPlain(*type.field(0)->type());
    case Kind::STRUCT:
      for (const auto& field : type.fields()) {
        if (!IsPlain(*field->type())) return false;
      }
      return true;
    default:
      return false;
  }
}

nb::object Own(PyObject* object) {
  if (object == nullptr) throw nb::python_error();
  return nb::steal(object);
}

template <typename Array>
const Array& As(const arrow::Array& array) {
  return static_cast<const Array&>(array);
}

template <typename Array>
nb::object Text(const arrow::Array& array, int64_t i) {
  const auto view = As<Array>(array).GetView(i);
  return Own(PyUnicode_DecodeUTF8(view.data(), static_cast<Py_ssize_t>(view.size()), "strict"));
}

template <typename Array>
nb::object Octets(const arrow::Array& array, int64_t i) {
  const auto view = As<Array>(array).GetView(i);
  return Own(PyBytes_FromStringAndSize(view.data(), static_cast<Py_ssize_t>(view.size())));
}

nb::object Value(const arrow::Array& array, int64_t i);

template <typename Array>
nb::object List(const arrow::Array& array, int64_t i) {
  const auto& list = As<Array>(array);
  const int64_t begin = list.value_offset(i), count = list.value_length(i);
  nb::object out = Own(PyList_New(static_cast<Py_ssize_t>(count)));
  for (int64_t k = 0; k < count; ++k) {
    PyList_SET_ITEM(out.ptr(), k, Value(*list.values(), begin + k).release().ptr());
  }
  return out;
}

nb::object Value(const arrow::Array& array, int64_t i) {
  using Kind = arrow::Type;
  if (array.IsNull(i)) return nb::none();
  switch (array.type_id()) {
    case Kind::BOOL:
      return nb::borrow(As<arrow::BooleanArray>(array).Value(i) ? Py_True : Py_False);
    case Kind::INT8:
      return Own(PyLong_FromLong(As<arrow::Int8Array>(array).Value(i)));
    case Kind::INT16:
      return Own(PyLong_FromLong(As<arrow::Int16Array>(array).Value(i)));
    case Kind::INT32:
      return Own(PyLong_FromLong(As<arrow::Int32Array>(array).Value(i)));
    case Kind::INT64:
      return Own(PyLong_FromLongLong(As<arrow::Int64Array>(array).Value(i)));
    case Kind::UINT8:
      return Own(PyLong_FromLong(As<arrow::UInt8Array>(array).Value(i)));
    case Kind::UINT16:
      return Own(PyLong_FromLong(As<arrow::UInt16Array>(array).Value(i)));
    case Kind::UINT32:
      return Own(PyLong_FromUnsignedLong(As<arrow::UInt32Array>(array).Value(i)));
    case Kind::UINT64:
      return Own(PyLong_FromUnsignedLongLong(As<arrow::UInt64Array>(array).Value(i)));
    case Kind::FLOAT:
      return Own(PyFloat_FromDouble(As<arrow::FloatArray>(array).Value(i)));
    case Kind::DOUBLE:
      return Own(PyFloat_FromDouble(As<arrow::DoubleArray>(array).Value(i)));
    case Kind::STRING:
      return Text<arrow::StringArray>(array, i);
    case Kind::LARGE_STRING:
      return Text<arrow::LargeStringArray>(array, i);
    case Kind::BINARY:
      return Octets<arrow::BinaryArray>(array, i);
    case Kind::LARGE_BINARY:
      return Octets<arrow::LargeBinaryArray>(array, i);
    case Kind::LIST:
      return List<arrow::ListArray>(array, i);
    case Kind::LARGE_LIST:
      return List<arrow::LargeListArray>(array, i);
    case Kind::FIXED_SIZE_LIST:
      return List<arrow::FixedSizeListArray>(array, i);
    case Kind::STRUCT: {
      const auto& rows = As<arrow::StructArray>(array);
      nb::dict out;
      for (int k = 0; k < rows.num_fields(); ++k) {
        out[rows.type()->field(k)->name().c_str()] = Value(*rows.field(k), i);
      }
      return out;
    }
    default:
      return nb::none();
  }
}

}  // namespace

nb::list RowsToPython(const std::shared_ptr<arrow::Table>& table) {
  const int num_columns = table->num_columns();
  std::vector<nb::object> names, converted(static_cast<size_t>(num_columns));
  for (int k = 0; k < num_columns; ++k) {
    const auto& field = *table->field(k);
    names.push_back(nb::steal(PyUnicode_InternFromString(field.name().c_str())));
    if (IsPlain(*field.type())) continue;
    converted[static_cast<size_t>(k)] = ToPython(table).attr("column")(k).attr("to_pylist")();
  }
  nb::list out;
  arrow::TableBatchReader reader(*table);
  int64_t done = 0;
  while (true) {
    auto batch = Unwrap(reader.Next());
    if (batch == nullptr) return out;
    for (int64_t i = 0; i < batch->num_rows(); ++i, ++done) {
      nb::dict row;
      for (int k = 0; k < num_columns; ++k) {
        const nb::object& list = converted[static_cast<size_t>(k)];
        row[names[static_cast<size_t>(k)]] =
            list.is_valid() ? nb::object(list[done]) : Value(*batch->column(k), i);
      }
      out.append(std::move(row));
    }
  }
}

}  // namespace lancea::python
