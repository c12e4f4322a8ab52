// lancea sql: a statement over tables, run by DuckDB, its rows to standard output or a file.
#include "lancea/sql.h"

#include <iostream>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "command.h"
#include "stop_on_interrupt.h"
#include "text_table.h"
#include "writers.h"

namespace lancea::cli {
namespace {

// Rows that a table for people shows.
constexpr int64_t kMaxShownRows = 1000;

struct Arguments {
  std::string statement;
  std::vector<std::string> tables;
  std::string format;
  std::string output;
  std::string database;
  std::string library;
  std::optional<uint64_t> threads;
  std::vector<std::string> storage_options;
  bool shows_scans = false;
};

// "name=uri", or a URI that the statement calls `dataset`.
arrow::Status RegisterTable(const Arguments& arguments, const std::string& argument,
                            SqlEngine* engine) {
  const size_t equals = argument.find('=');
  const bool named =
      equals != std::string::npos && equals > 0 && argument.find_first_of("/:") > equals;
  OpenOptions options;
  ARROW_ASSIGN_OR_RAISE(options.storage_options, ParseStorageOptions(arguments.storage_options));
  ARROW_ASSIGN_OR_RAISE(auto dataset, Dataset::Open(named ? argument.substr(equals + 1) : argument,
                                                    std::move(options)));
  engine->Register(named ? argument.substr(0, equals) : "dataset", std::move(dataset));
  return arrow::Status::OK();
}

arrow::Status Show(arrow::RecordBatchReader& reader) {
  arrow::RecordBatchVector batches;
  int64_t rows = 0;
  while (rows <= kMaxShownRows) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader.Next());
    if (batch == nullptr) break;
    rows += batch->num_rows();
    batches.push_back(std::move(batch));
  }
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(reader.schema(), batches));
  PrintTable(*table->Slice(0, kMaxShownRows));
  if (rows > kMaxShownRows) {
    std::cout << "... the first " << Thousands(kMaxShownRows)
              << " rows; --format csv, jsonl or arrow writes all\n";
  }
  return arrow::Status::OK();
}

arrow::Status Write(const Arguments& arguments, arrow::RecordBatchReader& reader) {
  std::optional<Format> format;
  if (!arguments.format.empty()) {
    format = FormatOf(arguments.format);
  } else if (!arguments.output.empty()) {
    format = FormatOf(arguments.output);
  }
  if (!format.has_value()) {
    if (arguments.output.empty()) return Show(reader);
    return arrow::Status::Invalid("cannot tell the format from \"", arguments.output,
                                  "\"; name one with --format: csv, jsonl, arrow, parquet");
  }
  if (*format == Format::kParquet && arguments.output.empty()) {
    return arrow::Status::Invalid("parquet goes to a file: name one with --output");
  }
  ARROW_ASSIGN_OR_RAISE(auto writer, MakeWriter(*format, arguments.output, reader.schema()));
  return WriteAll(reader, *writer).status();
}

void PrintScans(const std::vector<SqlScan>& scans) {
  for (const SqlScan& scan : scans) {
    std::string columns;
    for (const std::string& name : scan.columns) columns += (columns.empty() ? "" : ", ") + name;
    std::cerr << scan.uri << " [" << columns << "]";
    if (!scan.filter.empty()) std::cerr << " where " << scan.filter;
    std::cerr << ": " << CountOf(scan.rows_selected, "row") << " of "
              << Thousands(scan.rows_scanned) << ", " << ByteSize(scan.io.bytes_read) << " read in "
              << CountOf(scan.io.iops, "operation") << "\n";
  }
}

arrow::Result<ExitCode> Run(const Arguments& arguments) {
  StopOnInterrupt interrupt;
  ARROW_ASSIGN_OR_RAISE(const arrow::StopToken stop, interrupt.Begin());
  SqlOptions options;
  options.library = arguments.library;
  options.database = arguments.database;
  options.threads = arguments.threads;
  ARROW_ASSIGN_OR_RAISE(auto engine, SqlEngine::Open(std::move(options)));
  for (const std::string& table : arguments.tables) {
    ARROW_RETURN_NOT_OK(RegisterTable(arguments, table, engine.get()));
  }
  auto run = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto reader, engine->Run(arguments.statement, stop));
    return Write(arguments, *reader);
  };
  const arrow::Status status = run();
  RaiseIfInterrupted(status);
  ARROW_RETURN_NOT_OK(status);
  std::cout.flush();
  if (arguments.shows_scans) PrintScans(engine->TakeScans());
  return kOk;
}

}  // namespace

void AddSql(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("sql", "Run a SQL statement over tables (needs DuckDB)");
  verb->add_option("statement", arguments->statement,
                   "e.g. \"SELECT * FROM 'photos.lance' WHERE width > 4000\"; lance_scan(uri, "
                   "version := n, filter := text) reads a version")
      ->required();
  verb->add_option(
          "-t,--table", arguments->tables,
          "NAME=URI: a table the statement names; URI alone: as `dataset`; may be repeated")
      ->allow_extra_args(false);
  std::vector<std::string> formats = StreamFormatNames();
  formats.emplace_back("parquet");
  formats.emplace_back("table");
  verb->add_option("-f,--format", arguments->format,
                   "table (default), csv, jsonl, arrow, parquet (with --output)")
      ->check(CLI::IsMember(formats));
  verb->add_option("-o,--output", arguments->output,
                   "Write to this file; its extension is the format");
  verb->add_option("--database", arguments->database,
                   "A DuckDB database file (default: in memory)");
  verb->add_option("--duckdb", arguments->library,
                   "DuckDB's library (default: LANCEA_DUCKDB_LIBRARY, or where the system has it)");
  verb->add_option("--threads", arguments->threads, "Of DuckDB (default: one per core)");
  verb->add_option("--storage-option", arguments->storage_options,
                   "KEY=VALUE for the store of --table; may be repeated")
      ->allow_extra_args(false);
  verb->add_flag("--scans", arguments->shows_scans,
                 "Say on standard error what was read: columns, conditions, rows and bytes");
  verb->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace lancea::cli
