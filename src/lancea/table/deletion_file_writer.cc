#include "lancea/table/deletion_file_writer.h"

#include <algorithm>
#include <vector>

#include "arrow/array/data.h"
#include "arrow/io/memory.h"
#include "arrow/ipc/options.h"
#include "arrow/ipc/writer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/io/path.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/util/errors.h"
#include "lancea/util/random.h"

namespace lancea {
namespace {

arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeArray(const DeletionVector& deleted) {
  std::vector<uint32_t> rows;
  rows.reserve(deleted.num_deleted());
  for (const RowRange& range : deleted.DeletedRanges()) {
    for (uint64_t row = range.start; row < range.end; ++row) {
      rows.push_back(static_cast<uint32_t>(row));
    }
  }
  const int64_t count = static_cast<int64_t>(rows.size());
  const auto schema = arrow::schema({arrow::field("row_id", arrow::uint32(), /*nullable=*/false)});
  auto column = arrow::ArrayData::Make(arrow::uint32(), count,
                                       {nullptr, arrow::Buffer::FromVector(std::move(rows))}, 0);
  const auto batch = arrow::RecordBatch::Make(
      schema, count, std::vector<std::shared_ptr<arrow::ArrayData>>{std::move(column)});
  // Not compressed: at most 20 KB, and any reader of Arrow files takes it.
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeFileWriter(out, schema));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return out->Finish();
}

std::string SerializeBitmap(const DeletionVector& deleted) {
  std::vector<ValueRange> ranges;
  for (const RowRange& range : deleted.DeletedRanges()) {
    ranges.push_back({static_cast<uint32_t>(range.start), static_cast<uint32_t>(range.end - 1)});
  }
  return SerializeRoaringBitmap(ranges);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeDeletions(DeletionFile::Type type,
                                                                 const DeletionVector& deleted) {
  if (type == DeletionFile::Type::kArrowArray) return SerializeArray(deleted);
  return arrow::Buffer::FromString(SerializeBitmap(deleted));
}

arrow::Result<DeletionFile> WriteDeletionFile(ObjectStore& store, const std::string& root,
                                              uint64_t fragment_id, uint64_t read_version,
                                              const DeletionVector& deleted) {
  if (deleted.num_deleted() == 0) {
    return InvalidInput("a deletion file of fragment ", fragment_id, " without rows");
  }
  DeletionFile file;
  file.type = deleted.num_deleted() <= kMaxDeletionArrayRows ? DeletionFile::Type::kArrowArray
                                                             : DeletionFile::Type::kBitmap;
  file.read_version = read_version;
  file.id = RandomU64();
  file.num_deleted_rows = deleted.num_deleted();
  ARROW_ASSIGN_OR_RAISE(auto bytes, SerializeDeletions(file.type, deleted));
  ARROW_RETURN_NOT_OK(store.Put(JoinPath(root, file.Path(fragment_id)),
                                {bytes->data(), static_cast<size_t>(bytes->size())}));
  return file;
}

arrow::Result<DeletionVector> Union(const DeletionVector& deleted, std::span<const RowRange> more) {
  std::vector<RowRange> all = deleted.DeletedRanges();
  for (const RowRange& range : more) {
    if (range.start > range.end || range.end > uint64_t{1} << 32) {
      return InvalidInput("rows ", range.start, "..", range.end, " of a fragment");
    }
    if (range.start < range.end) all.push_back(range);
  }
  std::ranges::sort(all, {}, &RowRange::start);
  std::vector<ValueRange> merged;
  for (const RowRange& range : all) {
    const uint32_t last = static_cast<uint32_t>(range.end - 1);
    if (!merged.empty() && range.start <= uint64_t{merged.back().last} + 1) {
      merged.back().last = std::max(merged.back().last, last);
    } else {
      merged.push_back({static_cast<uint32_t>(range.start), last});
    }
  }
  return DeletionVector(merged);
}

}  // namespace lancea
