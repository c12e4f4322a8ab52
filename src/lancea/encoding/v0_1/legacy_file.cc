#include "lancea/encoding/v0_1/legacy_file.h"

#include <algorithm>
#include <climits>

#include "arrow/buffer.h"
#include "lancea/proto/file.pb.h"
#include "lancea/proto/table.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea::v0_1 {
namespace {

constexpr uint64_t kFooterSize = 16;
constexpr uint64_t kPageTableEntry = 16;

Bytes BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

}  // namespace

arrow::Result<std::unique_ptr<LegacyFile>> LegacyFile::Open(std::shared_ptr<ObjectReader> object) {
  std::unique_ptr<LegacyFile> file(new LegacyFile(std::move(object)));
  ARROW_RETURN_NOT_OK(file->Init());
  return file;
}

arrow::Result<ByteRange> LegacyFile::RangeOf(uint64_t position, uint64_t count,
                                             uint64_t width) const {
  const uint64_t size = object_->size();
  if (position > size || (width != 0 && count > (size - position) / width)) {
    return Corrupt(count, " entries of ", width, " bytes at ", position, " of a file of ", size,
                   " bytes");
  }
  return ByteRange{position, count * width};
}

arrow::Result<std::shared_ptr<arrow::Buffer>> LegacyFile::ReadMessage(uint64_t position,
                                                                      const char* what) const {
  ARROW_ASSIGN_OR_RAISE(ByteRange range, RangeOf(position, 4, 1));
  ARROW_ASSIGN_OR_RAISE(auto prefix, object_->ReadAt(range));
  const uint32_t size = LoadLittleEndian<uint32_t>(prefix->data());
  auto body = RangeOf(position + 4, size, 1);
  if (!body.ok()) return Prefix(body.status(), what);
  return object_->ReadAt(*body);
}

arrow::Status LegacyFile::Init() {
  const uint64_t size = object_->size();
  if (size < kFooterSize) return Corrupt("a file of ", size, " bytes has no footer");
  ARROW_ASSIGN_OR_RAISE(auto footer, object_->ReadAt({size - kFooterSize, kFooterSize}));
  ARROW_ASSIGN_OR_RAISE(auto bytes,
                        ReadMessage(LoadLittleEndian<uint64_t>(footer->data()), "file metadata"));
  lance::file::Metadata metadata;
  if (!ParseMessage(BytesOf(*bytes), &metadata)) return Corrupt("file metadata do not parse");
  for (int32_t row : metadata.batch_offsets()) {
    if (row < 0 ||
        (batch_starts_.empty() ? row != 0 : static_cast<uint64_t>(row) < batch_starts_.back())) {
      return Corrupt("batch offsets do not ascend from 0");
    }
    batch_starts_.push_back(static_cast<uint64_t>(row));
  }
  if (batch_starts_.empty()) batch_starts_.push_back(0);

  ARROW_ASSIGN_OR_RAISE(bytes, ReadMessage(metadata.manifest_position(), "file schema"));
  lance::table::Manifest manifest;
  if (!ParseMessage(BytesOf(*bytes), &manifest)) return Corrupt("file schema does not parse");
  ARROW_ASSIGN_OR_RAISE(schema_, SchemaFromProto(manifest.fields(), manifest.schema_metadata()));
  ARROW_RETURN_NOT_OK(InitPageTable(metadata.page_table_position()));
  if (!metadata.has_statistics()) return arrow::Status::OK();
  const auto& statistics = metadata.statistics();
  ARROW_ASSIGN_OR_RAISE(statistics_schema_, SchemaFromProto(statistics.schema(), {}));
  statistics_position_ = statistics.page_table_position();
  const auto [least, most] =
      std::minmax_element(statistics.fields().begin(), statistics.fields().end());
  if (least == statistics.fields().end()) return arrow::Status::OK();
  if (*least < 0 || *most == INT32_MAX) {
    return Corrupt("statistics have fields ", *least, " to ", *most);
  }
  first_statistics_id_ = *least;
  num_statistics_ids_ = *most - *least + 1;
  return arrow::Status::OK();
}

arrow::Result<Page> LegacyFile::StatisticsPageOf(int32_t statistics_field_id) const {
  const int64_t index = int64_t{statistics_field_id} - first_statistics_id_;
  if (index < 0 || index >= num_statistics_ids_) {
    return Corrupt("statistics have no page of field ", statistics_field_id);
  }
  ARROW_ASSIGN_OR_RAISE(
      const ByteRange table,
      RangeOf(statistics_position_, static_cast<uint64_t>(num_statistics_ids_), kPageTableEntry));
  ARROW_ASSIGN_OR_RAISE(
      const auto entry,
      object_->ReadAt(
          {table.offset + static_cast<uint64_t>(index) * kPageTableEntry, kPageTableEntry}));
  const auto position = LoadLittleEndian<int64_t>(entry->data());
  const auto length = LoadLittleEndian<int64_t>(entry->data() + 8);
  if (position < 0 || static_cast<uint64_t>(position) > file_size() ||
      length != static_cast<int64_t>(num_batches())) {
    return Corrupt("statistics of ", length, " batches at ", position, ", the file has ",
                   num_batches());
  }
  return Page{static_cast<uint64_t>(position), static_cast<uint64_t>(length)};
}

arrow::Status LegacyFile::InitPageTable(uint64_t position) {
  int64_t smallest = INT64_MAX, largest = -1;
  VisitFields(schema_.fields, [&](const Field& field) {
    if (field.id < 0) return;
    smallest = std::min<int64_t>(smallest, field.id);
    largest = std::max<int64_t>(largest, field.id);
  });
  if (largest < 0) return arrow::Status::OK();
  first_field_id_ = smallest;
  num_field_ids_ = largest - smallest + 1;
  auto range =
      RangeOf(position, static_cast<uint64_t>(num_field_ids_) * num_batches(), kPageTableEntry);
  if (!range.ok()) return Prefix(range.status(), "page table");
  return object_->ReadAt(*range).Value(&page_table_);
}

arrow::Result<Page> LegacyFile::PageOf(int32_t field_id, size_t batch) const {
  const int64_t index = field_id - first_field_id_;
  if (index < 0 || index >= num_field_ids_ || batch >= num_batches()) {
    return Corrupt("no page of field ", field_id, " in batch ", batch);
  }
  const uint8_t* entry = page_table_->data() +
                         (static_cast<uint64_t>(index) * num_batches() + batch) * kPageTableEntry;
  const auto position = LoadLittleEndian<int64_t>(entry);
  const auto length = LoadLittleEndian<int64_t>(entry + 8);
  if (position < 0 || length < 0 || static_cast<uint64_t>(position) > file_size()) {
    return Corrupt("the page of field ", field_id, " in batch ", batch, " has ", length,
                   " values at ", position);
  }
  return Page{static_cast<uint64_t>(position), static_cast<uint64_t>(length)};
}

}  // namespace lancea::v0_1
