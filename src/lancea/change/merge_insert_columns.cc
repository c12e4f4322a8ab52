// A merge that rewrites columns: updated rows stay where they are, and the fragments they are in get new
// files of the source's columns.
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "lancea/change/column_change.h"
#include "lancea/change/column_file_writer.h"
#include "lancea/change/merge_insert_run.h"
#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/util/errors.h"
#include "lancea/util/memory_shares.h"
#include "lancea/write/overlay_columns.h"

namespace lancea {

arrow::Status MergeRun::AddPatches(const arrow::RecordBatch& source, uint64_t first_row,
                                   std::span<const Match> matches) {
  if (matches.empty()) return arrow::Status::OK();
  std::vector<int32_t> rows;
  auto addresses = std::make_shared<std::vector<uint64_t>>();
  for (const Match& match : matches) {
    rows.push_back(static_cast<int32_t>(match.source_row - first_row));
    addresses->push_back(match.address);
  }
  const auto num_rows = static_cast<int64_t>(rows.size());
  arrow::FieldVector fields{arrow::field("_rowaddr", arrow::uint64())};
  arrow::ArrayVector columns{
      std::make_shared<arrow::UInt64Array>(num_rows, arrow::Buffer::FromVector(*addresses))};
  for (const size_t column : plan_.patched) {
    const int index = plan_.source_columns[column];
    ARROW_ASSIGN_OR_RAISE(auto values, TakeSource(source, index, rows));
    fields.push_back(source.schema()->field(index)->WithType(values->type()));
    columns.push_back(std::move(values));
  }
  const auto schema = arrow::schema(std::move(fields));
  if (patches_ == nullptr) {
    patches_ = std::make_unique<MergePatches>(target_.fragments(), schema, memory_);
  }
  stats_.num_updated_rows += matches.size();
  return patches_->Add(arrow::RecordBatch::Make(schema, num_rows, std::move(columns)));
}

arrow::Result<operation::Update> MergeRun::RewriteColumns(WrittenFiles* written) {
  operation::Update update;
  update.mode = operation::Update::Mode::kRewriteColumns;
  Schema columns;
  for (const size_t column : plan_.patched) {
    columns.fields.push_back(target_.lance_schema().fields[column]);
  }
  VisitFields(columns.fields, [&](const Field& field) {
    update.fields_modified.push_back(static_cast<uint32_t>(field.id));
  });
  if (patches_ == nullptr) return update;
  ARROW_RETURN_NOT_OK(patches_->Finish());
  ARROW_ASSIGN_OR_RAISE(const OverlayColumns overlay,
                        OverlayColumns::Make(std::move(columns), memory_.pool));
  for (const auto& [id, num_rows] : patches_->fragments()) {
    ARROW_RETURN_NOT_OK(plan_.options.stop.Poll());
    ARROW_RETURN_NOT_OK(RewriteFragment(id, num_rows, overlay, &update, written));
  }
  stats_.num_spilled_bytes += patches_->num_spilled_bytes();
  return update;
}

arrow::Status MergeRun::RewriteFragment(uint64_t id, uint64_t num_rows,
                                        const OverlayColumns& overlay, operation::Update* update,
                                        WrittenFiles* written) {
  const FragmentMetadata* fragment = target_.impl().manifest->FindFragment(id);
  if (fragment == nullptr) return InvalidInput("no fragment ", id);
  ScanOptions scan;
  scan.columns.emplace();
  for (const Field& field : overlay.columns().fields)
    scan.columns->push_back(QuotedPath(field.name));
  scan.with_row_address = true;
  scan.fragment_ids = std::vector<uint64_t>{id};
  const MemoryShares shares(memory_.limit);
  scan.io_buffer_size = std::min(scan.io_buffer_size, shares.feed());
  scan.batch_size_bytes = shares.batch();
  scan.stop_token = plan_.options.stop;
  ARROW_ASSIGN_OR_RAISE(auto scanner, target_.Scan(std::move(scan)));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  ARROW_ASSIGN_OR_RAISE(
      auto writer, ColumnFileWriter::Make(context_, *fragment, overlay.columns(), *overlay.stored(),
                                          shares, plan_.options.stop));
  std::vector<uint32_t> offsets;
  offsets.reserve(num_rows);
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    const auto address_column = batch->GetColumnByName("_rowaddr");
    const auto& addresses = static_cast<const arrow::UInt64Array&>(*address_column);
    ARROW_ASSIGN_OR_RAISE(auto patch,
                          patches_->TakeThrough(addresses.Value(addresses.length() - 1)));
    const auto patched_column = patch->column(0);
    const auto& patched = static_cast<const arrow::UInt64Array&>(*patched_column);
    std::vector<bool> is_given(static_cast<size_t>(batch->num_rows()));
    int64_t next = 0;
    for (int64_t i = 0; i < addresses.length() && next < patched.length(); ++i) {
      if (addresses.Value(i) != patched.Value(next)) continue;
      is_given[static_cast<size_t>(i)] = true;
      offsets.push_back(static_cast<uint32_t>(addresses.Value(i)));
      ++next;
    }
    arrow::ArrayVector given = patch->columns();
    given.erase(given.begin());
    ARROW_ASSIGN_OR_RAISE(auto rows, overlay.Apply(batch->columns(), is_given, given));
    ARROW_RETURN_NOT_OK(writer->Write(rows));
  }
  if (offsets.size() != num_rows) {
    return Corrupt("rows matched by a merge are gone: expected ", num_rows, " in fragment ", id,
                   ", found ", offsets.size());
  }
  FragmentMetadata changed = *fragment;
  ARROW_ASSIGN_OR_RAISE(DataFile file, writer->Finish());
  stats_.bytes_written += file.file_size_bytes;
  ++stats_.num_files_written;
  AppendFile(std::move(file), &changed);
  written->Add(writer->TakeFile());
  update->updated_fragments.push_back(std::move(changed));
  update->updated_fragment_offset_bitmaps[id] = SerializeRoaringBitmap(RangesOfValues(offsets));
  return arrow::Status::OK();
}

}  // namespace lancea
