#include "lancea/sql/tables.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace lancea::duckdb {
namespace {

// Scans that nobody asks for are forgotten, the oldest first.
constexpr size_t kMaxScansKept = 1024;

VersionSpec VersionOf(const std::string& text) {
  if (text.empty()) return {};
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

}  // namespace

void Tables::Register(const std::string& name, std::shared_ptr<const Dataset> dataset) {
  std::lock_guard<std::mutex> lock(mutex_);
  registered_[name] = std::move(dataset);
}

bool Tables::Has(const std::string& name) const {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (registered_.contains(name)) return true;
  }
  if (name.ends_with(".lance") || name.ends_with(".lance/")) return true;
  std::error_code ignored;
  return name.find("://") == std::string::npos &&
         std::filesystem::is_directory(name + "/_versions", ignored);
}

arrow::Result<std::shared_ptr<const Dataset>> Tables::Open(const std::string& name,
                                                           const std::string& version) const {
  std::shared_ptr<const Dataset> registered;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto it = registered_.find(name);
    if (it != registered_.end()) registered = it->second;
  }
  if (registered != nullptr) {
    if (version.empty()) return registered;
    return registered->Checkout(VersionOf(version));
  }
  OpenOptions options;
  options.version = VersionOf(version);
  options.session = session_;
  return Dataset::Open(name, std::move(options));
}

std::shared_ptr<ScanCounters> Tables::Begin(SqlScan scan) {
  auto counters = std::make_shared<ScanCounters>();
  std::lock_guard<std::mutex> lock(mutex_);
  if (scans_.size() >= kMaxScansKept) scans_.erase(scans_.begin());
  scans_.emplace_back(std::move(scan), counters);
  return counters;
}

std::vector<SqlScan> Tables::TakeScans() {
  decltype(scans_) taken;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    taken.swap(scans_);
  }
  std::vector<SqlScan> out;
  for (auto& [scan, counters] : taken) {
    const IoStatistics scanned = counters->scan_io.Read(), late = counters->take_io.Read();
    scan.rows_scanned = counters->rows_scanned;
    scan.rows_selected = scan.filter.empty() ? counters->rows_scanned : counters->rows_selected;
    scan.io = {scanned.requests + late.requests, scanned.iops + late.iops,
               scanned.bytes_read + late.bytes_read};
    out.push_back(std::move(scan));
  }
  return out;
}

}  // namespace lancea::duckdb
