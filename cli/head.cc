// lancea head: the first rows, aligned for reading.
#include <iostream>

#include "arrow/table.h"
#include "command.h"
#include "lancea/scanner.h"
#include "text_table.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  SelectionArguments selection;
  int64_t rows = 10;
};

}  // namespace

void AddHead(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("head", "The first rows of a table, aligned for reading");
  arguments->table.AddTo(*verb);
  arguments->selection.AddTo(*verb);
  verb->add_option("-n,--rows", arguments->rows, "How many rows")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ScanOptions options = arguments->selection.Options();
      options.limit = arguments->rows;
      ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(std::move(options)));
      ARROW_ASSIGN_OR_RAISE(auto table, scanner->ToTable());
      PrintTable(*table);
      return kOk;
    };
  });
}

}  // namespace lancea::cli
