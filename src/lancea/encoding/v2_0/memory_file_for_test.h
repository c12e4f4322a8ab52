// A 2.0 file in memory, for tests: what a field writer makes, as a field reader wants it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/memory_pool.h"
#include "lancea/encoding/v2_0/field_reader.h"
#include "lancea/encoding/v2_0/field_writer.h"
#include "lancea/schema/field.h"

namespace lancea::v2_0 {

class MemoryFile : public ColumnSource, public OutOfLineWriter {
 public:
  /// Write arrays as one top-level field.
  arrow::Status Write(const Field& field, const arrow::ArrayVector& arrays,
                      const PageLimits& limits) {
    field_ = field;
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    ARROW_ASSIGN_OR_RAISE(auto arrow_field, ToArrow(field));
    EncodingOptions options;
    options.format = FileFormat::k2_0;
    ARROW_ASSIGN_OR_RAISE(auto writer,
                          MakeFieldWriter(field, arrow_field, options, limits, this, pool));
    const std::vector<int32_t> ids = writer->column_field_ids();
    for (size_t i = 0; i < ids.size(); ++i) {
      columns_[ids[i]] = std::make_shared<ColumnInfo>();
      columns_[ids[i]]->index = static_cast<int32_t>(i);
      columns_[ids[i]]->encoding = writer->column_encodings()[i];
    }
    for (const auto& array : arrays) {
      num_rows_ += static_cast<uint64_t>(array->length());
      ARROW_ASSIGN_OR_RAISE(auto pages, writer->Append(array));
      ARROW_RETURN_NOT_OK(Put(ids, std::move(pages)));
    }
    ARROW_ASSIGN_OR_RAISE(auto pages, writer->Finish());
    ARROW_RETURN_NOT_OK(Put(ids, std::move(pages)));
    return arrow::Status::OK();
  }

  /// The rows of the ranges: one array unless they are dictionaries of several pages.
  arrow::Result<arrow::ArrayVector> ReadArrays(std::span<const RowRange> ranges) const {
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    ARROW_ASSIGN_OR_RAISE(auto decoded, ToArrowAsRead(field_));
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeFieldReader(field_, decoded, *this));
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Read(ranges, pool));
    while (!task->needs().empty()) {
      std::vector<std::shared_ptr<arrow::Buffer>> buffers;
      for (const ByteRange& range : task->needs()) {
        if (range.offset > bytes_.size() || range.length > bytes_.size() - range.offset) {
          return arrow::Status::IOError("read past the end of the file");
        }
        buffers.push_back(arrow::Buffer::FromString(bytes_.substr(range.offset, range.length)));
      }
      ARROW_RETURN_NOT_OK(task->Supply(std::move(buffers)));
    }
    ARROW_ASSIGN_OR_RAISE(auto arrays, task->Finish());
    for (const auto& array : arrays) ARROW_RETURN_NOT_OK(array->ValidateFull());
    if (decoded->type()->id() == arrow::Type::DICTIONARY) return arrays;
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(arrays, pool));
    return arrow::ArrayVector{std::move(joined)};
  }

  /// The same, of one array.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(std::span<const RowRange> ranges) const {
    ARROW_ASSIGN_OR_RAISE(auto arrays, ReadArrays(ranges));
    if (arrays.size() != 1) return arrow::Status::Invalid(arrays.size(), " arrays");
    return arrays[0];
  }

  uint64_t num_rows() const override { return num_rows_; }
  uint64_t file_size() const override { return bytes_.size(); }
  arrow::Result<std::shared_ptr<const ColumnInfo>> Column(int32_t field_id) const override {
    auto found = columns_.find(field_id);
    return found == columns_.end() ? nullptr : found->second;
  }
  arrow::Result<std::shared_ptr<const ColumnInfo>> ColumnBehind(
      const ColumnInfo& column) const override {
    for (const auto& [id, other] : columns_) {
      if (other->index == column.index + 1) return other;
    }
    return nullptr;
  }
  /// Read what was written as another field of the same id.
  void ReadAs(Field field) { field_ = std::move(field); }
  const ColumnInfo& column(int32_t field_id) const { return *columns_.at(field_id); }
  const std::string& bytes() const { return bytes_; }

  arrow::Result<uint64_t> Write(const std::shared_ptr<arrow::Buffer>& buffer) override {
    bytes_.resize((bytes_.size() + 63) / 64 * 64, 'H');
    const uint64_t position = bytes_.size();
    bytes_ += buffer->ToString();
    return position;
  }

 private:
  arrow::Status Put(const std::vector<int32_t>& ids, std::vector<PendingPage> pending) {
    for (PendingPage& page : pending) {
      ARROW_ASSIGN_OR_RAISE(auto encoded, page.encode());
      ColumnInfo& column = *columns_.at(ids.at(static_cast<size_t>(page.column)));
      for (EncodedPage& part : encoded) {
        PageInfo info;
        info.num_rows = part.num_rows;
        info.first_row = column.num_rows;
        info.encoding = std::move(part.encoding);
        for (const auto& buffer : part.buffers) {
          ARROW_ASSIGN_OR_RAISE(uint64_t position, Write(buffer));
          info.buffers.push_back({position, static_cast<uint64_t>(buffer->size())});
        }
        column.num_rows += part.num_rows;
        column.pages.push_back(std::move(info));
      }
    }
    return arrow::Status::OK();
  }

  Field field_;
  std::map<int32_t, std::shared_ptr<ColumnInfo>> columns_;
  uint64_t num_rows_ = 0;
  std::string bytes_;
};

}  // namespace lancea::v2_0
