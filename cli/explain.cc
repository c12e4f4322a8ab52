// lancea explain: how a query is carried out, and what its steps do when it runs.
#include <iostream>

#include "command.h"
#include "lancea/plan.h"
#include "lancea/scanner.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  SelectionArguments selection;
  std::string filter;
  std::vector<std::string> order_by;
  std::optional<int64_t> limit;
  int64_t offset = 0;
  bool analyze = false;
  bool html = false;
  bool json = false;
};

ScanOptions OptionsOf(const Arguments& arguments) {
  ScanOptions options = arguments.selection.Options();
  if (!arguments.filter.empty()) options.filter = arguments.filter;
  for (const std::string& key : arguments.order_by) {
    const bool descending = !key.empty() && key.front() == '-';
    options.order_by.push_back({descending ? key.substr(1) : key, !descending, false});
  }
  options.limit = arguments.limit;
  options.offset = arguments.offset;
  return options;
}

}  // namespace

void AddExplain(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("explain", "How a query is carried out, as a tree of steps");
  arguments->table.AddTo(*verb);
  arguments->selection.AddTo(*verb);
  verb->add_option("-w,--where", arguments->filter, "Only rows for which this SQL is true");
  verb->add_option("--order-by", arguments->order_by, "Columns to sort by; -name: descending")
      ->delimiter(',');
  verb->add_option("--limit", arguments->limit, "Rows at most");
  verb->add_option("--offset", arguments->offset, "Rows to skip first");
  verb->add_flag("--analyze", arguments->analyze, "Run it, and show what each step did");
  CLI::Option* html = verb->add_flag("--html", arguments->html, "As a web page");
  verb->add_flag("--json", arguments->json, "As JSON")->excludes(html);
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(OptionsOf(*arguments)));
      PlanNode plan = scanner->Plan();
      if (arguments->analyze) {
        ARROW_ASSIGN_OR_RAISE(plan, scanner->Analyze());
      }
      if (arguments->html) {
        const std::string where = arguments->filter.empty() ? "" : " where " + arguments->filter;
        std::cout << plan.ToHtml(arguments->table.uri + where);
      } else if (arguments->json) {
        std::cout << plan.ToJson() << "\n";
      } else {
        std::cout << plan.ToText();
      }
      return kOk;
    };
  });
}

}  // namespace lancea::cli
