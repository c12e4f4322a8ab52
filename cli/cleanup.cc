// lancea cleanup: remove old versions with the files only they need, and files of no version.
#include "lancea/cleanup.h"

#include <chrono>
#include <iostream>

#include "command.h"
#include "removed_files.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  std::optional<double> older_than_days;
  CleanupOptions options;
  bool skip_tagged = false;
  bool quiet = false;
};

arrow::Result<ExitCode> Cleanup(const Arguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(auto dataset, arguments.table.Open());
  CleanupOptions options = arguments.options;
  options.error_if_tagged_old_versions = !arguments.skip_tagged;
  const bool is_asked = arguments.older_than_days || options.retain_versions;
  if (arguments.older_than_days || !is_asked) {
    constexpr double kDefaultDays = 14, kDayNanos = 86400e9;
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    options.before_timestamp_nanos =
        now.count() -
        static_cast<int64_t>(arguments.older_than_days.value_or(kDefaultDays) * kDayNanos);
  }
  ARROW_ASSIGN_OR_RAISE(CleanupResult result, CleanUpWatched(*dataset, options, arguments.quiet));
  if (options.dry_run && !arguments.quiet) PrintFiles(result.files);
  if (!arguments.quiet) PrintTotals(result, options.dry_run);
  return result.failed_deletes == 0 ? kOk : kInputOutput;
}

}  // namespace

void AddCleanup(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "cleanup", "Remove old versions and the files only they need; never the latest one");
  arguments->table.AddTo(*verb);
  verb->add_option("--older-than-days", arguments->older_than_days,
                   "Remove versions older than this (default: 14, unless --retain is given)");
  verb->add_option("--retain", arguments->options.retain_versions,
                   "Keep so many of the newest versions");
  verb->add_option("--rate", arguments->options.delete_rate_limit,
                   "Files removed in a second at most");
  verb->add_flag("--skip-tagged", arguments->skip_tagged,
                 "Keep tagged versions silently (default: old ones are an error)");
  verb->add_flag(
      "--delete-unverified", arguments->options.delete_unverified,
      "Also remove files of no version that are younger than seven days; only when nobody "
      "is writing");
  verb->add_flag("--branches", arguments->options.clean_referenced_branches,
                 "Clean up the branches that began at this one first, as their own config says");
  verb->add_flag("--dry-run", arguments->options.dry_run, "Only say what would be removed");
  verb->add_flag("-q,--quiet", arguments->quiet, "Print nothing");
  verb->callback([=] { *action = [=] { return Cleanup(*arguments); }; });
}

}  // namespace lancea::cli
