// Reading the tree of a statement, as DuckDB's parser gives it in JSON.
//
// What should be there is read by Json::at, which throws when a newer DuckDB has it otherwise; PushDown
// catches that and leaves the statement as it is.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lancea::duckdb {

using Json = nlohmann::json;

/// The text at `key`; empty when there is none.
inline std::string StringAt(const Json& node, const char* key) {
  const auto it = node.find(key);
  return it != node.end() && it->is_string() ? it->get<std::string>() : "";
}

/// Whether there is nothing at `key`: no such key, null, or an empty list.
inline bool IsAbsent(const Json& node, const char* key) {
  const auto it = node.find(key);
  return it == node.end() || it->is_null() || (it->is_array() && it->empty());
}

}  // namespace lancea::duckdb
