// Queues: an append-only log of records in a Lance table, one folder for each bucket.
//
//   <path>/data.lance/     the records that are persisted, a table any Lance reader opens
//   <path>/wal/*.log       records not yet in the table, when there is a write-ahead log
//   <path>/writer.lock     held (flock) by the one process that writes
//
// Records are rows of Arrow batches. They are numbered by offset, in the order in which they were put:
// first those of the table, then those of the buffer. A flush appends the oldest buffered records as one
// fragment and commits the number of records it covers with it, so a log that is replayed after a crash
// adds each record once. Small fragments are merged in the background, and old versions removed.
//
//   put -> [write-ahead log] -> buffer -> flush -> fragment -> merged fragment
//          readers see:         ^^^^^^             ^^^^^^^^    ^^^^^^^^^^^^^^^
//
// Work in the background is done by a few threads that all buckets of the process share; they end with
// the last bucket.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/type_fwd.h"
#include "lancea/dataset.h"
#include "lancea/export.h"
#include "lancea/session.h"

namespace lancea {

enum class LogCompression : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2, kSnappy = 3 };

/// How a bucket buffers, logs and tidies up.
struct LANCEA_EXPORT QueueOptions {
  // When the buffer is flushed without being asked: whichever comes first.
  uint64_t flush_rows = 1000;
  uint64_t flush_bytes = uint64_t{64} << 20;
  double flush_age_seconds = 0;  ///< of the oldest buffered record; 0: whatever its age

  // Back-pressure: at this much, puts wait for a flush. One put may pass it.
  uint64_t max_buffer_rows = 0;  ///< 0: eight times flush_rows, 65536 at least
  uint64_t max_buffer_bytes = uint64_t{256} << 20;

  bool enable_wal = false;
  /// 0: a put returns once its records are on the disk; puts at the same time share one fsync. Otherwise
  /// the log is written and synced this often, and a crash loses at most what was put since.
  double wal_sync_interval_seconds = 0;
  uint64_t max_wal_bytes = uint64_t{64} << 20;  ///< a log of this size has the buffer flushed
  LogCompression wal_compression = LogCompression::kNone;
  /// A log with a damaged middle: false refuses to open it; true replays every sound record and keeps
  /// the damaged file under another name.
  bool salvage_wal = false;

  bool enable_compaction = true;
  uint32_t compaction_fanout = 8;  ///< so many fragments of a size become one of the next
  uint64_t max_fragment_rows = uint64_t{1} << 20;
  uint64_t max_fragment_bytes = uint64_t{256} << 20;
  double retain_versions_seconds = 60;  ///< how long replaced versions stay for their readers

  std::optional<std::string> data_storage_version;  ///< of a new table
  std::shared_ptr<Session> session;  ///< default: one of all buckets, with a cache of 32 MiB
};

/// What a bucket holds and has done.
struct LANCEA_EXPORT QueueStats {
  bool is_writer = false;
  uint64_t total_rows = 0;
  uint64_t buffer_rows = 0;
  uint64_t buffer_bytes = 0;
  uint64_t persisted_rows = 0;
  uint64_t fragments = 0;
  uint64_t version = 0;  ///< of the table; 0: there is none yet
  uint64_t wal_bytes = 0;
  uint64_t wal_syncs = 0;
  uint64_t replayed_rows = 0;  ///< when this process became the writer
  uint64_t put_rows = 0;       ///< by this process
  uint64_t flushes = 0;
  uint64_t merges = 0;  ///< compactions of some fragments into one
  double last_flush_seconds = 0;
  double max_flush_seconds = 0;
  double total_flush_seconds = 0;
  std::string flush_error;        ///< of the latest flush; empty: it worked
  std::string wal_error;          ///< of the latest write of the log; empty: it worked
  std::string maintenance_error;  ///< of the latest merge or removal; empty: it worked
};

/// Tells an event loop through a file descriptor which buckets changed. Thread-safe.
class LANCEA_EXPORT QueueWaker {
 public:
  static arrow::Result<std::shared_ptr<QueueWaker>> Make();
  ~QueueWaker();
  int descriptor() const { return descriptor_; }  ///< readable once woken
  void Wake(uint64_t token);
  /// The tokens it was woken with since the last call; the descriptor is unreadable again.
  std::vector<uint64_t> Drain();

 private:
  explicit QueueWaker(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
  std::mutex mutex_;
  std::vector<uint64_t> tokens_;
};

/// One bucket, open for reading and, after OpenForWriting, for writing. Thread-safe.
class LANCEA_EXPORT QueueBucket {
 public:
  /// Open a bucket for reading; nothing is created. A bucket that nobody wrote to is empty.
  /// \param path  a local folder
  /// \return InvalidInput for what is no local path
  static arrow::Result<std::shared_ptr<QueueBucket>> Open(const std::string& path,
                                                          QueueOptions options = {});
  /// Closes; what cannot be flushed stays in the log, if there is one.
  ~QueueBucket();

  /// Become the one writer: take the lock and replay the log. Does nothing when already so.
  /// \param options  how to write, but for the session; default: those it was opened with
  /// \return CommitConflict naming the process that writes; Corrupt for a damaged log
  arrow::Status OpenForWriting(std::optional<QueueOptions> options = std::nullopt);
  /// Flush, close the log and give the lock back; readers go on.
  /// \return the flush's error. Records that are in no log either are kept then, and the lock too
  arrow::Status StopWriting();
  /// StopWriting, whatever is lost by that, and wait for all work in the background. Puts and reads
  /// then fail.
  arrow::Status Close();
  bool is_writer() const;

  const std::string& path() const;
  /// Of records; nullptr until the first were put.
  std::shared_ptr<arrow::Schema> schema() const;

  /// Records there are: the offset of the next one.
  uint64_t num_rows() const;

  /// Put records if there is room. They are visible, and as safe as the options say, when the future
  /// is finished, with the offset of the first; records of a failed future were not put.
  /// \return nullopt: no room, wait; InvalidInput when the schema is another; the flush's error when
  ///   there is no room and flushing fails
  arrow::Result<std::optional<arrow::Future<uint64_t>>> TryPut(
      const std::shared_ptr<arrow::RecordBatch>& rows);
  /// The same, waiting.
  arrow::Status Put(const std::shared_ptr<arrow::RecordBatch>& rows);
  bool has_room() const;

  /// Change the schema of records: new nullable columns, and types for columns that were all null.
  /// \return InvalidInput for any other change
  arrow::Status Evolve(const std::shared_ptr<arrow::Schema>& schema);

  /// Persist all records put so far.
  arrow::Future<> FlushAsync();
  arrow::Status Flush();
  /// True while a flush that was not asked for is due or under way (and not failing).
  bool is_flush_due() const;

  /// Records from `offset` on, `limit` at most; fewer or none when there are not so many.
  arrow::Result<std::shared_ptr<arrow::Table>> Get(uint64_t offset, uint64_t limit) const;

  /// Wait until there are more than `offset` records. Woken by puts of this process; versions of other
  /// processes are looked for every few milliseconds.
  /// \return false when `timeout_seconds` passed or the bucket was closed
  arrow::Result<bool> WaitForRows(uint64_t offset, double timeout_seconds) const;
  /// See what another process committed. One look for the next version's file. Nothing for the writer.
  arrow::Status Refresh() const;

  /// Have `waker` woken with `token` at the next change, once. Look at the bucket after this, then wait.
  void WakeOnce(const std::shared_ptr<QueueWaker>& waker, uint64_t token);

  QueueStats stats() const;
  /// Wait until nothing is left to merge or remove. For tests and tools.
  arrow::Status WaitForMaintenance();

  class Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit QueueBucket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// What the folder of a bucket holds, looked at without the lock.
struct LANCEA_EXPORT QueueInspection {
  std::shared_ptr<Dataset> dataset;  ///< nullptr: no table yet
  uint64_t persisted_rows = 0;
  std::optional<int64_t> writer_process;  ///< holds the lock now
  uint64_t wal_segments = 0;
  uint64_t wal_bytes = 0;
  uint64_t wal_rows = 0;  ///< in the log and not in the table
  uint64_t wal_torn_bytes = 0;
  std::vector<Defect> defects;  ///< of the log
};

/// Look at a bucket. With `verify` every file of the table is read too.
/// \return NotFound when there is neither a table nor a log
LANCEA_EXPORT arrow::Result<QueueInspection> InspectQueue(const std::string& path, bool verify);

}  // namespace lancea
