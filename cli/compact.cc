// lancea compact: join small fragments and drop deleted rows from the files.
#include <iostream>

#include "command.h"
#include "lancea/compaction.h"
#include "progress_bar.h"
#include "stop_on_interrupt.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  std::optional<uint64_t> target_rows;
  std::optional<uint64_t> max_bytes_per_file;
  std::optional<double> deleted_share;
  std::optional<uint64_t> max_fragments;
  std::optional<uint32_t> tasks_at_once;
  std::string mode;
  bool no_verify = false;
  bool dry_run = false;
  bool quiet = false;
};

arrow::Result<CompactionOptions> OptionsOf(const Arguments& arguments, const Dataset& dataset) {
  ARROW_ASSIGN_OR_RAISE(auto options, CompactionOptions::FromConfig(dataset.config()));
  if (arguments.target_rows) options.target_rows_per_fragment = *arguments.target_rows;
  if (arguments.max_bytes_per_file) options.max_bytes_per_file = arguments.max_bytes_per_file;
  if (arguments.deleted_share) options.materialize_deletions_threshold = *arguments.deleted_share;
  if (arguments.max_fragments) options.max_source_fragments = arguments.max_fragments;
  if (arguments.tasks_at_once) options.num_threads = arguments.tasks_at_once;
  if (!arguments.mode.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.mode, ParseCompactionMode(arguments.mode));
  }
  options.verify = !arguments.no_verify;
  return options;
}

arrow::Result<ExitCode> PrintPlan(const Dataset& dataset, const CompactionOptions& options) {
  ARROW_ASSIGN_OR_RAISE(CompactionPlan plan, PlanCompaction(dataset, options));
  for (const auto& task : plan.tasks) {
    uint64_t rows = 0, deleted = 0;
    for (const FragmentMetadata& fragment : task) {
      rows += fragment.num_rows();
      deleted += fragment.num_deletions();
    }
    std::cout << "would rewrite " << CountOf(task.size(), "fragment") << ", " << task.front().id
              << " to " << task.back().id << ": " << CountOf(rows, "row") << ", without "
              << CountOf(deleted, "deleted row") << "\n";
  }
  if (plan.tasks.empty()) std::cout << "nothing to compact\n";
  return kOk;
}

arrow::Result<Compacted> Run(const Arguments& arguments, const std::shared_ptr<Dataset>& dataset,
                             const CompactionOptions& options) {
  double fraction = 0;
  ProgressBar bar([&] { return fraction; });
  CompactionRun run;
  run.progress = [&](const CompactionProgress& now) {
    if (now.total_rows > 0) {
      fraction = static_cast<double>(now.rows) / static_cast<double>(now.total_rows);
    }
    if (!arguments.quiet) bar.Update(now.rows, now.bytes);
    return arrow::Status::OK();
  };
  StopOnInterrupt interrupt;
  ARROW_ASSIGN_OR_RAISE(run.stop, interrupt.Begin());
  return CompactFiles(dataset, options, run);
}

arrow::Result<ExitCode> Compact(const Arguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(auto dataset, arguments.table.Open());
  ARROW_ASSIGN_OR_RAISE(auto options, OptionsOf(arguments, *dataset));
  if (arguments.dry_run) return PrintPlan(*dataset, options);
  auto compacted = Run(arguments, dataset, options);
  RaiseIfInterrupted(compacted.status());
  ARROW_RETURN_NOT_OK(compacted.status());
  if (arguments.quiet) return kOk;
  const CompactionMetrics& metrics = compacted->metrics;
  if (metrics.fragments_removed == 0) {
    std::cout << "nothing to compact\n";
    return kOk;
  }
  std::cout << CountOf(metrics.fragments_removed, "fragment") << " became "
            << Thousands(metrics.fragments_added) << ", " << CountOf(metrics.files_removed, "file")
            << " became " << Thousands(metrics.files_added) << ": version "
            << compacted->dataset->version() << "\n";
  return kOk;
}

}  // namespace

void AddCompact(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "compact", "Join small fragments and drop deleted rows; older versions keep their files");
  arguments->table.AddTo(*verb);
  verb->add_option("--target-rows", arguments->target_rows,
                   "Rows a fragment should have (default: 1048576)");
  verb->add_option("--max-bytes-per-file", arguments->max_bytes_per_file,
                   "A file ends with the rows that pass it");
  verb->add_option("--deleted-share", arguments->deleted_share,
                   "Rewrite fragments of which more is deleted, 0 to 1 (default: 0.1)");
  verb->add_option("--max-fragments", arguments->max_fragments,
                   "Rewrite so many fragments at most in this run");
  verb->add_option("--tasks", arguments->tasks_at_once, "Tasks at once (default: 2)");
  verb->add_option("--mode", arguments->mode,
                   "reencode (default), try_binary_copy: copy pages where files are alike, or "
                   "force_binary_copy");
  verb->add_flag("--no-verify", arguments->no_verify, "Do not read the new files back");
  verb->add_flag("--dry-run", arguments->dry_run, "Only say what would be rewritten");
  verb->add_flag("-q,--quiet", arguments->quiet, "Print nothing");
  verb->callback([=] { *action = [=] { return Compact(*arguments); }; });
}

}  // namespace lancea::cli
