#include "compaction_options.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <string>
#include <vector>

#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

template <typename T>
T As(const std::string& key, nb::handle value) {
  try {
    return nb::cast<T>(value);
  } catch (const nb::cast_error&) {
    const bool is_negative = PyLong_Check(value.ptr()) && nb::cast<nb::object>(value) < nb::int_(0);
    PyErr_Format(is_negative ? PyExc_OverflowError : PyExc_TypeError, "%s cannot be %R",
                 key.c_str(), value.ptr());
    throw nb::python_error();
  }
}

}  // namespace

CompactionOptions ToCompactionOptions(const Dataset& dataset, const nb::dict& given) {
  CompactionOptions out = Unwrap(CompactionOptions::FromConfig(dataset.config()));
  for (auto [key_handle, value] : given) {
    const auto key = nb::cast<std::string>(key_handle);
    auto is = [&](const char* name) { return key == name; };
    if (value.is_none()) continue;
    if (is("target_rows_per_fragment")) {
      out.target_rows_per_fragment = As<uint64_t>(key, value);
    } else if (is("max_rows_per_group")) {
      out.max_rows_per_group = As<uint64_t>(key, value);
    } else if (is("max_bytes_per_file")) {
      out.max_bytes_per_file = As<uint64_t>(key, value);
    } else if (is("materialize_deletions")) {
      out.materialize_deletions = As<bool>(key, value);
    } else if (is("materialize_deletions_threshold")) {
      out.materialize_deletions_threshold = As<double>(key, value);
    } else if (is("num_threads")) {
      out.num_threads = As<uint32_t>(key, value);
    } else if (is("batch_size")) {
      out.batch_size = As<uint64_t>(key, value);
    } else if (is("io_buffer_size")) {
      out.io_buffer_size = As<uint64_t>(key, value);
    } else if (is("defer_index_remap")) {
      out.defer_index_remap = As<bool>(key, value);
    } else if (is("compaction_mode")) {
      out.mode = Unwrap(ParseCompactionMode(As<std::string>(key, value)));
    } else if (is("binary_copy_read_batch_bytes")) {
      out.binary_copy_read_batch_bytes = As<uint64_t>(key, value);
    } else if (is("max_source_fragments")) {
      out.max_source_fragments = As<uint64_t>(key, value);
    } else if (is("max_source_rows")) {
      out.max_source_rows = As<uint64_t>(key, value);
    } else if (is("max_source_bytes")) {
      out.max_source_bytes = As<uint64_t>(key, value);
    } else if (is("excluded_fragment_ids")) {
      out.excluded_fragment_ids = As<std::vector<uint64_t>>(key, value);
    } else if (is("data_storage_version")) {
      out.data_storage_version = As<std::string>(key, value);
    } else if (is("transaction_properties")) {
      out.transaction_properties = As<std::map<std::string, std::string>>(key, value);
    } else if (is("verify")) {
      out.verify = As<bool>(key, value);
    } else {
      throw nb::value_error(("Invalid compaction option: " + key).c_str());
    }
  }
  return out;
}

}  // namespace lancea::python
