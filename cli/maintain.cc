// lancea maintain: compact and clean up where it is worth it, once or every so often.
#include <chrono>
#include <iostream>
#include <thread>

#include "command.h"
#include "lancea/maintenance.h"
#include "stop_on_interrupt.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  MaintenanceOptions options;
  double older_than_days = 14;
  double every_seconds = 0;
  bool quiet = false;
};

// One line for each step that was due.
void Print(const MaintenanceReport& report, const Arguments& arguments) {
  bool is_any = false;
  for (const MaintenanceOutcome& outcome : report.outcomes) {
    if (!outcome.error.empty()) {
      std::cerr << outcome.step << " failed: " << outcome.error << "\n";
      continue;
    }
    if (!outcome.was_due || arguments.quiet) continue;
    is_any = true;
    if (arguments.options.dry_run) {
      std::cout << outcome.step << " is due\n";
    } else if (outcome.fragments_removed > 0) {
      std::cout << CountOf(outcome.fragments_removed, "fragment") << " became "
                << Thousands(outcome.fragments_added) << "\n";
    } else {
      std::cout << "removed " << CountOf(outcome.versions_removed, "version") << ", "
                << CountOf(outcome.files_removed, "file") << ", " << ByteSize(outcome.bytes_removed)
                << "\n";
    }
  }
  if (!is_any && !arguments.quiet && arguments.every_seconds == 0) {
    std::cout << "nothing is due\n";
  }
}

arrow::Result<ExitCode> Maintain(Arguments arguments) {
  ARROW_ASSIGN_OR_RAISE(auto dataset, arguments.table.Open());
  arguments.options.older_than_seconds = static_cast<uint64_t>(arguments.older_than_days * 86400);
  StopOnInterrupt interrupt;
  ARROW_ASSIGN_OR_RAISE(arguments.options.stop, interrupt.Begin());
  while (true) {
    auto report = lancea::Maintain(*dataset, arguments.options);
    RaiseIfInterrupted(report.status());
    ARROW_RETURN_NOT_OK(report.status());
    Print(*report, arguments);
    std::cout << std::flush;
    if (arguments.every_seconds == 0) {
      for (const MaintenanceOutcome& outcome : report->outcomes) {
        if (!outcome.error.empty()) return kInputOutput;
      }
      return kOk;
    }
    const auto next =
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(static_cast<int64_t>(arguments.every_seconds * 1e3));
    while (std::chrono::steady_clock::now() < next) {
      RaiseIfInterrupted(arguments.options.stop.Poll());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace

void AddMaintain(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "maintain", "Compact and clean up where it is worth it; a step that fails stops no other");
  arguments->table.AddTo(*verb);
  verb->add_option("--every", arguments->every_seconds,
                   "Again after so many seconds, until interrupted (default: once)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--older-than-days", arguments->older_than_days,
                   "Remove versions older than this (default: 14); tagged ones stay")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--retain", arguments->options.retain_versions,
                   "Keep so many of the newest versions");
  verb->add_option("--min-fragments", arguments->options.min_fragments,
                   "Join no fewer fragments than this (default: 8)");
  verb->add_flag("!--no-compact", arguments->options.compact, "Leave fragments as they are");
  verb->add_flag("!--no-cleanup", arguments->options.clean_up, "Leave old versions as they are");
  verb->add_flag("--dry-run", arguments->options.dry_run, "Only say what is due");
  verb->add_flag("-q,--quiet", arguments->quiet, "Print errors only");
  verb->callback([=] { *action = [=] { return Maintain(*arguments); }; });
}

}  // namespace lancea::cli
