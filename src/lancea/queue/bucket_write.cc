// Becoming the writer, putting rows, and the log.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/queue/bucket_impl.h"
#include "lancea/util/errors.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

// Rows logged with one write and one fsync.
constexpr uint64_t kGroupBytes = uint64_t{64} << 20;
constexpr double kMaxIntervalSeconds = 1e6;  // what a clock's duration holds

bool SameColumns(const arrow::Schema& a, const arrow::Schema& b) {
  return a.Equals(b, /*check_metadata=*/false);
}

// `a` and what `b` adds to it.
std::shared_ptr<arrow::Schema> Union(const std::shared_ptr<arrow::Schema>& a,
                                     const arrow::Schema& b) {
  if (a == nullptr) return arrow::schema(b.fields(), b.metadata());
  arrow::FieldVector fields = a->fields();
  for (const auto& field : b.fields()) {
    const int own = a->GetFieldIndex(field->name());
    if (own < 0) {
      fields.push_back(field);
    } else if (fields[static_cast<size_t>(own)]->type()->id() == arrow::Type::NA) {
      fields[static_cast<size_t>(own)] = field;
    }
  }
  return arrow::schema(std::move(fields), a->metadata());
}

arrow::Result<arrow::RecordBatchVector> Join(arrow::RecordBatchVector rows) {
  if (rows.size() < 2) return rows;
  for (const auto& batch : rows) {
    if (!batch->schema()->Equals(*rows[0]->schema(), /*check_metadata=*/true)) return rows;
  }
  ARROW_ASSIGN_OR_RAISE(auto joined, arrow::ConcatenateRecordBatches(rows));
  return arrow::RecordBatchVector{std::move(joined)};
}

}  // namespace

arrow::Status QueueBucket::Impl::CheckUsable() const {
  if (process_ != getpid()) {
    return InvalidInput("queue bucket ", path_, " was opened by process ", process_,
                        " and cannot be used after fork; open it in this process");
  }
  if (is_closed_) return InvalidInput("queue bucket ", path_, " is closed");
  return arrow::Status::OK();
}

arrow::Status QueueBucket::Impl::OfLog(const arrow::Status& status) const {
  return status.ok() ? status : Prefix(status, "write-ahead log of queue bucket " + path_);
}

arrow::Status QueueBucket::Impl::OpenForWriting(const QueueOptions& options) {
  std::lock_guard commit(commit_mutex_);
  std::lock_guard wal(wal_mutex_);
  {
    std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(CheckUsable());
    if (is_writer_) return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(queue::MakeDirectoriesDurably(path_));
  ARROW_ASSIGN_OR_RAISE(auto writer_lock, queue::WriterLock::Take(lock_path_, path_));
  // Who wrote last may have written more than we have seen.
  ARROW_ASSIGN_OR_RAISE(auto table, queue::OpenTable(table_uri_, session_));
  ARROW_ASSIGN_OR_RAISE(uint64_t committed, queue::CommittedRows(table));
  is_unsure_ = false;
  {
    std::lock_guard lock(mutex_);
    options_ = options;
    options_.session = session_;
    interval_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
        std::min(kMaxIntervalSeconds, options.wal_sync_interval_seconds)));
    table_ = table;
    if (table.dataset != nullptr) schema_ = table.dataset->schema();
    buffer_ = queue::RowBuffer(committed);
    logged_ = flush_target_ = committed;
  }
  std::error_code error;
  if (options_.enable_wal || std::filesystem::is_directory(wal_directory_, error)) {
    queue::WriteAheadLog::Options log;
    log.compression = options_.wal_compression;
    log.segment_bytes = std::clamp<uint64_t>(options_.max_wal_bytes / 4, 4096, 16 << 20);
    log.salvage = options_.salvage_wal;
    log.make_file = make_log_file_;
    queue::LogContents contents;
    auto wal = queue::WriteAheadLog::Open(wal_directory_, committed, std::move(log), &contents);
    ARROW_RETURN_NOT_OK(OfLog(wal.status()));
    wal_ = *std::move(wal);
    const arrow::Status replayed = Replay(contents, committed);
    if (!replayed.ok()) {
      wal_.reset();
      return OfLog(replayed);
    }
  }
  std::lock_guard lock(mutex_);
  lock_ = std::move(writer_lock);
  is_writer_ = true;
  cleaned_up_ = false;
  if (options_.enable_compaction) Schedule(kMaintain);
  if (buffer_.num_rows() > 0) {
    oldest_buffered_ = Clock::now();
    // Without a log of our own these rows would be kept in the old one: into the table with them.
    if (!options_.enable_wal) flush_target_ = buffer_.end();
    Schedule(kFlush);
  }
  Notify();
  return arrow::Status::OK();
}

arrow::Status QueueBucket::Impl::Replay(const queue::LogContents& contents, uint64_t committed) {
  uint64_t end_of_log = committed;
  for (const auto& segment : contents.segments) {
    end_of_log = std::max(end_of_log, segment.end_row);
  }
  std::shared_ptr<arrow::Schema> schema;
  {
    std::lock_guard lock(mutex_);
    schema = schema_;
  }
  for (const auto& replayed : contents.rows) schema = Union(schema, *replayed.rows->schema());
  arrow::RecordBatchVector rows;
  uint64_t num_rows = 0;
  for (const auto& replayed : contents.rows) {
    ARROW_ASSIGN_OR_RAISE(auto batch, queue::ConformBatch(replayed.rows, schema));
    num_rows += static_cast<uint64_t>(batch->num_rows());
    rows.push_back(std::move(batch));
  }
  std::lock_guard lock(mutex_);
  counters_.replayed_rows = num_rows;
  wal_bytes_ = wal_->size_bytes();
  if (!contents.defects.empty()) {
    // Salvaged: numbers are missing. The table takes the rows now, and the numbering of the log.
    auto table = table_;
    if (!rows.empty()) {
      ARROW_ASSIGN_OR_RAISE(table, queue::WidenTable(table, *schema, committed));
      ARROW_ASSIGN_OR_RAISE(table,
                            queue::AppendRows(table_uri_, options_, table, rows, end_of_log));
      table_ = std::move(table);
      buffer_ = queue::RowBuffer(end_of_log);
      logged_ = flush_target_ = end_of_log;
    }
    ARROW_RETURN_NOT_OK(wal_->Forget(end_of_log));
    wal_bytes_ = wal_->size_bytes();
  } else {
    for (auto& batch : rows) buffer_.Append(std::move(batch));
    logged_ = buffer_.end();
    if (rows.empty()) {
      ARROW_RETURN_NOT_OK(wal_->Forget(end_of_log));
      wal_bytes_ = wal_->size_bytes();
    }
  }
  if (schema != nullptr) schema_ = std::move(schema);
  return arrow::Status::OK();
}

bool QueueBucket::Impl::HasRoom() const {
  const uint64_t max_rows = options_.max_buffer_rows != 0
                                ? options_.max_buffer_rows
                                : std::max<uint64_t>(8 * options_.flush_rows, 65536);
  const uint64_t rows = buffer_.num_rows() + pending_rows_;
  // A log that stays large with nothing in the buffer could not be cut; waiting would not help.
  return rows < max_rows && buffer_.num_bytes() + pending_bytes_ < options_.max_buffer_bytes &&
         (rows == 0 || wal_bytes_ / 2 < options_.max_wal_bytes);
}

void QueueBucket::Impl::BufferRows(std::shared_ptr<arrow::RecordBatch> rows) {
  if (buffer_.num_rows() == 0) oldest_buffered_ = Clock::now();
  counters_.put_rows += static_cast<uint64_t>(rows->num_rows());
  buffer_.Append(std::move(rows));
  if (options_.flush_age_seconds > 0) {
    Schedule(kFlush,
             oldest_buffered_ + std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(options_.flush_age_seconds)));
  }
  if (IsFlushDue()) Schedule(kFlush);
}

arrow::Result<std::optional<arrow::Future<uint64_t>>> QueueBucket::Impl::TryPut(
    const std::shared_ptr<arrow::RecordBatch>& rows) {
  std::lock_guard lock(mutex_);
  ARROW_RETURN_NOT_OK(CheckUsable());
  if (!is_writer_ || is_stopping_) {
    return InvalidInput("queue bucket ", path_, " is not open for writing");
  }
  if (rows->num_rows() == 0) return arrow::Future<uint64_t>::MakeFinished(NumRows());
  if (schema_ == nullptr) {
    // Says what tables cannot hold, before a row of it is accepted.
    ARROW_RETURN_NOT_OK(SchemaOfNewTable(*rows->schema()).status());
    schema_ = rows->schema();
  } else if (!SameColumns(*schema_, *rows->schema())) {
    return InvalidInput("records of schema {", rows->schema()->ToString(), "} put to a queue of {",
                        schema_->ToString(), "}");
  }
  // Nothing gets better by waiting: say so.
  if (!wal_error_.ok() && !LogsBeforePut()) return wal_error_;
  if (!HasRoom()) {
    Schedule(kFlush);  // now, whatever pause an error made
    ARROW_RETURN_NOT_OK(flush_error_);
    return std::nullopt;
  }
  auto own = rows->schema().get() == schema_.get()
                 ? rows
                 : arrow::RecordBatch::Make(schema_, rows->num_rows(), rows->columns());
  if (LogsBeforePut()) {
    pending_rows_ += static_cast<uint64_t>(own->num_rows());
    pending_bytes_ += queue::BytesOf(*own);
    pending_.push_back({std::move(own), arrow::Future<uint64_t>::Make()});
    Schedule(kSync);
    return pending_.back().done;
  }
  const uint64_t offset = NumRows();
  BufferRows(std::move(own));
  if (options_.enable_wal) Schedule(kSync, Clock::now() + interval_);
  Notify();
  return arrow::Future<uint64_t>::MakeFinished(offset);
}

arrow::Status QueueBucket::Impl::Put(const std::shared_ptr<arrow::RecordBatch>& rows) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto done, TryPut(rows));
    if (done) return done->status();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_closed_ || HasRoom() || !flush_error_.ok(); });
  }
}

arrow::Status QueueBucket::Impl::Evolve(const std::shared_ptr<arrow::Schema>& schema) {
  std::lock_guard lock(mutex_);
  ARROW_RETURN_NOT_OK(CheckUsable());
  ARROW_RETURN_NOT_OK(SchemaOfNewTable(*schema).status());
  if (schema_ == nullptr) {
    schema_ = schema;
    return arrow::Status::OK();
  }
  if (schema->num_fields() < schema_->num_fields()) {
    return InvalidInput("a queue's schema loses no columns");
  }
  for (int i = 0; i < schema_->num_fields(); ++i) {
    const auto& old_field = *schema_->field(i);
    const auto& new_field = *schema->field(i);
    if (old_field.name() != new_field.name()) {
      return InvalidInput("column \"", old_field.name(), "\" cannot become \"", new_field.name(),
                          "\"");
    }
    if (old_field.type()->Equals(*new_field.type())) continue;
    const bool in_table = table_.dataset != nullptr &&
                          table_.dataset->schema()->GetFieldByName(old_field.name()) != nullptr;
    if (in_table && old_field.type()->id() != arrow::Type::NA) {
      return InvalidInput("column \"", old_field.name(), "\" has type ",
                          old_field.type()->ToString(), " in the table and cannot become ",
                          new_field.type()->ToString());
    }
  }
  for (int i = schema_->num_fields(); i < schema->num_fields(); ++i) {
    if (!schema->field(i)->nullable()) {
      return InvalidInput("new column \"", schema->field(i)->name(), "\" must be nullable");
    }
  }
  ARROW_RETURN_NOT_OK(buffer_.Conform(schema));
  for (Pending& pending : pending_) {
    ARROW_ASSIGN_OR_RAISE(pending.rows, queue::ConformBatch(pending.rows, schema));
  }
  schema_ = schema;
  return arrow::Status::OK();
}

void QueueBucket::Impl::SyncPending() {
  while (true) {
    std::vector<Pending> group;
    arrow::RecordBatchVector rows;
    uint64_t first_row = 0;
    {
      std::lock_guard lock(mutex_);
      uint64_t bytes = 0;
      while (!pending_.empty() && bytes < kGroupBytes) {
        bytes += queue::BytesOf(*pending_.front().rows);
        rows.push_back(pending_.front().rows);
        group.push_back(std::move(pending_.front()));
        pending_.pop_front();
      }
      first_row = buffer_.end();
    }
    if (group.empty()) return;
    arrow::Status status;
    {
      std::lock_guard wal(wal_mutex_);
      auto joined = Join(std::move(rows));
      status = joined.status();
      if (status.ok()) {
        status = wal_ == nullptr ? InvalidInput("queue bucket ", path_, " is closed")
                                 : OfLog(wal_->Append(*joined, first_row));
      }
      if (wal_ != nullptr) {
        wal_bytes_ = wal_->size_bytes();
        wal_syncs_ = wal_->num_syncs();
      }
    }
    std::vector<uint64_t> offsets;
    {
      std::lock_guard lock(mutex_);
      wal_error_ = status;
      for (Pending& put : group) {
        pending_rows_ -= static_cast<uint64_t>(put.rows->num_rows());
        if (!status.ok()) continue;
        offsets.push_back(NumRows());
        // Meanwhile the schema may have grown.
        auto conformed = queue::ConformBatch(put.rows, schema_);
        BufferRows(conformed.ok() ? *conformed : put.rows);
      }
      if (pending_.empty()) pending_rows_ = pending_bytes_ = 0;
      if (status.ok()) logged_ = buffer_.end();
    }
    for (size_t i = 0; i < group.size(); ++i) {
      group[i].done.MarkFinished(status.ok() ? arrow::Result<uint64_t>(offsets[i]) : status);
    }
    std::lock_guard lock(mutex_);
    Notify();
  }
}

void QueueBucket::Impl::SyncBuffered() {
  std::lock_guard wal(wal_mutex_);
  arrow::RecordBatchVector rows;
  uint64_t first_row = 0, end = 0;
  {
    std::lock_guard lock(mutex_);
    first_row = std::max(logged_, buffer_.begin());
    end = buffer_.end();
    rows = buffer_.Slice(first_row, end);
  }
  if (rows.empty() || wal_ == nullptr) return;
  auto joined = Join(std::move(rows));
  arrow::Status status = joined.status();
  if (status.ok()) status = OfLog(wal_->Append(*joined, first_row));
  wal_bytes_ = wal_->size_bytes();
  wal_syncs_ = wal_->num_syncs();
  std::lock_guard lock(mutex_);
  wal_error_ = status;
  if (status.ok()) logged_ = std::max(logged_, end);
  const bool is_behind = !status.ok() || buffer_.end() > logged_;
  if (is_behind) Schedule(kSync, Clock::now() + interval_);
  if (IsFlushDue()) Schedule(kFlush);
  Notify();
}

}  // namespace lancea
