// Plain values of the C++ API as Python dicts and lists.
#pragma once

#include <nanobind/nanobind.h>

#include "lancea/dataset.h"
#include "lancea/fragment.h"
#include "lancea/schema.h"

namespace lancea::python {

nanobind::dict ToDict(const Field& field);
nanobind::dict ToDict(const Schema& schema);
nanobind::dict ToDict(const DataFile& file);
nanobind::dict ToDict(const DeletionFile& file, uint64_t fragment_id);
nanobind::dict ToDict(const FragmentMetadata& fragment);
nanobind::dict ToDict(const VersionInfo& version);
nanobind::dict ToDict(const TagInfo& tag);
nanobind::dict ToDict(const BranchInfo& branch);
nanobind::dict ToDict(const IndexInfo& index);
nanobind::dict ToDict(const BasePath& base);
nanobind::dict ToDict(const std::map<std::string, std::string>& map);

}  // namespace lancea::python
