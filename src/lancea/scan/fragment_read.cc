#include "lancea/scan/fragment_read.h"

#include "arrow/array/array_nested.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/file/run_tasks.h"
#include "lancea/scan/blobs.h"
#include "lancea/scan/nested_arrays.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::unique_ptr<FragmentRead>> FragmentRead::Make(
    const Dataset::Impl& dataset, const ReadPlan& plan,
    std::shared_ptr<const FragmentColumns> readers, size_t fragment, std::vector<RowRange> rows,
    std::span<const size_t> columns, bool mark_deleted, const ReadOptions& options,
    std::span<const ValueCondition* const> asked) {
  std::unique_ptr<FragmentRead> out(new FragmentRead(dataset, plan));
  out->readers_ = std::move(readers);
  out->fragment_ = fragment;
  out->rows_ = std::move(rows);
  out->mark_deleted_ = mark_deleted;
  out->options_ = options;
  for (const RowRange& range : out->rows_) out->num_rows_ += static_cast<int64_t>(range.size());
  out->tasks_.resize(plan.columns().size());

  const FragmentColumns& fragment_columns = *out->readers_;
  arrow::MemoryPool* pool = dataset.memory_pool();
  for (size_t file = 0; file < fragment_columns.files.size(); ++file) {
    std::vector<std::unique_ptr<ReadTask>> tasks;
    std::vector<std::pair<size_t, size_t>> owners;
    for (size_t i = 0; i < columns.size(); ++i) {
      const size_t column = columns[i];
      const PlanColumn& plan_column = plan.columns()[column];
      const auto& parts = fragment_columns.columns[column];
      for (size_t part = 0; part < parts.size(); ++part) {
        if (parts[part].file != file) continue;
        const FieldReader& reader = *parts[part].reader;
        const bool encoded = plan.keeps_dictionaries() && !plan_column.has_json;
        const bool as_stored = encoded && IsAsStored(plan_column, parts);
        auto task = as_stored && !asked.empty() && asked[i] != nullptr
                        ? reader.ReadAnswers(out->rows_, *asked[i], pool)
                    : encoded ? reader.ReadEncoded(out->rows_, pool)
                              : reader.Read(out->rows_, pool);
        if (!task.ok()) {
          return Prefix(task.status(), fragment_columns.files[file]->object()->path());
        }
        tasks.push_back(*std::move(task));
        owners.emplace_back(column, part);
      }
    }
    if (tasks.empty()) continue;
    ARROW_RETURN_NOT_OK(RunTasks(*fragment_columns.files[file]->object(), tasks, options));
    for (size_t i = 0; i < tasks.size(); ++i) {
      auto& slots = out->tasks_[owners[i].first];
      slots.resize(std::max(slots.size(), owners[i].second + 1));
      slots[owners[i].second] = std::move(tasks[i]);
    }
  }
  return out;
}

bool IsAsStored(const PlanColumn& column, const std::vector<FragmentColumns::Part>& parts) {
  return column.kind == PlanColumn::Kind::kField && !column.has_json && !column.has_blob_bytes &&
         column.flatten_path.empty() && parts.size() == 1 &&
         parts[0].reader->field()->type()->Equals(*column.decoded->type());
}

void CountPagesOf(const PlanColumn& column, const std::vector<FragmentColumns::Part>& parts,
                  size_t fragment, PageCounters* counters) {
  for (size_t part = 0; part < parts.size(); ++part) {
    counters->Add({fragment, column.field.id, part}, parts[part].reader->num_pages(), {});
  }
}

void FragmentRead::CountPages(PageCounters* counters) const {
  std::vector<uint64_t> pages;
  for (size_t column = 0; column < tasks_.size(); ++column) {
    for (size_t part = 0; part < tasks_[column].size(); ++part) {
      if (tasks_[column][part] == nullptr) continue;
      pages.clear();
      tasks_[column][part]->AppendPagesRead(&pages);
      counters->Add({fragment_, plan_.columns()[column].field.id, part},
                    readers_->columns[column][part].reader->num_pages(), pages);
    }
  }
}

arrow::Result<arrow::ArrayVector> FragmentRead::Finish(size_t column) const {
  const PlanColumn& plan_column = plan_.columns()[column];
  if (plan_column.kind != PlanColumn::Kind::kField) {
    ARROW_ASSIGN_OR_RAISE(auto array, SystemColumn(plan_column.kind));
    return arrow::ArrayVector{std::move(array)};
  }
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector arrays, FieldColumn(column));
  arrow::MemoryPool* pool = dataset_.memory_pool();
  if (plan_column.has_json) {
    for (auto& array : arrays) {
      ARROW_ASSIGN_OR_RAISE(array, JsonToText(plan_column.field, array, pool));
    }
  }
  if (plan_column.has_blob_bytes) {
    const FragmentMetadata& fragment = dataset_.fragments()[fragment_];
    for (auto& array : arrays) {
      ARROW_ASSIGN_OR_RAISE(
          array, DescriptionsToBytes(dataset_, fragment, plan_column.field, array, options_));
    }
  }
  for (auto& array : arrays) {
    for (const std::string& name : plan_column.flatten_path) {
      const auto& parent = static_cast<const arrow::StructArray&>(*array);
      ARROW_ASSIGN_OR_RAISE(
          array, parent.GetFlattenedField(parent.struct_type()->GetFieldIndex(name), pool));
    }
  }
  return arrays;
}

arrow::Result<arrow::ArrayVector> FragmentRead::FieldColumn(size_t column) const {
  const PlanColumn& plan_column = plan_.columns()[column];
  const auto& parts = readers_->columns[column];
  arrow::MemoryPool* pool = dataset_.memory_pool();
  auto explain = [&](size_t part, const arrow::Status& status) {
    return Prefix(status, readers_->files[parts[part].file]->object()->path());
  };
  if (parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto nulls,
                          arrow::MakeArrayOfNull(plan_column.decoded->type(), num_rows_, pool));
    return arrow::ArrayVector{std::move(nulls)};
  }
  const bool whole =
      parts.size() == 1 && parts[0].reader->field()->type()->Equals(*plan_column.decoded->type());
  if (whole) {
    auto arrays = tasks_[column][0]->Finish();
    if (!arrays.ok()) return explain(0, arrays.status());
    return arrays;
  }
  arrow::ArrayVector pieces;
  for (size_t part = 0; part < parts.size(); ++part) {
    auto arrays = tasks_[column][part]->Finish();
    if (!arrays.ok()) return explain(part, arrays.status());
    if (arrays->size() == 1) {
      pieces.push_back((*arrays)[0]);
    } else {
      ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(*arrays, pool));
      pieces.push_back(std::move(joined));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto merged, MergeParts(plan_column.decoded->type(), pieces, pool));
  return arrow::ArrayVector{std::move(merged)};
}

arrow::Result<std::shared_ptr<arrow::Array>> FragmentRead::SystemColumn(
    PlanColumn::Kind kind) const {
  const FragmentMetadata& fragment = dataset_.fragments()[fragment_];
  arrow::MemoryPool* pool = dataset_.memory_pool();
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(num_rows_ * 8, pool));
  uint64_t* out = buffer->mutable_data_as<uint64_t>();
  auto each_range = [&](auto&& fill) {
    uint64_t* to = out;
    for (const RowRange& range : rows_) {
      fill(range, to);
      to += range.size();
    }
  };
  auto addresses = [&] {
    each_range([&](const RowRange& range, uint64_t* to) {
      const uint64_t base = fragment.id << 32;
      for (uint64_t row = range.start; row < range.end; ++row) *to++ = base | row;
    });
  };
  std::shared_ptr<const DeletionVector> deletions;
  if (kind == PlanColumn::Kind::kRowOffset || mark_deleted_) {
    ARROW_ASSIGN_OR_RAISE(deletions, dataset_.Deletions(fragment));
  }
  bool null_when_deleted = false;
  switch (kind) {
    case PlanColumn::Kind::kRowId: {
      null_when_deleted = true;
      ARROW_ASSIGN_OR_RAISE(auto ids, dataset_.RowIds(fragment));
      if (ids == nullptr) {
        addresses();
      } else {
        each_range(
            [&](const RowRange& range, uint64_t* to) { ids->Read(range.start, range.size(), to); });
      }
      break;
    }
    case PlanColumn::Kind::kRowAddress:
      null_when_deleted = true;
      addresses();
      break;
    case PlanColumn::Kind::kRowOffset: {
      const uint64_t base = dataset_.live_offsets[fragment_];
      each_range([&](const RowRange& range, uint64_t* to) {
        for (uint64_t row = range.start; row < range.end; ++row) {
          *to++ = base + (deletions != nullptr ? deletions->LiveRowsBefore(row) : row);
        }
      });
      break;
    }
    case PlanColumn::Kind::kCreatedAtVersion:
    case PlanColumn::Kind::kLastUpdatedAtVersion: {
      ARROW_ASSIGN_OR_RAISE(auto versions, kind == PlanColumn::Kind::kCreatedAtVersion
                                               ? dataset_.CreatedAtVersions(fragment)
                                               : dataset_.LastUpdatedAtVersions(fragment));
      each_range([&](const RowRange& range, uint64_t* to) {
        versions->Read(range.start, range.size(), to);
      });
      break;
    }
    case PlanColumn::Kind::kField:
      break;
  }
  std::shared_ptr<arrow::Buffer> validity;
  int64_t null_count = 0;
  if (mark_deleted_ && null_when_deleted && deletions != nullptr) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(num_rows_, pool));
    int64_t at = 0;
    for (const RowRange& range : rows_) {
      for (uint64_t row = range.start; row < range.end; ++row, ++at) {
        if (deletions->Contains(row)) {
          ++null_count;
        } else {
          arrow::bit_util::SetBit(validity->mutable_data(), at);
        }
      }
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::uint64(), num_rows_, {std::move(validity), std::move(buffer)}, null_count));
}

}  // namespace lancea
