// Whether a manifest lacks what manifests of today say.
#pragma once

#include <vector>

#include "lancea/index_info.h"

namespace lance::table {
class Manifest;
}

namespace lancea {

/// True if it does not say who wrote it, how many rows each fragment stores or has deleted, or what each
/// index covers; and where a writer before 0.8.15 may have said the latter wrongly.
bool LacksFields(const lance::table::Manifest& manifest, const std::vector<IndexInfo>& indices);

}  // namespace lancea
