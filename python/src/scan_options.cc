#include "scan_options.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <tuple>

#include "arrow/buffer.h"
#include "arrow/compute/expression.h"
#include "lancea/substrait.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

std::vector<ColumnOrdering> ToOrder(nb::handle value) {
  std::vector<ColumnOrdering> out;
  for (nb::handle key : value) {
    out.push_back({nb::cast<std::string>(key[nb::int_(0)]), nb::cast<bool>(key[nb::int_(1)]),
                   nb::cast<bool>(key[nb::int_(2)])});
  }
  return out;
}

LateColumns ToLateColumns(nb::handle value) {
  if (nb::isinstance<nb::bool_>(value)) {
    return {nb::cast<bool>(value) ? LateColumns::Mode::kAll : LateColumns::Mode::kNone, {}};
  }
  return {LateColumns::Mode::kNamed, nb::cast<std::vector<std::string>>(value)};
}

// A pyarrow expression, serialized.
std::shared_ptr<const arrow::compute::Expression> ToExpression(nb::handle value) {
  const auto bytes = nb::cast<nb::bytes>(value);
  auto buffer = arrow::Buffer::FromString(std::string(bytes.c_str(), bytes.size()));
  return std::make_shared<const arrow::compute::Expression>(
      Unwrap(arrow::compute::Deserialize(std::move(buffer))));
}

void SetOption(const std::string& name, nb::handle value, ScanOptions& out) {
  if (name == "columns") {
    out.columns = nb::cast<std::vector<std::string>>(value);
  } else if (name == "projections") {
    out.projections.emplace();
    for (nb::handle column : value) {
      out.projections->push_back(
          {nb::cast<std::string>(column[nb::int_(0)]), nb::cast<std::string>(column[nb::int_(1)])});
    }
  } else if (name == "filter") {
    out.filter = nb::cast<std::string>(value);
  } else if (name == "filter_expression") {
    out.filter_expression = ToExpression(value);
  } else if (name == "filter_substrait") {
    const auto message = nb::cast<nb::bytes>(value);
    out.filter_expression = Unwrap(ReadSubstrait({message.c_str(), message.size()}));
  } else if (name == "order_by") {
    out.order_by = ToOrder(value);
  } else if (name == "late_materialization") {
    out.late_materialization = ToLateColumns(value);
  } else if (name == "batch_size_bytes") {
    out.batch_size_bytes = nb::cast<uint64_t>(value);
  } else if (name == "sort_memory") {
    out.sort_memory = nb::cast<uint64_t>(value);
  } else if (name == "limit") {
    out.limit = nb::cast<int64_t>(value);
  } else if (name == "offset") {
    out.offset = nb::cast<int64_t>(value);
  } else if (name == "batch_size") {
    out.batch_size = nb::cast<int64_t>(value);
  } else if (name == "strict_batch_size") {
    out.strict_batch_size = nb::cast<bool>(value);
  } else if (name == "batch_readahead") {
    out.batch_readahead = nb::cast<int32_t>(value);
  } else if (name == "fragment_readahead") {
    out.fragment_readahead = nb::cast<int32_t>(value);
  } else if (name == "io_buffer_size") {
    out.io_buffer_size = nb::cast<uint64_t>(value);
  } else if (name == "scan_in_order") {
    out.scan_in_order = nb::cast<bool>(value);
  } else if (name == "use_stats") {
    out.use_stats = nb::cast<bool>(value);
  } else if (name == "with_row_id") {
    out.with_row_id = nb::cast<bool>(value);
  } else if (name == "with_row_address") {
    out.with_row_address = nb::cast<bool>(value);
  } else if (name == "include_deleted_rows") {
    out.include_deleted_rows = nb::cast<bool>(value);
  } else if (name == "fragment_ids") {
    out.fragment_ids = nb::cast<std::vector<uint64_t>>(value);
  } else if (name == "blob_handling") {
    const std::string handling = nb::cast<std::string>(value);
    if (handling == "all_binary") {
      out.blob_handling = BlobHandling::kBinary;
    } else if (handling != "blobs_descriptions" && handling != "all_descriptions") {
      throw nb::value_error(("blob_handling must be 'all_binary', 'blobs_descriptions' or "
                             "'all_descriptions', got '" +
                             handling + "'")
                                .c_str());
    }
  } else {
    throw nb::type_error(("unknown scan option '" + name + "'").c_str());
  }
}

}  // namespace

ScanOptions ToScanOptions(const nb::dict& options) {
  ScanOptions out;
  for (auto [key, value] : options) {
    if (value.is_none()) continue;
    const std::string name = nb::cast<std::string>(key);
    try {
      SetOption(name, value, out);
    } catch (const std::bad_cast&) {
      throw nb::type_error(
          ("scan option '" + name + "' cannot be " + nb::cast<std::string>(nb::repr(value)))
              .c_str());
    }
  }
  return out;
}

std::vector<uint64_t> ToRowNumbers(nb::handle rows, const char* what) {
  auto refuse = [&](nb::handle row) {
    PyErr_Format(PyExc_IndexError, "%s: row %S is out of range", what, row.ptr());
    throw nb::python_error();
  };
  std::vector<uint64_t> out;
  if (PyList_Check(rows.ptr()) || PyTuple_Check(rows.ptr())) {
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(rows.ptr());
    PyObject** items = PySequence_Fast_ITEMS(rows.ptr());
    out.reserve(static_cast<size_t>(size));
    for (Py_ssize_t i = 0; i < size; ++i) {
      nb::object number = nb::steal(PyNumber_Index(items[i]));
      if (!number.is_valid()) throw nb::python_error();
      const unsigned long long value = PyLong_AsUnsignedLongLong(number.ptr());
      if (value == static_cast<unsigned long long>(-1) && PyErr_Occurred()) {
        PyErr_Clear();
        refuse(number);
      }
      out.push_back(value);
    }
    return out;
  }
  // Arrays of any kind become contiguous numpy integers.
  nb::object numpy = nb::module_::import_("numpy");
  nb::object array = nb::hasattr(rows, "__array__") ? nb::borrow(rows) : nb::borrow(nb::list(rows));
  array = numpy.attr("asarray")(array);
  if (nb::cast<size_t>(array.attr("size")) == 0) return out;
  const std::string kind = nb::cast<std::string>(array.attr("dtype").attr("kind"));
  if ((kind != "i" && kind != "u") || nb::cast<int>(array.attr("ndim")) != 1) {
    throw nb::type_error((std::string(what) + " must be a list of integers").c_str());
  }
  // Of const values: arrays that come from Arrow may not be written.
  if (kind == "u") {
    array = numpy.attr("ascontiguousarray")(array, nb::arg("dtype") = numpy.attr("uint64"));
    auto values =
        nb::cast<nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>>(array);
    out.assign(values.data(), values.data() + values.size());
    return out;
  }
  array = numpy.attr("ascontiguousarray")(array, nb::arg("dtype") = numpy.attr("int64"));
  auto values =
      nb::cast<nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>>(array);
  out.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (values.data()[i] < 0) refuse(nb::int_(values.data()[i]));
    out[i] = static_cast<uint64_t>(values.data()[i]);
  }
  return out;
}

}  // namespace lancea::python
