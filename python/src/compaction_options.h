// CompactionOptions from a Python dict.
#pragma once

#include <nanobind/nanobind.h>

#include "lancea/compaction.h"
#include "lancea/dataset.h"

namespace lancea::python {

/// Options of a dict, on top of what the table's config says. An unknown key is a ValueError.
CompactionOptions ToCompactionOptions(const Dataset& dataset, const nanobind::dict& given);

}  // namespace lancea::python
