// Compaction that copies pages instead of decoding rows: for fragments whose files are alike.
//
// Fast, and bounded by a page whatever the rows; but pages stay as small as they were, so scans gain less
// than from new ones. What is copied is hashed column by column and compared with what is read back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/file/page_copier.h"
#include "lancea/write/fragment_writer.h"

namespace lancea {

/// Why fragments cannot be joined without decoding them; empty: they can.
/// \param fragments  indices into the manifest's fragments
arrow::Result<std::string> CopyObstacle(const Dataset::Impl& dataset,
                                        std::span<const size_t> fragments, FileFormat format);

struct FragmentCopyOptions {
  PageCopyOptions pages;
  uint64_t max_rows_per_file = uint64_t{1}
                               << 20;  ///< soft: a file ends with the source that passes it
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool verify = true;
  std::function<arrow::Status(const WriteProgress&)> progress;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// Removes its files when it goes before they are released. Not thread-safe.
class FragmentCopier {
 public:
  /// \param target  below the dataset, whose store reads back what is written
  FragmentCopier(const Dataset::Impl& dataset, FileTarget target, FragmentCopyOptions options)
      : dataset_(dataset), target_(std::move(target)), options_(std::move(options)) {}
  ~FragmentCopier();

  /// \param fragments  have no CopyObstacle; not empty
  /// \return the new fragments. Corrupt when a file does not read back as it was copied
  arrow::Result<std::vector<FragmentMetadata>> Copy(std::span<const size_t> fragments);
  void Release() { paths_.clear(); }

 private:
  arrow::Status OpenFile();
  arrow::Status FinishFile();
  arrow::Status Verify(const WrittenFile& written) const;

  const Dataset::Impl& dataset_;
  const FileTarget target_;
  const FragmentCopyOptions options_;
  std::unique_ptr<PageCopier> file_;
  std::string file_name_;
  std::vector<std::string> paths_;
  std::vector<FragmentMetadata> fragments_;
  WriteProgress done_;
};

}  // namespace lancea
