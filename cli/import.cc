// lancea import, lancea write: rows of files into a table.
#include <iostream>

#include "arrow/record_batch.h"
#include "command.h"
#include "lancea/write.h"
#include "progress_bar.h"
#include "readers.h"
#include "stop_on_interrupt.h"

namespace lancea::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;  // of import: the last is the table
  std::string table;
  std::string format;
  std::string mode = "create";
  std::string storage_version;
  std::optional<uint64_t> max_rows_per_file;
  bool compact = false;
  bool no_checksums = false;
  bool quiet = false;
  std::string message;
  std::vector<std::string> storage_options;

  void AddTo(CLI::App& verb);
};

void Arguments::AddTo(CLI::App& verb) {
  verb.add_option("-f,--format", format, "Of the input (default: by its extension)")
      ->check(CLI::IsMember({"parquet", "csv", "jsonl", "arrow"}));
  verb.add_option("-m,--mode", mode,
                  "create: a new table (default); append: more rows; overwrite: new contents")
      ->check(CLI::IsMember({"create", "append", "overwrite"}));
  verb.add_option("--storage-version", storage_version,
                  "2.0, 2.1, 2.2, 2.3, stable or next (default: the table's, 2.2 for new ones)");
  verb.add_flag("--compact", compact, "Smaller files that take longer to write");
  verb.add_flag("--no-checksums", no_checksums, "Store no checksums of pages");
  verb.add_option("--max-rows-per-file", max_rows_per_file, "Rows of a data file (default: 1 Mi)")
      ->check(CLI::PositiveNumber);
  verb.add_option("--message", message, "Kept with the version");
  verb.add_option("--storage-option", storage_options,
                  "KEY=VALUE for the store, e.g. region=eu-west-1; may be repeated");
  verb.add_flag("-q,--quiet", quiet, "Print nothing");
}

WriteMode ModeOf(const std::string& mode) {
  if (mode == "append") return WriteMode::kAppend;
  if (mode == "overwrite") return WriteMode::kOverwrite;
  return WriteMode::kCreate;
}

arrow::Result<std::shared_ptr<Dataset>> WriteRows(const Arguments& arguments,
                                                  WriteProgress* written) {
  std::optional<Format> format;
  if (!arguments.format.empty()) format = FormatOf(arguments.format);
  ARROW_ASSIGN_OR_RAISE(RowSource source, OpenSource(arguments.paths, format));
  WriteOptions options;
  options.mode = ModeOf(arguments.mode);
  if (!arguments.storage_version.empty()) {
    options.data_storage_version = arguments.storage_version;
  }
  if (arguments.max_rows_per_file) options.max_rows_per_file = *arguments.max_rows_per_file;
  options.compact = arguments.compact;
  options.checksums = !arguments.no_checksums;
  if (!arguments.message.empty()) {
    options.transaction_properties["__lance_commit_message"] = arguments.message;
  }
  ARROW_ASSIGN_OR_RAISE(options.storage_options, ParseStorageOptions(arguments.storage_options));
  ProgressBar bar(source.fraction_read);
  options.progress = [&](const WriteProgress& progress) {
    *written = progress;
    if (!arguments.quiet) bar.Update(progress.rows, progress.bytes);
    return arrow::Status::OK();
  };
  StopOnInterrupt interrupt;
  ARROW_ASSIGN_OR_RAISE(options.stop, interrupt.Begin());
  return WriteDataset(source.reader, arguments.table, options);
}

arrow::Result<ExitCode> Import(const Arguments& arguments) {
  WriteProgress written;
  arrow::Result<std::shared_ptr<Dataset>> dataset = WriteRows(arguments, &written);
  RaiseIfInterrupted(dataset.status());
  ARROW_RETURN_NOT_OK(dataset.status());
  if (arguments.quiet) return kOk;
  std::cout << CountOf(written.rows, "row") << " written to " << arguments.table << ": version "
            << (*dataset)->version() << ", " << ByteSize(written.bytes) << " in "
            << CountOf(written.files, "file") << "\n";
  return kOk;
}

}  // namespace

void AddImport(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("import", "Parquet, csv, jsonl or arrow files to a table");
  verb->add_option("files", arguments->paths, "Files with the same columns, and last the table")
      ->required()
      ->expected(2, 1 << 20);
  arguments->AddTo(*verb);
  verb->callback([=] {
    arguments->table = arguments->paths.back();
    arguments->paths.pop_back();
    *action = [=] { return Import(*arguments); };
  });
}

void AddWrite(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("write", "Write rows to a table, also from standard input");
  verb->add_option("table", arguments->table, "Path or URI of the table")->required();
  verb->add_option("--from", arguments->paths, "Files with the same columns; - is standard input")
      ->required();
  arguments->AddTo(*verb);
  verb->callback([=] { *action = [=] { return Import(*arguments); }; });
}

}  // namespace lancea::cli
