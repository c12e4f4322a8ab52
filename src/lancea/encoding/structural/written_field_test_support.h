// What a field writer wrote, as a file in memory that the project's own reader opens.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/memory_pool.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "lancea/encoding/structural/field_reader.h"
#include "lancea/encoding/structural/field_writer.h"
#include "lancea/encoding/structural/make_page.h"
#include "lancea/schema/field.h"

namespace lancea {

/// Pages and blobs of one field, back to back.
class WrittenField : public ColumnSource, public OutOfLineWriter {
 public:
  /// Write chunks of one field; nothing is kept of them but bytes.
  static arrow::Result<std::unique_ptr<WrittenField>> Write(
      const std::shared_ptr<arrow::Field>& arrow_field, const arrow::ArrayVector& chunks,
      const EncodingOptions& options, const PageLimits& limits = {}) {
    auto out = std::unique_ptr<WrittenField>(new WrittenField());
    ARROW_ASSIGN_OR_RAISE(Schema schema, FromArrow(*arrow::schema({arrow_field})));
    out->field_ = schema.fields.front();
    ARROW_ASSIGN_OR_RAISE(out->arrow_field_, ToArrow(out->field_));
    ARROW_ASSIGN_OR_RAISE(
        auto writer, MakeFieldWriter(out->field_, out->arrow_field_, options, limits, out.get(),
                                     arrow::default_memory_pool()));
    for (size_t i = 0; i < writer->column_field_ids().size(); ++i) {
      auto column = std::make_shared<ColumnInfo>();
      column->index = static_cast<int32_t>(i);
      column->encoding = writer->column_encodings()[i];
      out->columns_[writer->column_field_ids()[i]] = column;
      out->by_index_.push_back(std::move(column));
    }
    std::vector<PendingPage> pending;
    for (const auto& chunk : chunks) {
      out->num_rows_ += static_cast<uint64_t>(chunk->length());
      ARROW_ASSIGN_OR_RAISE(auto pages, writer->Append(chunk));
      std::move(pages.begin(), pages.end(), std::back_inserter(pending));
    }
    ARROW_ASSIGN_OR_RAISE(auto pages, writer->Finish());
    std::move(pages.begin(), pages.end(), std::back_inserter(pending));
    for (const PendingPage& page : pending) {
      ARROW_ASSIGN_OR_RAISE(auto encoded, page.encode());
      for (const EncodedPage& one : encoded) out->Add(page.column, one);
    }
    return out;
  }

  uint64_t num_rows() const override { return num_rows_; }
  uint64_t file_size() const override { return bytes_.size(); }
  arrow::Result<std::shared_ptr<const ColumnInfo>> Column(int32_t field_id) const override {
    auto it = columns_.find(field_id);
    return it == columns_.end() ? nullptr : it->second;
  }
  const std::vector<PageInfo>& pages(size_t column = 0) const { return by_index_[column]->pages; }
  const std::string& bytes() const { return bytes_; }

  arrow::Result<uint64_t> Write(const std::shared_ptr<arrow::Buffer>& bytes) override {
    return Put(*bytes);
  }

  /// The layout of a page, e.g. "miniblock(flat(32))".
  std::string Describe(size_t page = 0, size_t column = 0) const {
    return DescribePageLayout(pages(column)[page]).ValueOrDie();
  }

  /// Rows as scans give them: blobs as descriptions.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(std::vector<RowRange> ranges,
                                                    const PageFactory& make_page = MakePage) const {
    ARROW_ASSIGN_OR_RAISE(auto as_read, ToArrowAsRead(field_));
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          MakeStructuralFieldReader(field_, as_read, *this, make_page));
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Read(ranges, arrow::default_memory_pool()));
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
    if (arrays.size() == 1) return arrays[0];
    return arrow::Concatenate(arrays);
  }
  arrow::Result<std::shared_ptr<arrow::Array>> ReadAll() const { return Read({{0, num_rows_}}); }

 private:
  WrittenField() = default;

  uint64_t Put(const arrow::Buffer& bytes) {
    bytes_.resize((bytes_.size() + 63) / 64 * 64, 'H');
    const uint64_t position = bytes_.size();
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(bytes.size()));
    return position;
  }

  void Add(int column, const EncodedPage& page) {
    PageInfo info;
    for (const auto& buffer : page.buffers) {
      const uint64_t position = Put(*buffer);
      info.buffers.push_back({position, static_cast<uint64_t>(buffer->size())});
    }
    info.num_rows = page.num_rows;
    info.first_row = by_index_[column]->num_rows;
    info.encoding = page.encoding;
    by_index_[column]->num_rows += page.num_rows;
    by_index_[column]->pages.push_back(std::move(info));
  }

  Field field_;
  std::shared_ptr<arrow::Field> arrow_field_;
  std::string bytes_ = std::string(64, 'H');  // a blob never lies at 0
  uint64_t num_rows_ = 0;
  std::map<int32_t, std::shared_ptr<ColumnInfo>> columns_;
  std::vector<std::shared_ptr<ColumnInfo>> by_index_;
};

}  // namespace lancea
