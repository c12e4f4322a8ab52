// lancea verify: read everything and say what is wrong.
#include <iostream>

#include "command.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  bool quiet = false;
};

}  // namespace

void AddVerify(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "verify",
      "Read every file, page and count of a version; exit code 1 when something is wrong");
  arguments->table.AddTo(*verb);
  verb->add_flag("-q,--quiet", arguments->quiet, "Print defects only");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ARROW_ASSIGN_OR_RAISE(auto defects, dataset->Verify());
      for (const Defect& defect : defects)
        std::cout << defect.file << ": " << defect.message << "\n";
      if (!defects.empty()) {
        if (!arguments->quiet) std::cout << CountOf(defects.size(), "defect") << "\n";
        return kDefectsFound;
      }
      if (arguments->quiet) return kOk;
      ARROW_ASSIGN_OR_RAISE(int64_t rows, dataset->CountRows());
      std::cout << "sound: version " << dataset->version() << ", "
                << CountOf(static_cast<uint64_t>(rows), "row") << " in "
                << CountOf(dataset->fragments().size(), "fragment") << "\n";
      return kOk;
    };
  });
}

}  // namespace lancea::cli
