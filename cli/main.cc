// lancea: look into, read, write, check and export Lance tables from the shell.
#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>

#include "arrow/util/io_util.h"
#include "command.h"
#include "lancea/error.h"

namespace lancea::cli {
namespace {

constexpr char kFooter[] = R"(
Tables are named by path or URI (file://, s3://, gs://, az://, memory://).

Exit codes:
  0  done                         4  the data are corrupt
  1  verify found defects         5  the data need a newer lancea
  2  wrong usage                  6  reading or writing failed
  3  no such table, version, tag, branch, column or file

Examples:
  lancea info photos.lance
  lancea head photos.lance -n 5 -c id,caption
  lancea cat photos.lance --format jsonl --limit 100 | jq .caption
  lancea take photos.lance --rows 7,3,99
  lancea count photos.lance --version 12
  lancea file photos.lance/data/1011....lance --pages
  lancea explain photos.lance --where "width > 4000" -c id,caption --analyze
  lancea sql "SELECT width, count(*) FROM 'photos.lance' GROUP BY width"
  lancea verify photos.lance
  lancea health photos.lance
  lancea compact photos.lance --dry-run
  lancea cleanup photos.lance --older-than-days 7 --dry-run
  lancea export photos.lance photos.parquet
  lancea import photos.parquet more/photos.parquet photos.lance
  producer | lancea write photos.lance --from - --format jsonl --mode append)";

ExitCode CodeOf(const arrow::Status& status) {
  if (auto category = CategoryOf(status)) {
    switch (*category) {
      case ErrorCategory::kInvalidInput:
      case ErrorCategory::kAlreadyExists:
        return kUsage;
      case ErrorCategory::kNotFound:
        return kNotFound;
      case ErrorCategory::kCorrupt:
        return kCorrupt;
      case ErrorCategory::kUnsupported:
        return kUnsupported;
      case ErrorCategory::kCommitConflict:
      case ErrorCategory::kRetryableConflict:
        return kInputOutput;
    }
  }
  if (status.IsIndexError() || status.IsInvalid() || status.IsKeyError()) return kUsage;
  if (status.IsNotImplemented()) return kUnsupported;
  return kInputOutput;
}

int Main(int argc, char** argv) {
  CLI::App app("Look into, read, write, check and export Lance tables.", "lancea");
  app.set_version_flag("--version", LANCEA_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  Action action;
  AddInfo(app, &action);
  AddSchema(app, &action);
  AddHead(app, &action);
  AddCat(app, &action);
  AddCount(app, &action);
  AddTake(app, &action);
  AddVersions(app, &action);
  AddFile(app, &action);
  AddVerify(app, &action);
  AddExplain(app, &action);
  AddExport(app, &action);
  AddImport(app, &action);
  AddWrite(app, &action);
  AddQueue(app, &action);
  AddCompact(app, &action);
  AddCleanup(app, &action);
  AddHealth(app, &action);
  AddSql(app, &action);
  AddMaintain(app, &action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version end here too, with exit code 0.
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  arrow::Result<ExitCode> code = action();
  std::cout.flush();
  if (code.ok()) {
    if (std::cout) return *code;
    std::cerr << "lancea: standard output: " << std::strerror(errno) << "\n";
    return kInputOutput;
  }
  std::cerr << "lancea: " << code.status().message();
  if (const int error = arrow::internal::ErrnoFromStatus(code.status())) {
    std::cerr << ": " << std::strerror(error);
  }
  std::cerr << "\n";
  return CodeOf(code.status());
}

}  // namespace
}  // namespace lancea::cli

int main(int argc, char** argv) {
  // Nothing of ours throws; the command line parser may beyond its parse errors.
  try {
    return lancea::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "lancea: " << error.what() << "\n";
    return lancea::cli::kInputOutput;
  }
}
