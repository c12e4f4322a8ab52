// The verbs of the `lancea` command, one file each, and what they share.
//
// A verb adds its subcommand with options bound to a struct it keeps, and says what to run; main.cc parses
// the command line, runs it and turns the Status into an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset.h"

namespace lancea::cli {

/// Exit codes, the same for every verb; listed by `lancea --help`.
enum ExitCode : int {
  kOk = 0,
  kDefectsFound = 1,
  kUsage = 2,
  kNotFound = 3,
  kCorrupt = 4,
  kUnsupported = 5,
  kInputOutput = 6,
};

/// What the chosen verb does.
using Action = std::function<arrow::Result<ExitCode>()>;

/// Each adds one verb to `app`; parsing it sets `*action`.
void AddInfo(CLI::App& app, Action* action);
void AddSchema(CLI::App& app, Action* action);
void AddHead(CLI::App& app, Action* action);
void AddCat(CLI::App& app, Action* action);
void AddCount(CLI::App& app, Action* action);
void AddTake(CLI::App& app, Action* action);
void AddVersions(CLI::App& app, Action* action);
void AddFile(CLI::App& app, Action* action);
void AddVerify(CLI::App& app, Action* action);
void AddExplain(CLI::App& app, Action* action);
void AddExport(CLI::App& app, Action* action);
void AddImport(CLI::App& app, Action* action);
void AddWrite(CLI::App& app, Action* action);
void AddQueue(CLI::App& app, Action* action);
void AddCompact(CLI::App& app, Action* action);
void AddCleanup(CLI::App& app, Action* action);
void AddHealth(CLI::App& app, Action* action);
void AddSql(CLI::App& app, Action* action);
void AddMaintain(CLI::App& app, Action* action);

/// KEY=VALUE texts as a map.
/// \return Invalid naming the one that is none
arrow::Result<std::map<std::string, std::string>> ParseStorageOptions(
    const std::vector<std::string>& options);

/// Which table, at which version.
struct TableArguments {
  std::string uri;
  std::optional<uint64_t> version;
  std::string tag;
  std::string branch;
  std::string as_of;
  std::vector<std::string> storage_options;

  void AddTo(CLI::App& verb);
  arrow::Result<std::shared_ptr<Dataset>> Open() const;
};

/// Which columns and rows of it.
struct SelectionArguments {
  std::vector<std::string> columns;
  bool with_row_id = false;
  bool with_row_address = false;

  void AddTo(CLI::App& verb);
  ScanOptions Options() const;
};

/// "1 row", "2 rows", with thousands separated.
std::string CountOf(uint64_t count, const std::string& noun);
/// "1,234,567".
std::string Thousands(uint64_t number);
/// "12.3 MB".
std::string ByteSize(uint64_t bytes);
/// "2026-01-31 12:00:00.123 UTC" of nanoseconds since the epoch.
std::string UtcTime(int64_t nanos);

}  // namespace lancea::cli
