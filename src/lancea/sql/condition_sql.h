// A condition as DuckDB's parser gives it -> the same condition in our filter language.
//
// Only what both mean the same by: comparisons of a column with literals of its own kind, IN, BETWEEN,
// LIKE, IS NULL, and AND, OR, NOT of those.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"

namespace lancea::duckdb {

/// A column that a condition names.
struct NamedColumn {
  std::string path;  ///< as filters name it
  std::shared_ptr<arrow::DataType> type;
};

/// The column of the table that names stand for; nullopt: none, or perhaps another table's.
using ResolveColumn =
    std::function<std::optional<NamedColumn>(const std::vector<std::string>& names)>;

/// \return nullopt for what does not surely mean the same in both
std::optional<std::string> ConditionSql(const nlohmann::json& condition,
                                        const ResolveColumn& resolve);

}  // namespace lancea::duckdb
