// lancea take: chosen rows, by offset, row id or row address.
#include <iostream>

#include "arrow/table.h"
#include "command.h"
#include "text_table.h"
#include "writers.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  SelectionArguments selection;
  std::vector<uint64_t> rows, row_ids, addresses;
  std::string format = "table";
};

arrow::Result<std::shared_ptr<arrow::Table>> Take(const Dataset& dataset,
                                                  const Arguments& arguments) {
  const ScanOptions options = arguments.selection.Options();
  if (!arguments.row_ids.empty()) return dataset.TakeRowIds(arguments.row_ids, options);
  if (!arguments.addresses.empty()) return dataset.TakeAddresses(arguments.addresses, options);
  return dataset.Take(arguments.rows, options);
}

}  // namespace

void AddTake(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "take", "Chosen rows in the order given; rows may be named more than once");
  arguments->table.AddTo(*verb);
  arguments->selection.AddTo(*verb);
  auto* which = verb->add_option_group("which rows");
  which->add_option("--rows", arguments->rows, "Offsets counted over the rows not deleted: 0,7,3")
      ->delimiter(',');
  which
      ->add_option("--row-ids", arguments->row_ids,
                   "Values of _rowid; ids that do not exist are skipped")
      ->delimiter(',');
  which->add_option("--addresses", arguments->addresses, "Values of _rowaddr")->delimiter(',');
  which->require_option(1);
  std::vector<std::string> formats = StreamFormatNames();
  formats.insert(formats.begin(), "table");
  verb->add_option("-f,--format", arguments->format, "How rows are written")
      ->check(CLI::IsMember(formats))
      ->capture_default_str();
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ARROW_ASSIGN_OR_RAISE(auto table, Take(*dataset, *arguments));
      if (arguments->format == "table") {
        PrintTable(*table);
        return kOk;
      }
      arrow::TableBatchReader reader(*table);
      ARROW_ASSIGN_OR_RAISE(auto writer,
                            MakeWriter(*FormatOf(arguments->format), "", table->schema()));
      ARROW_RETURN_NOT_OK(WriteAll(reader, *writer).status());
      return kOk;
    };
  });
}

}  // namespace lancea::cli
