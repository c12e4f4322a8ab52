// lancea verify: read everything and say what is wrong, and which files nobody needs.
//
// Orphans are files that no version refers to: what failed writes left, or what a write that is going on
// has made so far. They are no defects. --repair removes those older than seven days, by when no write needs
// them; what any version needs is never touched.
#include "lancea/verify.h"

#include <iostream>
#include <utility>

#include "command.h"
#include "lancea/cleanup.h"
#include "progress_bar.h"
#include "removed_files.h"
#include "stop_on_interrupt.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  bool quiet = false;
  bool repair = false;
  bool dry_run = false;
  bool delete_unverified = false;
};

arrow::Status PrintOrphans(const Dataset& dataset, bool quiet) {
  ARROW_ASSIGN_OR_RAISE(auto orphans, FindOrphans(dataset));
  if (quiet || orphans.empty()) return arrow::Status::OK();
  uint64_t bytes = 0;
  for (const RemovedFile& file : orphans) {
    std::cout << file.path << ": no version refers to it\n";
    bytes += file.size;
  }
  std::cout << CountOf(orphans.size(), "orphan file") << ", " << ByteSize(bytes) << "\n";
  return arrow::Status::OK();
}

arrow::Result<std::vector<Defect>> Verify(const Dataset& dataset, bool quiet) {
  double fraction = 0;
  ProgressBar bar([&] { return fraction; }, "file");
  VerifyRun run;
  run.progress = [&](const VerifyProgress& now) {
    fraction = now.total_bytes > 0
                   ? static_cast<double>(now.bytes) / static_cast<double>(now.total_bytes)
                   : static_cast<double>(now.files) / static_cast<double>(now.total_files);
    if (!quiet) bar.Update(now.files, now.bytes);
  };
  StopOnInterrupt interrupt;
  ARROW_ASSIGN_OR_RAISE(run.stop, interrupt.Begin());
  return VerifyTable(dataset, run);
}

// Without a version to remove, a cleanup takes orphans only.
arrow::Result<ExitCode> RemoveOrphans(const Dataset& dataset, const Arguments& arguments) {
  CleanupOptions options;
  options.dry_run = arguments.dry_run;
  options.delete_unverified = arguments.delete_unverified;
  ARROW_ASSIGN_OR_RAISE(CleanupResult result, CleanUpWatched(dataset, options, arguments.quiet));
  if (!arguments.quiet) {
    PrintFiles(result.files);
    PrintTotals(result, options.dry_run);
  }
  return result.failed_deletes == 0 ? kOk : kInputOutput;
}

}  // namespace

void AddVerify(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "verify",
      "Read every file, page and count of a version; exit code 1 when something is wrong");
  arguments->table.AddTo(*verb);
  verb->add_flag("-q,--quiet", arguments->quiet, "Print defects only");
  auto* repair = verb->add_flag("--repair", arguments->repair,
                                "Remove files older than seven days that no version refers to");
  verb->add_flag("--delete-unverified", arguments->delete_unverified,
                 "With --repair: younger ones too; only when nobody is writing")
      ->needs(repair);
  verb->add_flag("--dry-run", arguments->dry_run, "With --repair: only say what would be removed")
      ->needs(repair);
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      auto verified = Verify(*dataset, arguments->quiet);
      RaiseIfInterrupted(verified.status());
      ARROW_ASSIGN_OR_RAISE(const auto defects, std::move(verified));
      for (const Defect& defect : defects)
        std::cout << defect.file << ": " << defect.message << "\n";
      if (arguments->repair) {
        ARROW_ASSIGN_OR_RAISE(ExitCode repaired, RemoveOrphans(*dataset, *arguments));
        if (repaired != kOk) return repaired;
      } else {
        ARROW_RETURN_NOT_OK(PrintOrphans(*dataset, arguments->quiet));
      }
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
