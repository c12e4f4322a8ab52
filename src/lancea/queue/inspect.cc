// A look at a bucket from outside: no lock is taken, nothing is changed.
#include <filesystem>

#include "lancea/io/path.h"
#include "lancea/queue.h"
#include "lancea/queue/queue_table.h"
#include "lancea/queue/write_ahead_log.h"
#include "lancea/queue/writer_lock.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<QueueInspection> InspectQueue(const std::string& path, bool verify) {
  QueueInspection inspection;
  const std::string log = JoinPath(path, "wal");
  ARROW_ASSIGN_OR_RAISE(auto table, queue::OpenTable(JoinPath(path, "data.lance"), nullptr));
  std::error_code error;
  if (table.dataset == nullptr && !std::filesystem::is_directory(log, error) &&
      !std::filesystem::exists(JoinPath(path, "writer.lock"), error)) {
    return NotFound("no queue bucket at ", path, ": it has neither data.lance nor a log");
  }
  inspection.dataset = table.dataset;
  inspection.persisted_rows = table.num_rows;
  const int64_t holder = queue::WriterLock::Holder(JoinPath(path, "writer.lock"));
  if (holder != 0) inspection.writer_process = holder;
  ARROW_ASSIGN_OR_RAISE(uint64_t committed, queue::CommittedRows(table));
  ARROW_ASSIGN_OR_RAISE(auto contents, queue::ReadLog(log, committed));
  inspection.wal_segments = contents.segments.size();
  for (const auto& segment : contents.segments) inspection.wal_bytes += segment.size_bytes;
  for (const auto& rows : contents.rows) {
    inspection.wal_rows += static_cast<uint64_t>(rows.rows->num_rows());
  }
  inspection.wal_torn_bytes = contents.torn_bytes;
  inspection.defects = std::move(contents.defects);
  if (verify && table.dataset != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto defects, table.dataset->Verify());
    for (Defect& defect : defects) inspection.defects.push_back(std::move(defect));
  }
  return inspection;
}

}  // namespace lancea
