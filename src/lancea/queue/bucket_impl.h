// The state of an open bucket, and how its parts work together.
//
//   TryPut   with wal_sync_interval 0: pending_ -> (sync job: log, fsync) -> buffer_, the future finishes
//            otherwise: buffer_ at once; the sync job logs what of it is not logged, each interval
//   flush    buffer_ -> one fragment, committed with the number of rows put so far -> log forgotten
//   maintain fragments merged, replaced versions removed
//
// Locks, in the order in which they are taken:
//   merge_mutex_    one merge at a time
//   commit_mutex_   one commit at a time; trimmer_, is_unsure_
//   wal_mutex_      wal_
//   mutex_          everything else, for microseconds: never while a disk is waited for
// Rows are numbered by how many were ever put before them. The first row of buffer_ follows the last of
// the table, so its offset is table_.num_rows whatever its number is.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "arrow/util/future.h"
#include "lancea/queue.h"
#include "lancea/queue/log_file.h"
#include "lancea/queue/queue_table.h"
#include "lancea/queue/row_buffer.h"
#include "lancea/queue/version_trimmer.h"
#include "lancea/queue/worker_pool.h"
#include "lancea/queue/write_ahead_log.h"
#include "lancea/queue/writer_lock.h"

namespace lancea {

class QueueBucket::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using Clock = std::chrono::steady_clock;
  enum Job : size_t { kSync, kFlush, kMaintain, kNumJobs };

  Impl(std::string path, QueueOptions options);

  arrow::Status OpenTable();
  arrow::Status OpenForWriting(const QueueOptions& options);
  arrow::Status StopWriting(bool whatever_is_lost);
  arrow::Status Close();

  arrow::Result<std::optional<arrow::Future<uint64_t>>> TryPut(
      const std::shared_ptr<arrow::RecordBatch>& rows);
  arrow::Status Put(const std::shared_ptr<arrow::RecordBatch>& rows);
  arrow::Status Evolve(const std::shared_ptr<arrow::Schema>& schema);
  arrow::Future<> FlushAsync();

  arrow::Result<std::shared_ptr<arrow::Table>> Get(uint64_t offset, uint64_t limit);
  arrow::Result<bool> WaitForRows(uint64_t offset, double timeout_seconds);
  arrow::Status Refresh();
  QueueStats Stats();
  arrow::Status WaitForMaintenance();

  // Under mutex_.
  uint64_t NumRows() const { return table_.num_rows + buffer_.num_rows(); }
  bool HasRoom() const;
  bool IsFlushDue() const;

  const std::string path_;
  const std::string table_uri_;
  const std::string wal_directory_;
  const std::string lock_path_;
  const std::shared_ptr<Session> session_;
  const QueueOptions first_options_;  ///< it was opened with
  const int64_t process_;
  queue::LogFileMaker make_log_file_ = queue::CreateLogFile;  ///< tests set another

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_writer_ = false;
  bool is_stopping_ = false;  ///< to write
  bool is_closed_ = false;
  queue::TableState table_;
  std::shared_ptr<arrow::Schema> schema_;
  queue::RowBuffer buffer_;
  std::vector<std::pair<std::shared_ptr<QueueWaker>, uint64_t>> wakers_;  ///< at the next change

 private:
  struct Pending {
    std::shared_ptr<arrow::RecordBatch> rows;
    arrow::Future<uint64_t> done;  ///< with the offset of the first row
  };
  struct FlushWaiter {
    uint64_t row = 0;  ///< all before it persisted
    arrow::Future<> done;
  };

  arrow::Status Replay(const queue::LogContents& contents, uint64_t committed);
  arrow::Status CheckUsable() const;  // under mutex_
  bool LogsBeforePut() const { return options_.enable_wal && interval_ == Clock::duration::zero(); }
  arrow::Status OfLog(const arrow::Status& status) const;
  uint64_t FlushEnd() const;  // under mutex_
  bool IsAgeDue() const;      // under mutex_
  bool IsLogFull() const;
  void BufferRows(std::shared_ptr<arrow::RecordBatch> rows);  // under mutex_
  void Notify();                                              // under mutex_

  void Schedule(Job job, Clock::time_point when = Clock::time_point::min());  // under mutex_
  void RunJob(Job job);
  void SyncPending();
  void SyncBuffered();
  void FlushWhileDue();
  arrow::Status FlushOnce(bool* did_flush);
  void AfterFailedFlush(const arrow::Status& status);
  /// See what became of a commit whose end we do not know.
  arrow::Status Resync();  // under commit_mutex_
  /// A commit is made: show it, with the rows before `row` no longer in the buffer but in the table.
  void Committed(queue::TableState state, uint64_t row);  // under commit_mutex_
  void ForgetLogged(uint64_t committed);
  void Maintain();
  arrow::Status MergeOnce(bool* did_merge);
  arrow::Status CleanUpOnce();

  // How the writer works. Written only where there is none, so jobs read them without a lock.
  QueueOptions options_;
  Clock::duration interval_ = Clock::duration::zero();

  std::mutex merge_mutex_;

  std::mutex commit_mutex_;
  queue::VersionTrimmer trimmer_;
  bool cleaned_up_ = false;
  bool is_unsure_ = false;  ///< a commit failed, and may be there all the same

  std::mutex wal_mutex_;
  std::unique_ptr<queue::WriteAheadLog> wal_;
  std::atomic<uint64_t> wal_bytes_{0};
  std::atomic<uint64_t> wal_syncs_{0};

  // Under mutex_.
  std::unique_ptr<queue::WriterLock> lock_;
  std::shared_ptr<queue::WorkerPool> pool_;
  std::deque<Pending> pending_;
  uint64_t pending_rows_ = 0;
  uint64_t pending_bytes_ = 0;
  uint64_t logged_ = 0;        ///< rows before it are in the log or the table
  uint64_t flush_target_ = 0;  ///< rows before it were asked to be persisted
  std::vector<FlushWaiter> flush_waiters_;
  Clock::time_point oldest_buffered_;
  arrow::Status flush_error_, wal_error_, maintenance_error_;
  Clock::duration flush_backoff_ = Clock::duration::zero();
  std::array<Clock::time_point, kNumJobs> next_run_;
  std::array<bool, kNumJobs> is_running_ = {};
  std::array<bool, kNumJobs> run_again_ = {};
  int num_running_ = 0;
  uint32_t refreshes_ = 0;
  QueueStats counters_;
};

namespace queue {
/// For tests: a bucket whose log is written through other files.
arrow::Result<std::shared_ptr<QueueBucket>> OpenWithLogFiles(const std::string& path,
                                                             QueueOptions options,
                                                             LogFileMaker make_file);
}  // namespace queue

}  // namespace lancea
