// Flushing, merging and tidying up, and the jobs that do it.
#include <unistd.h>

#include <algorithm>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/cleanup.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/queue/bucket_impl.h"
#include "lancea/queue/merge_choice.h"
#include "lancea/table/manifest_path.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

constexpr auto kFirstBackoff = milliseconds(100);
constexpr auto kMaxBackoff = milliseconds(5000);
// With more fragments than this above what merging leaves, a flush merges before it adds another.
constexpr uint64_t kFragmentsAhead = 256;

template <typename Duration>
QueueBucket::Impl::Clock::duration ToClock(Duration time) {
  return std::chrono::duration_cast<QueueBucket::Impl::Clock::duration>(time);
}

}  // namespace

bool QueueBucket::Impl::IsLogFull() const {
  return options_.enable_wal && wal_bytes_ >= options_.max_wal_bytes;
}

bool QueueBucket::Impl::IsAgeDue() const {
  return options_.flush_age_seconds > 0 && buffer_.num_rows() > 0 &&
         Clock::now() >= oldest_buffered_ + ToClock(duration<double>(options_.flush_age_seconds));
}

bool QueueBucket::Impl::IsFlushDue() const {
  return is_writer_ && buffer_.num_rows() > 0 && flush_error_.ok() &&
         (buffer_.num_rows() >= options_.flush_rows ||
          buffer_.num_bytes() >= options_.flush_bytes || IsLogFull());
}

// Whole multiples of flush_rows, unless more was asked for or the rest must go for another reason.
uint64_t QueueBucket::Impl::FlushEnd() const {
  const uint64_t begin = buffer_.begin(), rows = buffer_.num_rows();
  if (rows == 0) return begin;
  uint64_t end = std::min(std::max(flush_target_, begin), buffer_.end());
  if (options_.flush_rows > 0) end = std::max(end, begin + rows - rows % options_.flush_rows);
  if (buffer_.num_bytes() >= options_.flush_bytes || IsLogFull() || IsAgeDue() || !HasRoom()) {
    end = buffer_.end();
  }
  return end;
}

void QueueBucket::Impl::Notify() {
  changed_.notify_all();
  for (const auto& [waker, token] : wakers_) waker->Wake(token);
  wakers_.clear();
}

void QueueBucket::Impl::Schedule(Job job, Clock::time_point when) {
  if (pool_ == nullptr || when >= next_run_[job]) return;
  next_run_[job] = when;
  pool_->Submit(
      [weak = weak_from_this(), job] {
        if (auto self = weak.lock()) self->RunJob(job);
      },
      when);
}

void QueueBucket::Impl::RunJob(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (next_run_[job] <= Clock::now()) next_run_[job] = Clock::time_point::max();
    if (is_running_[job]) run_again_[job] = true;
    if (is_closed_ || !is_writer_ || is_running_[job]) return;
    is_running_[job] = true;
    ++num_running_;
  }
  while (true) {
    switch (job) {
      case kSync:
        LogsBeforePut() ? SyncPending() : SyncBuffered();
        break;
      case kFlush:
        FlushWhileDue();
        break;
      case kMaintain:
        Maintain();
        break;
      case kNumJobs:
        break;
    }
    std::lock_guard lock(mutex_);
    if (run_again_[job] && !is_closed_) {
      run_again_[job] = false;
      continue;
    }
    run_again_[job] = is_running_[job] = false;
    --num_running_;
    changed_.notify_all();
    return;
  }
}

arrow::Future<> QueueBucket::Impl::FlushAsync() {
  std::lock_guard lock(mutex_);
  arrow::Status usable = CheckUsable();
  if (!usable.ok()) return arrow::Future<>::MakeFinished(usable);
  if (!is_writer_ || buffer_.num_rows() == 0) return arrow::Future<>::MakeFinished();
  flush_target_ = std::max(flush_target_, buffer_.end());
  flush_waiters_.push_back({buffer_.end(), arrow::Future<>::Make()});
  auto done = flush_waiters_.back().done;
  next_run_[kFlush] = Clock::time_point::max();  // not after the pause that an error makes
  Schedule(kFlush);
  return done;
}

void QueueBucket::Impl::FlushWhileDue() {
  while (true) {
    bool did_flush = false;
    const arrow::Status status = FlushOnce(&did_flush);
    if (!status.ok()) return AfterFailedFlush(status);
    if (!did_flush) return;
  }
}

arrow::Status QueueBucket::Impl::FlushOnce(bool* did_flush) {
  uint64_t fragments = 0, target_fragments = 0;
  {
    std::lock_guard lock(mutex_);
    if (table_.dataset != nullptr) fragments = table_.dataset->fragments().size();
    target_fragments = table_.num_rows / std::max<uint64_t>(options_.max_fragment_rows, 1);
  }
  if (options_.enable_compaction && fragments > 2 * target_fragments + kFragmentsAhead) {
    bool did_merge = false;
    (void)MergeOnce(&did_merge);  // an error is told where merging belongs
  }
  const auto began = Clock::now();
  std::lock_guard commit(commit_mutex_);
  if (is_unsure_) ARROW_RETURN_NOT_OK(Resync());
  queue::TableState table;
  arrow::RecordBatchVector rows;
  uint64_t committed = 0, end = 0;
  {
    std::lock_guard lock(mutex_);
    committed = buffer_.begin();
    end = FlushEnd();
    rows = buffer_.Slice(committed, end);
    table = table_;
  }
  if (rows.empty()) return arrow::Status::OK();
  if (rows.size() > 1) {
    // Fails for columns past 2 GiB; they are written in pieces then.
    auto joined = arrow::ConcatenateRecordBatches(rows);
    if (joined.ok()) rows = {*std::move(joined)};
  }
  if (options_.enable_compaction && table.dataset != nullptr &&
      queue::WantsReservation(table.dataset->fragments(), options_.compaction_fanout)) {
    ARROW_ASSIGN_OR_RAISE(table, queue::ReserveIds(table, committed));
    Committed(table, committed);
  }
  ARROW_ASSIGN_OR_RAISE(table, queue::WidenTable(table, *rows[0]->schema(), committed));
  if (table.dataset != nullptr) Committed(table, committed);
  ARROW_ASSIGN_OR_RAISE(table, queue::AppendRows(table_uri_, options_, table, rows, end));
  *did_flush = true;
  const double seconds = duration<double>(Clock::now() - began).count();
  std::vector<arrow::Future<>> done;
  Committed(table, end);
  {
    std::lock_guard lock(mutex_);
    logged_ = std::max(logged_, end);
    oldest_buffered_ = Clock::now();
    if (buffer_.num_rows() > 0 && options_.flush_age_seconds > 0) {
      Schedule(kFlush, oldest_buffered_ + ToClock(duration<double>(options_.flush_age_seconds)));
    }
    flush_error_ = arrow::Status::OK();
    flush_backoff_ = Clock::duration::zero();
    ++counters_.flushes;
    counters_.last_flush_seconds = seconds;
    counters_.total_flush_seconds += seconds;
    counters_.max_flush_seconds = std::max(counters_.max_flush_seconds, seconds);
    std::erase_if(flush_waiters_, [&](FlushWaiter& waiter) {
      if (waiter.row > end) return false;
      done.push_back(std::move(waiter.done));
      return true;
    });
  }
  ForgetLogged(end);
  for (auto& future : done) future.MarkFinished();
  std::lock_guard lock(mutex_);
  if (options_.enable_compaction &&
      queue::WantsReservation(table.dataset->fragments(), options_.compaction_fanout)) {
    Schedule(kMaintain);
  } else if (options_.retain_versions_seconds >= 0) {
    Schedule(kMaintain, trimmer_.next(duration<double>(options_.retain_versions_seconds)));
  }
  Notify();
  return arrow::Status::OK();
}

void QueueBucket::Impl::Committed(queue::TableState state, uint64_t row) {
  std::lock_guard lock(mutex_);
  if (table_.dataset != nullptr && table_.version() != state.version()) {
    trimmer_.Replaced(*table_.dataset, *state.dataset, Clock::now());
  }
  table_ = std::move(state);
  buffer_.DropBefore(row);
}

void QueueBucket::Impl::ForgetLogged(uint64_t committed) {
  std::lock_guard wal(wal_mutex_);
  if (wal_ == nullptr) return;
  const arrow::Status status = wal_->Forget(committed);
  wal_bytes_ = wal_->size_bytes();
  std::lock_guard lock(mutex_);
  // The rows are safe twice; the log only does not get smaller.
  if (!status.ok()) maintenance_error_ = status;
}

void QueueBucket::Impl::AfterFailedFlush(const arrow::Status& status) {
  std::vector<arrow::Future<>> failed;
  {
    std::lock_guard commit(commit_mutex_);
    is_unsure_ = true;
    (void)Resync();  // else before the next commit
    std::lock_guard lock(mutex_);
    flush_error_ = Prefix(status, "flush of queue bucket " + path_);
    flush_target_ = 0;
    for (FlushWaiter& waiter : flush_waiters_) failed.push_back(std::move(waiter.done));
    flush_waiters_.clear();
    flush_backoff_ = std::clamp(2 * flush_backoff_, ToClock(kFirstBackoff), ToClock(kMaxBackoff));
    Schedule(kFlush, Clock::now() + flush_backoff_);
    Notify();
  }
  for (auto& future : failed) future.MarkFinished(status);
}

// A commit that failed may have happened all the same; then its rows must not be written again.
arrow::Status QueueBucket::Impl::Resync() {
  ARROW_ASSIGN_OR_RAISE(auto table, queue::OpenTable(table_uri_, session_));
  ARROW_ASSIGN_OR_RAISE(uint64_t committed, queue::CommittedRows(table));
  is_unsure_ = false;
  std::lock_guard lock(mutex_);
  if (table.version() > table_.version()) {
    table_ = std::move(table);
    buffer_.DropBefore(std::min(committed, buffer_.end()));
  }
  return arrow::Status::OK();
}

arrow::Status QueueBucket::Impl::MergeOnce(bool* did_merge) {
  std::lock_guard merge(merge_mutex_);
  queue::TableState read;
  {
    std::lock_guard lock(mutex_);
    read = table_;
  }
  // An index would have to be rewritten with the rows it covers.
  if (read.dataset == nullptr || !read.dataset->indices().empty()) return arrow::Status::OK();
  queue::MergeLimits limits;
  limits.base_rows = options_.flush_rows;
  limits.fanout = options_.compaction_fanout;
  limits.max_rows = options_.max_fragment_rows;
  limits.max_bytes = options_.max_fragment_bytes;
  const auto choice = queue::ChooseMerge(read.dataset->fragments(), limits);
  if (!choice) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto merged, queue::WriteMerged(read, *choice, options_));
  std::lock_guard commit(commit_mutex_);
  if (is_unsure_) ARROW_RETURN_NOT_OK(Resync());
  queue::TableState latest;
  uint64_t committed_rows = 0;
  {
    std::lock_guard lock(mutex_);
    latest = table_;
    committed_rows = buffer_.begin();
  }
  auto committed = queue::CommitMerged(read, latest, *choice, merged, committed_rows);
  if (!committed.ok()) {
    is_unsure_ = true;
    const Dataset::Impl& impl = read.dataset->impl();
    for (const DataFile& file : merged.files) {
      // Best effort; unless the commit happened after all, and a version has it.
      auto now = queue::OpenTable(table_uri_, session_);
      if (now.ok() && now->version() == latest.version()) {
        (void)impl.location.store->Delete(
            JoinPath(JoinPath(impl.location.path, kDataDirectory), file.path));
      }
    }
    return committed.status();
  }
  *did_merge = true;
  Committed(*std::move(committed), committed_rows);
  std::lock_guard lock(mutex_);
  ++counters_.merges;
  Notify();
  return arrow::Status::OK();
}

// Once per writer: what earlier ones, perhaps killed, left behind.
arrow::Status QueueBucket::Impl::CleanUpOnce() {
  std::lock_guard commit(commit_mutex_);
  queue::TableState table;
  {
    std::lock_guard lock(mutex_);
    table = table_;
  }
  if (cleaned_up_ || table.dataset == nullptr) return arrow::Status::OK();
  cleaned_up_ = true;
  const Dataset::Impl& impl = table.dataset->impl();
  ARROW_ASSIGN_OR_RAISE(auto manifests, ListManifests(*impl.location.store, impl.location.path));
  if (manifests.size() < 2) return arrow::Status::OK();
  CleanupOptions cleanup;
  const auto now =
      std::chrono::system_clock::now() - duration<double>(options_.retain_versions_seconds);
  cleanup.before_timestamp_nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  cleanup.error_if_tagged_old_versions = false;
  return CleanupOldVersions(*table.dataset, cleanup).status();
}

void QueueBucket::Impl::Maintain() {
  arrow::Status status = CleanUpOnce();
  bool did_merge = options_.enable_compaction;
  while (did_merge && status.ok()) {
    did_merge = false;
    {
      std::lock_guard lock(mutex_);
      if (is_closed_) return;
    }
    status = MergeOnce(&did_merge);
  }
  std::lock_guard commit(commit_mutex_);
  queue::TableState table;
  {
    std::lock_guard lock(mutex_);
    table = table_;
  }
  const duration<double> retention(options_.retain_versions_seconds);
  if (table.dataset != nullptr) {
    const arrow::Status trimmed = trimmer_.Trim(*table.dataset, Clock::now(), retention);
    if (status.ok()) status = trimmed;
  }
  std::lock_guard lock(mutex_);
  maintenance_error_ = status;
  Schedule(kMaintain, status.ok() ? trimmer_.next(retention) : Clock::now() + kMaxBackoff);
}

arrow::Status QueueBucket::Impl::WaitForMaintenance() {
  std::unique_lock lock(mutex_);
  if (!is_writer_) return arrow::Status::OK();
  Schedule(kMaintain);
  changed_.wait(lock, [&] {
    return is_closed_ || (!is_running_[kMaintain] && next_run_[kMaintain] > Clock::now());
  });
  return maintenance_error_;
}

}  // namespace lancea
