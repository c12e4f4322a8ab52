#include "removed_files.h"

#include <iostream>
#include <utility>

#include "command.h"
#include "progress_bar.h"
#include "stop_on_interrupt.h"

namespace lancea::cli {

void PrintFiles(const std::vector<RemovedFile>& files) {
  for (const RemovedFile& file : files) {
    std::cout << file.path << "  " << ByteSize(file.size);
    if (file.is_orphan) std::cout << "  (no version refers to it)";
    std::cout << "\n";
  }
}

namespace {

arrow::Result<CleanupResult> CleanUp(const Dataset& dataset, CleanupOptions options, bool quiet) {
  double fraction = 0;
  ProgressBar bar([&] { return fraction; }, "file");
  options.progress = [&](const CleanupProgress& now) {
    fraction = static_cast<double>(now.files) / static_cast<double>(now.total_files);
    if (!quiet) bar.Update(now.files, now.bytes);
  };
  StopOnInterrupt interrupt;
  ARROW_ASSIGN_OR_RAISE(options.stop, interrupt.Begin());
  return CleanupOldVersions(dataset, options);
}

}  // namespace

arrow::Result<CleanupResult> CleanUpWatched(const Dataset& dataset, CleanupOptions options,
                                            bool quiet) {
  auto result = CleanUp(dataset, std::move(options), quiet);
  RaiseIfInterrupted(result.status());
  return result;
}

void PrintTotals(const CleanupResult& result, bool is_dry_run) {
  std::cout << (is_dry_run ? "would remove " : "removed ")
            << CountOf(result.old_versions, "version") << ", "
            << CountOf(result.files.size(), "file") << ", " << ByteSize(result.bytes_removed)
            << "\n";
  if (result.failed_deletes > 0) {
    std::cout << CountOf(result.failed_deletes, "file") << " could not be removed\n";
  }
}

}  // namespace lancea::cli
