// Plain values of the C++ API from Python dicts: what values.h makes, read back.
//
// A key that is missing, or a value of a wrong type, is a Python TypeError or KeyError naming it.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "lancea/dataset.h"
#include "lancea/fragment.h"
#include "lancea/index_info.h"
#include "lancea/schema.h"
#include "lancea/transaction.h"

namespace lancea::python {

/// The value of a key.
nanobind::object Item(const nanobind::dict& dict, const char* key);

/// True for a key that is there and not None.
bool Has(const nanobind::dict& dict, const char* key);

/// The value of a key as a T.
template <typename T>
T Get(const nanobind::dict& dict, const char* key) {
  nanobind::object value = Item(dict, key);
  try {
    return nanobind::cast<T>(value);
  } catch (const nanobind::cast_error&) {
    PyErr_Format(PyExc_TypeError, "%s cannot be %R", key, value.ptr());
    throw nanobind::python_error();
  }
}

/// A list of dicts, each read by `parse`. None: empty.
template <typename Parse>
auto GetList(const nanobind::dict& dict, const char* key, Parse parse) {
  std::vector<decltype(parse(nanobind::dict()))> out;
  nanobind::object values = Item(dict, key);
  if (values.is_none()) return out;
  for (nanobind::handle value : values) out.push_back(parse(nanobind::cast<nanobind::dict>(value)));
  return out;
}

/// Bytes, or text as UTF-8.
std::string ToBytes(nanobind::handle value);

/// A map of texts; values may also be bytes.
std::map<std::string, std::string> ToStringMap(nanobind::handle dict);

Schema SchemaFromDict(const nanobind::dict& dict);
DataFile DataFileFromDict(const nanobind::dict& dict);
FragmentMetadata FragmentFromDict(const nanobind::dict& dict);
BasePath BasePathFromDict(const nanobind::dict& dict);
/// The entry "files", if there is one.
std::vector<IndexFile> IndexFilesFromDict(const nanobind::dict& dict);
IndexInfo IndexFromDict(const nanobind::dict& dict);
MapUpdate MapUpdateFromDict(const nanobind::dict& dict);

}  // namespace lancea::python
