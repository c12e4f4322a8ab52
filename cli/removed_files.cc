#include "removed_files.h"

#include <iostream>

#include "command.h"

namespace lancea::cli {

void PrintFiles(const std::vector<RemovedFile>& files) {
  for (const RemovedFile& file : files) {
    std::cout << file.path << "  " << ByteSize(file.size);
    if (file.is_orphan) std::cout << "  (no version refers to it)";
    std::cout << "\n";
  }
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
