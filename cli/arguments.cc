// Command-line arguments that several verbs share.
#include <array>
#include <cstdio>
#include <ctime>

#include "arrow/status.h"
#include "arrow/type.h"
#include "arrow/util/value_parsing.h"
#include "command.h"

namespace lancea::cli {
namespace {

arrow::Status Usage(const std::string& message) { return arrow::Status::Invalid(message); }

}  // namespace

arrow::Result<std::map<std::string, std::string>> ParseStorageOptions(
    const std::vector<std::string>& options) {
  std::map<std::string, std::string> out;
  for (const std::string& option : options) {
    const size_t equals = option.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Usage("--storage-option: \"" + option + "\" is not KEY=VALUE");
    }
    out[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return out;
}

void TableArguments::AddTo(CLI::App& verb) {
  verb.add_option("table", uri, "Path or URI of the table")->required();
  auto* number = verb.add_option("-V,--version", version, "Version number (default: the latest)");
  auto* named = verb.add_option("--tag", tag, "The version a tag names");
  auto* time = verb.add_option(
      "--as-of", as_of, "The newest version before this time, e.g. 2026-01-31T12:00:00 (UTC)");
  number->excludes(named)->excludes(time);
  named->excludes(time);
  verb.add_option("--branch", branch, "Branch (default: main)");
  verb.add_option("--storage-option", storage_options,
                  "KEY=VALUE for the store, e.g. region=eu-west-1; may be repeated");
}

arrow::Result<std::shared_ptr<Dataset>> TableArguments::Open() const {
  OpenOptions options;
  if (version.has_value()) options.version = *version;
  if (!tag.empty()) options.version = tag;
  if (!branch.empty()) options.branch = branch;
  if (!as_of.empty()) {
    int64_t micros = 0;
    const auto type = arrow::timestamp(arrow::TimeUnit::MICRO);
    if (!arrow::internal::ParseValue(static_cast<const arrow::TimestampType&>(*type), as_of.data(),
                                     as_of.size(), &micros)) {
      return Usage("--as-of: \"" + as_of +
                   "\" is no time; write 2026-01-31 or 2026-01-31T12:00:00");
    }
    options.as_of_micros = micros;
  }
  ARROW_ASSIGN_OR_RAISE(options.storage_options, ParseStorageOptions(storage_options));
  return Dataset::Open(uri, std::move(options));
}

void SelectionArguments::AddTo(CLI::App& verb) {
  verb.add_option("-c,--columns", columns,
                  "Columns, separated by commas; a.b names a nested field (default: all)")
      ->delimiter(',');
  verb.add_flag("--with-row-id", with_row_id, "Append _rowid");
  verb.add_flag("--with-row-address", with_row_address, "Append _rowaddr");
}

ScanOptions SelectionArguments::Options() const {
  ScanOptions options;
  if (!columns.empty()) options.columns = columns;
  options.with_row_id = with_row_id;
  options.with_row_address = with_row_address;
  return options;
}

std::string Thousands(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string CountOf(uint64_t count, const std::string& noun) {
  return Thousands(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string ByteSize(uint64_t bytes) {
  constexpr std::array kUnits = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string UtcTime(int64_t nanos) {
  const std::time_t seconds = static_cast<std::time_t>(nanos / 1'000'000'000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "?";
  char text[64];
  const size_t length = std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
  std::snprintf(text + length, sizeof(text) - length, ".%03d UTC",
                static_cast<int>(nanos / 1'000'000 % 1000));
  return text;
}

}  // namespace lancea::cli
