// Choosing fields of a schema by path or by id.
//
// A path names a field through its ancestors: `a.b`. A name that holds '.' or '`' is put in back
// quotes, a back quote inside doubled: a.`b.c`. Names match exactly, case included, as in pylance
// 14.0.2. List levels count as names too (`points.item.x`).
//
//   Project({"s.y", "id", "s.x"})  ->  s: struct<y, x>, id     the first mention gives the place;
//   the
//                                                               fields of one struct are merged
//
// Source: answers of pylance 14.0.2 to LanceFileReader(columns=...).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "lancea/schema.h"

namespace lancea {

/// Split a path into names.
/// \return InvalidInput for an empty path or name, or misplaced back quotes
arrow::Result<std::vector<std::string>> ParseFieldPath(std::string_view path);

/// Join names to a path, quoting those that need it.
std::string FormatFieldPath(std::span<const std::string> names);

/// The fields a path passes through, outermost first; the last is the one named.
/// \return NotFound naming the nearest column and listing the columns
arrow::Result<std::vector<const Field*>> ResolvePath(const Schema& schema, std::string_view path);

/// The fields at `columns`, whole with all below them, inside their ancestors.
/// \return NotFound as ResolvePath
arrow::Result<Schema> Project(const Schema& schema, const std::vector<std::string>& columns);

/// The fields with these ids and their ancestors, in schema order. A chosen field keeps only chosen
/// children; if none is chosen it keeps all. Unknown ids are ignored.
Schema ProjectByIds(const Schema& schema, std::span<const int32_t> ids);

}  // namespace lancea
