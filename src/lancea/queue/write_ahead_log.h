// The write-ahead log of a bucket: records that are not yet in the table.
//
//   wal/00000000000000000001.log   segments, numbered in the order in which they were begun
//   segment:  "LANCEAQW" | u32 version 1 | u32 crc32c of the 12 bytes before | records (log_record.h)
//
// Rows carry the sequence number they have in the bucket (rows ever put before them), so what the table
// has already is known by number: replay leaves it out, and a crash between a commit and the removal of
// segments repeats nothing. Each Append is one write and one fsync.
//
// Reading: a segment whose bytes stop making sense ends there. If no sound record follows anywhere, that
// is a write which a crash cut short, and its bytes are cut off: no put returned for it. If one follows,
// or later segments hold rows, the middle is damaged, and that is reported.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset.h"
#include "lancea/queue/log_file.h"
#include "lancea/queue/log_record.h"

namespace lancea::queue {

constexpr uint64_t kSegmentHeaderBytes = 16;

/// Rows of a log that are in no table, in order.
struct ReplayedRows {
  uint64_t first_row = 0;
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// What a log holds.
struct LogContents {
  struct Segment {
    std::string path;
    uint64_t number = 0;
    uint64_t size_bytes = 0;
    uint64_t sound_bytes = 0;  ///< less than size_bytes: a torn tail
    uint64_t end_row = 0;      ///< behind the last row in it; 0: none
    bool is_damaged = false;
  };
  std::vector<Segment> segments;
  std::vector<ReplayedRows> rows;
  std::vector<Defect> defects;
  uint64_t torn_bytes = 0;
};

/// Read a log; nothing is changed.
/// \param committed_rows  rows with lower numbers are left out
arrow::Result<LogContents> ReadLog(const std::string& directory, uint64_t committed_rows);

/// Not thread-safe.
class WriteAheadLog {
 public:
  struct Options {
    LogCompression compression = LogCompression::kNone;
    uint64_t segment_bytes = uint64_t{16} << 20;  ///< a segment of this size is the last to grow
    bool salvage = false;
    LogFileMaker make_file = CreateLogFile;
  };

  /// Open a log for appending, its torn tail cut off.
  /// \param contents  set to what must be put again
  /// \return Corrupt naming each damaged place, unless `salvage`: then damaged segments become *.damaged
  static arrow::Result<std::unique_ptr<WriteAheadLog>> Open(const std::string& directory,
                                                            uint64_t committed_rows,
                                                            Options options, LogContents* contents);

  /// Write rows, and sync. After an error nothing of them will be replayed, or, if even cutting the
  /// file fails, the log refuses everything from then on.
  arrow::Status Append(const arrow::RecordBatchVector& rows, uint64_t first_row);

  /// Rows below `committed_rows` are in the table: remove segments that hold no others.
  arrow::Status Forget(uint64_t committed_rows);

  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t num_syncs() const { return num_syncs_; }

 private:
  WriteAheadLog(std::string directory, Options options)
      : directory_(std::move(directory)), options_(std::move(options)) {}
  arrow::Status BeginSegment();

  const std::string directory_;
  const Options options_;
  std::deque<LogContents::Segment> closed_;
  std::unique_ptr<LogFile> file_;  ///< of the segment that grows; nullptr: begun when needed
  LogContents::Segment open_;
  std::shared_ptr<arrow::Schema> open_schema_;  ///< of the latest schema record in it
  uint64_t next_number_ = 1;
  uint64_t size_bytes_ = 0;
  uint64_t num_syncs_ = 0;
  arrow::Status broken_;
};

}  // namespace lancea::queue
