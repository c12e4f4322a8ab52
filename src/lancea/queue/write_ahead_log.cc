#include "lancea/queue/write_ahead_log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/io/local_store.h"
#include "lancea/io/path.h"
#include "lancea/io/system_error.h"
#include "lancea/util/crc32c.h"
#include "lancea/util/errors.h"

namespace lancea::queue {
namespace {

constexpr char kMagic[] = "LANCEAQW";
constexpr uint32_t kVersion = 1;

std::string SegmentHeader() {
  std::string out(kMagic, 8);
  out.append(reinterpret_cast<const char*>(&kVersion), sizeof(kVersion));
  const uint32_t crc = Crc32c(0, reinterpret_cast<const uint8_t*>(out.data()), out.size());
  out.append(reinterpret_cast<const char*>(&crc), sizeof(crc));
  return out;
}

std::string SegmentPath(const std::string& directory, uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof(name), "%020llu.log", static_cast<unsigned long long>(number));
  return JoinPath(directory, name);
}

arrow::Result<std::vector<LogContents::Segment>> ListSegments(const std::string& directory) {
  std::vector<LogContents::Segment> segments;
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) return segments;
  for (std::filesystem::directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() != 24 || !name.ends_with(".log") ||
        name.find_first_not_of("0123456789") != 20) {
      continue;
    }
    LogContents::Segment segment;
    segment.path = JoinPath(directory, name);
    segment.number = std::strtoull(name.c_str(), nullptr, 10);
    segments.push_back(std::move(segment));
  }
  if (error) return SystemError(directory, "list", error.value());
  std::ranges::sort(segments, {}, &LogContents::Segment::number);
  return segments;
}

// Where the next sound record begins, or the size when there is none. A record's length must fit before
// its checksum is worth computing, which is rarely so for other bytes.
uint64_t FindRecord(Bytes bytes, uint64_t from) {
  for (uint64_t at = from; at + kLogFrameBytes + kLogBodyHeadBytes <= bytes.size(); ++at) {
    const uint8_t* head = bytes.data() + at;
    const bool plausible =
        (head[8] == 1 || head[8] == 2) && head[9] <= 3 && head[10] == 0 && head[11] == 0;
    if (plausible && ParseLogRecord(bytes.subspan(at)).ok()) return at;
  }
  return bytes.size();
}

class Reader {
 public:
  Reader(uint64_t committed_rows, LogContents* contents)
      : committed_rows_(committed_rows), next_row_(committed_rows), contents_(contents) {}

  arrow::Status Read(LogContents::Segment* segment) {
    ARROW_ASSIGN_OR_RAISE(auto file, LocalStore()->Open(segment->path));
    segment->size_bytes = file->size();
    ARROW_ASSIGN_OR_RAISE(auto buffer, file->ReadAt({0, file->size()}));
    const Bytes bytes(buffer->data(), static_cast<size_t>(buffer->size()));
    schema_ = nullptr;
    uint64_t at = 0;
    const std::string header = SegmentHeader();
    if (bytes.size() >= header.size() &&
        std::memcmp(bytes.data(), header.data(), header.size()) == 0) {
      at = header.size();
    } else if (FindRecord(bytes, 0) < bytes.size()) {
      Report(segment, 0, "its header is not that of a log of version 1");
      at = FindRecord(bytes, 0);
    }
    segment->sound_bytes = at;
    while (at < bytes.size() && segment->sound_bytes == at) {
      auto record = ParseLogRecord(bytes.subspan(at));
      arrow::Status status = record.status();
      if (status.ok()) status = Take(*record, at, segment);
      if (status.ok()) {
        at += record->size_bytes;
        segment->sound_bytes = at;
        continue;
      }
      const uint64_t next = FindRecord(bytes, at + (record.ok() ? record->size_bytes : 1));
      if (next == bytes.size() && !record.ok()) break;
      Report(segment, at, status.message());
      at = record.ok() ? at + record->size_bytes : next;
      segment->sound_bytes = at;
    }
    return arrow::Status::OK();
  }

 private:
  arrow::Status Take(const LogRecord& record, uint64_t at, LogContents::Segment* segment) {
    if (record.kind == LogRecordKind::kSchema) return DecodeSchema(record).Value(&schema_);
    const uint64_t end = record.first_row + record.num_rows;
    segment->end_row = std::max(segment->end_row, end);
    if (end <= committed_rows_) return arrow::Status::OK();
    if (schema_ == nullptr) return Corrupt("rows in the log before their schema");
    if (record.first_row > next_row_) {
      Report(segment, at,
             internal::Concat("row ", record.first_row, " where row ", next_row_, " should be"));
      next_row_ = record.first_row;
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, DecodeRows(record, schema_));
    const uint64_t known = next_row_ - record.first_row;
    if (known >= record.num_rows) return arrow::Status::OK();
    contents_->rows.push_back({next_row_, rows->Slice(static_cast<int64_t>(known))});
    next_row_ = end;
    return arrow::Status::OK();
  }

  void Report(LogContents::Segment* segment, uint64_t at, const std::string& what) {
    segment->is_damaged = true;
    contents_->defects.push_back(
        {segment->path, internal::Concat("at byte ", at, ": ", what, ", and more follows")});
  }

  const uint64_t committed_rows_;
  uint64_t next_row_;
  std::shared_ptr<arrow::Schema> schema_;
  LogContents* contents_;
};

std::string Describe(const std::vector<Defect>& defects) {
  std::string out;
  for (const Defect& defect : defects) {
    if (!out.empty()) out += "; ";
    out += defect.file + " " + defect.message;
  }
  return out;
}

}  // namespace

arrow::Result<LogContents> ReadLog(const std::string& directory, uint64_t committed_rows) {
  LogContents contents;
  ARROW_ASSIGN_OR_RAISE(contents.segments, ListSegments(directory));
  Reader reader(committed_rows, &contents);
  for (auto& segment : contents.segments) {
    ARROW_RETURN_NOT_OK(Prefix(reader.Read(&segment), segment.path));
    contents.torn_bytes += segment.size_bytes - segment.sound_bytes;
  }
  return contents;
}

arrow::Result<std::unique_ptr<WriteAheadLog>> WriteAheadLog::Open(const std::string& directory,
                                                                  uint64_t committed_rows,
                                                                  Options options,
                                                                  LogContents* contents) {
  ARROW_ASSIGN_OR_RAISE(*contents, ReadLog(directory, committed_rows));
  if (!contents->defects.empty() && !options.salvage) {
    return Corrupt("it is damaged: ", Describe(contents->defects),
                   ". Nothing was changed; open it with salvaging to keep every sound record");
  }
  ARROW_RETURN_NOT_OK(MakeDirectoriesDurably(directory));
  std::unique_ptr<WriteAheadLog> log(new WriteAheadLog(directory, std::move(options)));
  for (const auto& segment : contents->segments) {
    log->next_number_ = segment.number + 1;
    log->closed_.push_back(segment);
    log->size_bytes_ += segment.size_bytes;
    // A torn tail is cut so that it is never taken for a damaged middle once more was appended.
    if (segment.sound_bytes < segment.size_bytes && !segment.is_damaged) {
      if (truncate(segment.path.c_str(), static_cast<off_t>(segment.sound_bytes)) != 0) {
        return SystemError(segment.path, "cut the torn end of", errno);
      }
      log->size_bytes_ -= segment.size_bytes - segment.sound_bytes;
      log->closed_.back().size_bytes = segment.sound_bytes;
    }
  }
  return log;
}

arrow::Status WriteAheadLog::BeginSegment() {
  if (file_ != nullptr) {
    closed_.push_back(std::move(open_));
    file_.reset();
  }
  open_ = LogContents::Segment();
  open_schema_ = nullptr;
  open_.number = next_number_++;
  open_.path = SegmentPath(directory_, open_.number);
  ARROW_ASSIGN_OR_RAISE(auto file, options_.make_file(open_.path));
  const arrow::Status written = file->Append(SegmentHeader());
  if (!written.ok()) {
    // Best effort: a file without a whole header holds nothing.
    (void)std::remove(open_.path.c_str());
    return written;
  }
  file_ = std::move(file);
  open_.size_bytes = kSegmentHeaderBytes;
  size_bytes_ += kSegmentHeaderBytes;
  return arrow::Status::OK();
}

arrow::Status WriteAheadLog::Append(const arrow::RecordBatchVector& rows, uint64_t first_row) {
  ARROW_RETURN_NOT_OK(broken_);
  if (rows.empty()) return arrow::Status::OK();
  if (file_ == nullptr || open_.size_bytes >= options_.segment_bytes) {
    ARROW_RETURN_NOT_OK(BeginSegment());
  }
  std::string bytes;
  uint64_t row = first_row;
  std::shared_ptr<arrow::Schema> schema = open_schema_;
  for (const auto& batch : rows) {
    if (schema == nullptr || !schema->Equals(*batch->schema(), /*check_metadata=*/true)) {
      schema = batch->schema();
      ARROW_RETURN_NOT_OK(AppendSchemaRecord(*schema, row, &bytes));
    }
    ARROW_RETURN_NOT_OK(AppendRowsRecord(*batch, row, options_.compression, &bytes));
    row += static_cast<uint64_t>(batch->num_rows());
  }
  arrow::Status status = file_->Append(bytes);
  if (status.ok()) {
    status = file_->Sync();
    ++num_syncs_;
  }
  if (!status.ok()) {
    // Nobody was told that these rows are safe, so they must not come back.
    const arrow::Status cut = file_->Truncate(open_.size_bytes);
    if (!cut.ok()) {
      broken_ = Prefix(
          cut, "unusable until the bucket is opened again: after \"" + status.message() + "\"");
    } else {
      // After a failed fsync the kernel may call bad pages clean: nothing more goes into this file.
      closed_.push_back(std::move(open_));
      file_.reset();
    }
    return status;
  }
  open_.size_bytes += bytes.size();
  open_.end_row = row;
  size_bytes_ += bytes.size();
  open_schema_ = std::move(schema);
  return arrow::Status::OK();
}

arrow::Status WriteAheadLog::Forget(uint64_t committed_rows) {
  while (!closed_.empty() && closed_.front().end_row <= committed_rows) {
    const auto& segment = closed_.front();
    if (segment.is_damaged) {
      const std::string kept = segment.path + ".damaged";
      if (std::rename(segment.path.c_str(), kept.c_str()) != 0) {
        return SystemError(segment.path, "rename", errno);
      }
    } else if (std::remove(segment.path.c_str()) != 0 && errno != ENOENT) {
      return SystemError(segment.path, "remove", errno);
    }
    size_bytes_ -= std::min(size_bytes_, segment.size_bytes);
    closed_.pop_front();
  }
  if (file_ == nullptr || open_.end_row > committed_rows || !closed_.empty() ||
      open_.size_bytes == kSegmentHeaderBytes) {
    return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(file_->Truncate(kSegmentHeaderBytes));
  size_bytes_ -= std::min(size_bytes_, open_.size_bytes - kSegmentHeaderBytes);
  open_.size_bytes = kSegmentHeaderBytes;
  open_.end_row = 0;
  open_schema_ = nullptr;
  return arrow::Status::OK();
}

}  // namespace lancea::queue
