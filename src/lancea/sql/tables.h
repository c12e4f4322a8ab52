// The tables that statements of one engine may name, and what was scanned of them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/sql.h"

namespace lancea::duckdb {

/// Thread-safe.
class Tables {
 public:
  explicit Tables(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  void Register(const std::string& name, std::shared_ptr<const Dataset> dataset);

  /// Whether a name that DuckDB does not know stands for a Lance table: a registered one, or by its path.
  bool Has(const std::string& name) const;

  /// \param version  a number or a tag; empty: the latest, or the registered one
  arrow::Result<std::shared_ptr<const Dataset>> Open(const std::string& name,
                                                     const std::string& version) const;

  /// Count a scan that begins now.
  /// \param scan  its uri, columns and filter
  std::shared_ptr<ScanCounters> Begin(SqlScan scan);
  std::vector<SqlScan> TakeScans();

 private:
  const std::shared_ptr<Session> session_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Dataset>> registered_;
  std::vector<std::pair<SqlScan, std::shared_ptr<ScanCounters>>> scans_;
};

}  // namespace lancea::duckdb
