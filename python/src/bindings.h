// One registration function for each part of the module.
#pragma once

#include <nanobind/nanobind.h>

namespace lancea::python {

void BindSession(nanobind::module_& module);
void BindDataset(nanobind::module_& module);
void BindExpression(nanobind::module_& module);
void BindFileReader(nanobind::module_& module);

}  // namespace lancea::python
