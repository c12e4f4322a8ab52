// One registration function for each part of the module.
#pragma once

#include <nanobind/nanobind.h>

namespace lancea {
class Dataset;
}

namespace lancea::python {

void BindRowChanges(nanobind::module_& module);
void BindScanner(nanobind::module_& module);
void BindSession(nanobind::module_& module);
void BindDataset(nanobind::module_& module);
void BindChanges(nanobind::class_<Dataset>& dataset);
void BindFileReader(nanobind::module_& module);
void BindFileWriter(nanobind::module_& module);
void BindStore(nanobind::module_& module);
void BindQueue(nanobind::module_& module);
void BindWrite(nanobind::module_& module);
void BindColumns(nanobind::module_& module);
void BindMaintenance(nanobind::module_& module);
void BindBackground(nanobind::module_& module);

}  // namespace lancea::python
