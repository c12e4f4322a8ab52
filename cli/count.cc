// lancea count: the number of rows, from the manifest.
#include <iostream>

#include "command.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  bool deleted = false;
};

}  // namespace

void AddCount(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("count", "The number of rows of a table");
  arguments->table.AddTo(*verb);
  verb->add_flag("--deleted", arguments->deleted, "Count the deleted rows still stored instead");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ARROW_ASSIGN_OR_RAISE(
          int64_t rows, arguments->deleted ? dataset->CountDeletedRows() : dataset->CountRows());
      std::cout << rows << "\n";
      return kOk;
    };
  });
}

}  // namespace lancea::cli
