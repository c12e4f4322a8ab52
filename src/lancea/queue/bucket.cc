// Opening, reading and closing a bucket.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/io/path.h"
#include "lancea/io/system_error.h"
#include "lancea/queue/bucket_impl.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

// How often a reader looks for what other processes committed: often at first, for data that is coming.
constexpr auto kFirstPoll = milliseconds(1);
constexpr auto kMaxPoll = milliseconds(20);
// Every so many looks that find no next version, one past a gap that a cleanup may have left.
constexpr uint32_t kThoroughRefresh = 64;

// Queues run for long and replace their files all the time: what is kept of them must be little.
// Memory comes from malloc, which gives large pieces back; measured over ten million records, Arrow's own
// allocators keep 150 to 200 MB more.
const std::shared_ptr<Session>& SharedSession() {
  static const auto session = [] {
    Host host;
    host.memory_pool = arrow::system_memory_pool();
    return std::make_shared<Session>(uint64_t{32} << 20, host);
  }();
  return session;
}

arrow::Status CheckOptions(const QueueOptions& options) {
  if (options.flush_rows == 0) return InvalidInput("flush_rows must be positive, got 0");
  for (const auto& [name, seconds] :
       {std::pair("flush_age_seconds", options.flush_age_seconds),
        {"wal_sync_interval_seconds", options.wal_sync_interval_seconds},
        {"retain_versions_seconds", options.retain_versions_seconds}}) {
    // Also what is not a number.
    if (!(seconds >= 0)) return InvalidInput(name, " must not be negative, got ", seconds);
  }
  return arrow::Status::OK();
}

arrow::Result<std::string> LocalPath(std::string path) {
  constexpr std::string_view kScheme = "file://";
  if (path.starts_with(kScheme)) path.erase(0, kScheme.size());
  if (path.empty() || path.find("://") != std::string::npos) {
    return InvalidInput("a queue bucket lies in a local folder; \"", path, "\" is none");
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

arrow::Result<std::shared_ptr<QueueWaker>> QueueWaker::Make() {
  const int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) return SystemError("eventfd", "create", errno);
  return std::shared_ptr<QueueWaker>(new QueueWaker(descriptor));
}

QueueWaker::~QueueWaker() { close(descriptor_); }

std::vector<uint64_t> QueueWaker::Drain() {
  std::lock_guard lock(mutex_);
  uint64_t count = 0;
  while (read(descriptor_, &count, sizeof(count)) < 0 && errno == EINTR) {
  }
  return std::exchange(tokens_, {});
}

void QueueWaker::Wake(uint64_t token) {
  std::lock_guard lock(mutex_);
  tokens_.push_back(token);
  if (tokens_.size() > 1) return;
  const uint64_t one = 1;
  while (write(descriptor_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

QueueBucket::Impl::Impl(std::string path, QueueOptions options)
    : path_(std::move(path)),
      table_uri_(JoinPath(path_, "data.lance")),
      wal_directory_(JoinPath(path_, "wal")),
      lock_path_(JoinPath(path_, "writer.lock")),
      session_(options.session),
      first_options_(std::move(options)),
      process_(getpid()),
      options_(first_options_),
      pool_(queue::WorkerPool::Shared()) {
  next_run_.fill(Clock::time_point::max());
}

arrow::Status QueueBucket::Impl::OpenTable() {
  ARROW_ASSIGN_OR_RAISE(auto table, queue::OpenTable(table_uri_, session_));
  std::lock_guard lock(mutex_);
  table_ = std::move(table);
  if (table_.dataset != nullptr) schema_ = table_.dataset->schema();
  return arrow::Status::OK();
}

arrow::Status QueueBucket::Impl::Refresh() {
  queue::TableState state;
  bool thorough = false;
  {
    std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(CheckUsable());
    if (is_writer_) return arrow::Status::OK();
    state = table_;
    thorough = ++refreshes_ % kThoroughRefresh == 0;
  }
  ARROW_ASSIGN_OR_RAISE(auto latest, queue::RefreshTable(table_uri_, session_, state, thorough));
  if (latest.version() == state.version()) return arrow::Status::OK();
  std::lock_guard lock(mutex_);
  if (is_writer_ || latest.version() < table_.version()) return arrow::Status::OK();
  table_ = std::move(latest);
  schema_ = table_.dataset->schema();
  Notify();
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Table>> QueueBucket::Impl::Get(uint64_t offset,
                                                                    uint64_t limit) {
  ARROW_RETURN_NOT_OK(Refresh());
  for (int attempt = 0;; ++attempt) {
    queue::TableState state;
    arrow::RecordBatchVector buffered;
    std::shared_ptr<arrow::Schema> schema;
    uint64_t from_table = 0;
    {
      std::lock_guard lock(mutex_);
      ARROW_RETURN_NOT_OK(CheckUsable());
      schema = schema_;
      if (schema == nullptr) return arrow::Table::MakeEmpty(arrow::schema({}));
      const uint64_t end = std::min(NumRows(), offset + std::min(limit, UINT64_MAX - offset));
      if (offset >= end) return arrow::Table::MakeEmpty(schema);
      if (offset < table_.num_rows) {
        state = table_;
        from_table = std::min(end, table_.num_rows) - offset;
      }
      if (end > table_.num_rows) {
        const uint64_t first = std::max(offset, table_.num_rows) - table_.num_rows;
        buffered =
            buffer_.Slice(buffer_.begin() + first, buffer_.begin() + (end - table_.num_rows));
      }
    }
    std::vector<std::shared_ptr<arrow::Table>> parts;
    if (from_table > 0) {
      auto rows = queue::ReadRows(state, offset, from_table);
      if (!rows.ok()) {
        // A version whose files were merged and removed while we looked; the rows are elsewhere now.
        ARROW_ASSIGN_OR_RAISE(auto latest,
                              queue::RefreshTable(table_uri_, session_, state, /*thorough=*/true));
        if (attempt > 3 || latest.version() == state.version()) return rows.status();
        std::lock_guard lock(mutex_);
        if (!is_writer_ && latest.version() > table_.version()) table_ = std::move(latest);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto part, queue::ConformTable(*rows, schema));
      parts.push_back(std::move(part));
    }
    if (!buffered.empty()) {
      for (auto& rows : buffered) {
        ARROW_ASSIGN_OR_RAISE(rows, queue::ConformBatch(rows, schema));
      }
      ARROW_ASSIGN_OR_RAISE(auto part, arrow::Table::FromRecordBatches(schema, buffered));
      parts.push_back(std::move(part));
    }
    return parts.size() == 1 ? parts[0] : arrow::ConcatenateTables(parts);
  }
}

arrow::Result<bool> QueueBucket::Impl::WaitForRows(uint64_t offset, double timeout_seconds) {
  const auto now = Clock::now();
  const auto deadline =
      timeout_seconds > 1e9
          ? Clock::time_point::max()
          : now + std::chrono::duration_cast<Clock::duration>(duration<double>(timeout_seconds));
  Clock::duration poll = kFirstPoll;
  while (true) {
    ARROW_RETURN_NOT_OK(Refresh());
    std::unique_lock lock(mutex_);
    const auto is_there = [&] { return is_closed_ || NumRows() > offset; };
    if (is_there()) return NumRows() > offset;
    if (Clock::now() >= deadline) return false;
    if (is_writer_) {
      if (deadline == Clock::time_point::max()) {
        changed_.wait(lock, [&] { return is_there() || !is_writer_; });
      } else {
        changed_.wait_until(lock, deadline, [&] { return is_there() || !is_writer_; });
      }
    } else {
      changed_.wait_until(lock, std::min(deadline, Clock::now() + poll), is_there);
      poll = std::min<Clock::duration>(poll * 2, kMaxPoll);
    }
  }
}

arrow::Status QueueBucket::Impl::StopWriting(bool whatever_is_lost) {
  {
    std::unique_lock lock(mutex_);
    if (process_ != getpid() || !is_writer_ || is_stopping_) return arrow::Status::OK();
    // No put from here on; those that were begun are seen through.
    is_stopping_ = true;
    while (pending_rows_ > 0) {
      Schedule(kSync);
      changed_.wait_for(lock, milliseconds(100), [&] { return pending_rows_ == 0; });
    }
  }
  if (options_.enable_wal && !LogsBeforePut()) SyncBuffered();
  const arrow::Status status = FlushAsync().status();
  std::unique_lock lock(mutex_);
  const uint64_t left = buffer_.num_rows();
  const bool is_logged = options_.enable_wal && logged_ >= buffer_.end();
  if (left > 0 && !is_logged && !whatever_is_lost) {
    is_stopping_ = false;
    return Prefix(status, internal::Concat("queue bucket ", path_, " is not closed: ", left,
                                           " records are in memory only"));
  }
  is_writer_ = false;
  changed_.notify_all();
  // Jobs that run see it through; others find that there is no writer.
  changed_.wait(lock, [&] { return num_running_ == 0; });
  buffer_ = queue::RowBuffer(buffer_.end());
  flush_error_ = wal_error_ = arrow::Status::OK();
  lock.unlock();
  {
    std::lock_guard wal(wal_mutex_);
    wal_.reset();
    wal_bytes_ = 0;
  }
  if (!options_.enable_wal && status.ok()) {
    // Left over from a writer that had a log; all of it is in the table.
    std::error_code error;
    std::filesystem::remove(wal_directory_, error);
  }
  lock.lock();
  lock_.reset();
  is_stopping_ = false;
  Notify();
  if (left == 0 || status.ok()) return status;
  return Prefix(status, internal::Concat(left, " records of queue bucket ", path_,
                                         is_logged ? " are in its log only" : " are lost"));
}

arrow::Status QueueBucket::Impl::Close() {
  if (process_ != getpid()) {
    // The threads are the parent's; waiting for them here would take for ever.
    new std::shared_ptr<queue::WorkerPool>(std::move(pool_));
    return arrow::Status::OK();
  }
  const arrow::Status status = StopWriting(/*whatever_is_lost=*/true);
  std::shared_ptr<queue::WorkerPool> pool;
  {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    pool = std::move(pool_);
    Notify();
    changed_.wait(lock, [&] { return num_running_ == 0; });
    wakers_.clear();
    table_ = queue::TableState();
  }
  return status;
}

QueueStats QueueBucket::Impl::Stats() {
  std::lock_guard lock(mutex_);
  QueueStats stats = counters_;
  stats.is_writer = is_writer_;
  stats.total_rows = NumRows();
  stats.buffer_rows = buffer_.num_rows();
  stats.buffer_bytes = buffer_.num_bytes();
  stats.persisted_rows = table_.num_rows;
  stats.fragments = table_.dataset == nullptr ? 0 : table_.dataset->fragments().size();
  stats.version = table_.version();
  stats.wal_bytes = wal_bytes_;
  stats.wal_syncs = wal_syncs_;
  stats.flush_error = flush_error_.ok() ? "" : flush_error_.message();
  stats.wal_error = wal_error_.ok() ? "" : wal_error_.message();
  stats.maintenance_error = maintenance_error_.ok() ? "" : maintenance_error_.message();
  return stats;
}

namespace queue {

arrow::Result<std::shared_ptr<QueueBucket>> OpenWithLogFiles(const std::string& path,
                                                             QueueOptions options,
                                                             LogFileMaker make_file) {
  ARROW_ASSIGN_OR_RAISE(auto bucket, QueueBucket::Open(path, std::move(options)));
  bucket->impl().make_log_file_ = std::move(make_file);
  return bucket;
}

}  // namespace queue

QueueBucket::QueueBucket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

QueueBucket::~QueueBucket() {
  // What an error would say, flush() has said, or stays in the log.
  (void)impl_->Close();
}

arrow::Result<std::shared_ptr<QueueBucket>> QueueBucket::Open(const std::string& path,
                                                              QueueOptions options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  ARROW_ASSIGN_OR_RAISE(std::string local, LocalPath(path));
  if (options.session == nullptr) options.session = SharedSession();
  auto impl = std::make_shared<Impl>(std::move(local), std::move(options));
  ARROW_RETURN_NOT_OK(impl->OpenTable());
  return std::shared_ptr<QueueBucket>(new QueueBucket(std::move(impl)));
}

arrow::Status QueueBucket::OpenForWriting(std::optional<QueueOptions> options) {
  if (!options) return impl_->OpenForWriting(impl_->first_options_);
  ARROW_RETURN_NOT_OK(CheckOptions(*options));
  return impl_->OpenForWriting(*options);
}
arrow::Status QueueBucket::StopWriting() { return impl_->StopWriting(/*whatever_is_lost=*/false); }
arrow::Status QueueBucket::Close() { return impl_->Close(); }
const std::string& QueueBucket::path() const { return impl_->path_; }

bool QueueBucket::is_writer() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->is_writer_;
}
std::shared_ptr<arrow::Schema> QueueBucket::schema() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->schema_;
}
uint64_t QueueBucket::num_rows() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->NumRows();
}
bool QueueBucket::has_room() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->HasRoom();
}
bool QueueBucket::is_flush_due() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->IsFlushDue();
}

arrow::Result<std::optional<arrow::Future<uint64_t>>> QueueBucket::TryPut(
    const std::shared_ptr<arrow::RecordBatch>& rows) {
  return impl_->TryPut(rows);
}
arrow::Status QueueBucket::Put(const std::shared_ptr<arrow::RecordBatch>& rows) {
  return impl_->Put(rows);
}
arrow::Status QueueBucket::Evolve(const std::shared_ptr<arrow::Schema>& schema) {
  return impl_->Evolve(schema);
}
arrow::Future<> QueueBucket::FlushAsync() { return impl_->FlushAsync(); }
arrow::Status QueueBucket::Flush() { return impl_->FlushAsync().status(); }

arrow::Result<std::shared_ptr<arrow::Table>> QueueBucket::Get(uint64_t offset,
                                                              uint64_t limit) const {
  return impl_->Get(offset, limit);
}
arrow::Result<bool> QueueBucket::WaitForRows(uint64_t offset, double timeout_seconds) const {
  return impl_->WaitForRows(offset, timeout_seconds);
}
arrow::Status QueueBucket::Refresh() const { return impl_->Refresh(); }

void QueueBucket::WakeOnce(const std::shared_ptr<QueueWaker>& waker, uint64_t token) {
  std::lock_guard lock(impl_->mutex_);
  const std::pair entry(waker, token);
  auto& wakers = impl_->wakers_;
  if (std::ranges::find(wakers, entry) == wakers.end()) wakers.push_back(entry);
}

QueueStats QueueBucket::stats() const { return impl_->Stats(); }
arrow::Status QueueBucket::WaitForMaintenance() { return impl_->WaitForMaintenance(); }

}  // namespace lancea
