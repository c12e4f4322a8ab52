// lancea export: a table to one Parquet, CSV, JSON lines or Arrow file.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "arrow/record_batch.h"
#include "command.h"
#include "lancea/scanner.h"
#include "writers.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  SelectionArguments selection;
  std::string path;
  std::string format;
  std::optional<int64_t> limit;
  int64_t offset = 0;
  bool overwrite = false;
  bool descriptions = false;
};

// Larger than a scan's default, so that Parquet row groups are not tiny.
constexpr int64_t kExportBatchRows = 128 * 1024;

arrow::Result<ExitCode> Export(const Arguments& arguments) {
  const std::string& name = arguments.format.empty() ? arguments.path : arguments.format;
  const std::optional<Format> format = FormatOf(name);
  if (!format.has_value()) {
    return arrow::Status::Invalid("cannot tell the format from \"", name,
                                  "\"; name one with --format: parquet, csv, jsonl, arrow");
  }
  if (!arguments.overwrite && access(arguments.path.c_str(), F_OK) == 0) {
    return arrow::Status::Invalid(arguments.path, " exists; --overwrite replaces it");
  }
  ARROW_ASSIGN_OR_RAISE(auto dataset, arguments.table.Open());
  ScanOptions options = arguments.selection.Options();
  options.limit = arguments.limit;
  options.offset = arguments.offset;
  options.batch_size = kExportBatchRows;
  options.batch_readahead = 4;
  if (!arguments.descriptions) options.blob_handling = BlobHandling::kBinary;
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(std::move(options)));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  // A failed export leaves nothing that looks finished.
  const std::string unfinished = arguments.path + ".unfinished";
  auto write = [&]() -> arrow::Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(auto writer, MakeWriter(*format, unfinished, reader->schema()));
    return WriteAll(*reader, *writer);
  };
  arrow::Result<int64_t> rows = write();
  if (rows.ok() && std::rename(unfinished.c_str(), arguments.path.c_str()) != 0) {
    rows = arrow::Status::IOError("cannot rename ", unfinished, " to ", arguments.path);
  }
  if (!rows.ok()) {
    unlink(unfinished.c_str());
    return rows.status();
  }
  std::cout << CountOf(static_cast<uint64_t>(*rows), "row") << " written to " << arguments.path
            << "\n";
  return kOk;
}

}  // namespace

void AddExport(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("export", "A table to one parquet, csv, jsonl or arrow file");
  arguments->table.AddTo(*verb);
  verb->add_option("output", arguments->path, "File to write; its extension chooses the format")
      ->required();
  arguments->selection.AddTo(*verb);
  verb->add_option("-f,--format", arguments->format, "parquet, csv, jsonl or arrow")
      ->check(CLI::IsMember({"parquet", "csv", "jsonl", "arrow"}));
  verb->add_option("--limit", arguments->limit, "Rows at most")->check(CLI::NonNegativeNumber);
  verb->add_option("--offset", arguments->offset, "Rows skipped first")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--overwrite", arguments->overwrite, "Replace the output if it exists");
  verb->add_flag("--blob-descriptions", arguments->descriptions,
                 "Blob columns as where their bytes lie instead of the bytes");
  verb->callback([=] { *action = [=] { return Export(*arguments); }; });
}

}  // namespace lancea::cli
