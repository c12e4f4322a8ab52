#include <nanobind/nanobind.h>

#include "arrow_exchange.h"
#include "bindings.h"

NB_MODULE(_lancea, module) {
  lancea::python::InitArrow();
  module.attr("__version__") = LANCEA_VERSION;
  lancea::python::BindSession(module);
  lancea::python::BindScanner(module);
  lancea::python::BindDataset(module);
  lancea::python::BindFileReader(module);
  lancea::python::BindFileWriter(module);
  lancea::python::BindStore(module);
  lancea::python::BindRowChanges(module);
  lancea::python::BindQueue(module);
  lancea::python::BindWrite(module);
  lancea::python::BindColumns(module);
  lancea::python::BindMaintenance(module);
  lancea::python::BindBackground(module);
}
