// What tests of writing share: an object that can fail at any call, field writers that store int64 plainly
// as 2.0 does, and a read of everything in a file.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/builder_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/encoding/v2_0/field_reader.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/file/data_file_writer.h"
#include "lancea/file/run_tasks.h"
#include "lancea/io/check_range.h"
#include "lancea/proto/encodings_v2_0.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {

/// What became of an object that was written.
struct WrittenBytes {
  std::string bytes;
  int calls = 0;     ///< of Write, WriteMany and Finish
  int fail_at = -1;  ///< the call that fails, from 0
  bool finished = false;
  bool aborted = false;
};

class BytesWriter : public ObjectWriter {
 public:
  explicit BytesWriter(std::shared_ptr<WrittenBytes> out) : out_(std::move(out)) {}
  ~BytesWriter() override {
    if (!out_->finished) out_->aborted = true;
  }
  arrow::Status Write(std::span<const uint8_t> bytes) override {
    ARROW_RETURN_NOT_OK(Call());
    out_->bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return arrow::Status::OK();
  }
  arrow::Status WriteMany(std::span<const std::shared_ptr<arrow::Buffer>> buffers) override {
    ARROW_RETURN_NOT_OK(Call());
    for (const auto& buffer : buffers) out_->bytes += buffer->ToString();
    return arrow::Status::OK();
  }
  uint64_t position() const override { return out_->bytes.size(); }
  arrow::Status Finish() override {
    ARROW_RETURN_NOT_OK(Call());
    out_->finished = true;
    return arrow::Status::OK();
  }
  arrow::Status Abort() override {
    if (!out_->finished) out_->aborted = true;
    return arrow::Status::OK();
  }

 private:
  arrow::Status Call() {
    if (out_->calls++ == out_->fail_at) return arrow::Status::IOError("no space left on device");
    return arrow::Status::OK();
  }
  const std::shared_ptr<WrittenBytes> out_;
};

/// Bytes that can be read; not in memory: every read is a copy of its own.
class BytesReader : public ObjectReader {
 public:
  BytesReader(std::string bytes, bool is_memory)
      : bytes_(arrow::Buffer::FromString(std::move(bytes))), is_memory_(is_memory) {}
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  const std::string& path() const override { return path_; }
  bool is_memory() const override { return is_memory_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    ARROW_RETURN_NOT_OK(CheckRange(range, size(), path_));
    auto view = arrow::SliceBuffer(bytes_, static_cast<int64_t>(range.offset),
                                   static_cast<int64_t>(range.length));
    if (is_memory_) return view;
    return arrow::Buffer::FromString(view->ToString());
  }

 private:
  const std::shared_ptr<arrow::Buffer> bytes_;
  const bool is_memory_;
  const std::string path_ = "dir/data.lance";
};

/// Stores an int64 field as flat pages of 2.0; a page is cut when its values take column_buffer_bytes.
class PlainInt64Writer : public FieldWriter {
 public:
  PlainInt64Writer(int32_t id, uint64_t page_bytes) : ids_{id}, page_bytes_(page_bytes) {}

  /// As a FieldWriterFactory.
  static arrow::Result<std::unique_ptr<FieldWriter>> Make(const Field& field,
                                                          const std::shared_ptr<arrow::Field>&,
                                                          const EncodingOptions&,
                                                          const PageLimits& limits,
                                                          OutOfLineWriter*, arrow::MemoryPool*) {
    if (field.logical_type != "int64") return Unsupported("only int64");
    return std::make_unique<PlainInt64Writer>(field.id, limits.column_buffer_bytes);
  }

  const std::vector<int32_t>& column_field_ids() const override { return ids_; }
  arrow::Result<std::vector<PendingPage>> Append(
      const std::shared_ptr<arrow::Array>& rows) override {
    gathered_.push_back(rows);
    num_gathered_ += rows->length();
    std::vector<PendingPage> out;
    if (buffered_bytes() >= page_bytes_) out.push_back(Cut());
    return out;
  }
  arrow::Result<std::vector<PendingPage>> Finish() override {
    std::vector<PendingPage> out;
    if (num_gathered_ > 0) out.push_back(Cut());
    return out;
  }
  std::vector<EncodingBlob> column_encodings() const override {
    lance::encodings::ColumnEncoding encoding;
    encoding.mutable_values();
    return {{"/lance.encodings.ColumnEncoding", encoding.SerializeAsString()}};
  }
  uint64_t buffered_bytes() const override { return static_cast<uint64_t>(num_gathered_) * 8; }

 private:
  PendingPage Cut() {
    PendingPage page;
    page.bytes = buffered_bytes();
    page.encode = [arrays = std::move(gathered_),
                   first = first_row_]() -> arrow::Result<std::vector<EncodedPage>> {
      ARROW_ASSIGN_OR_RAISE(auto all, arrow::Concatenate(arrays));
      lance::encodings::ArrayEncoding encoding;
      auto* flat =
          encoding.mutable_nullable()->mutable_no_nulls()->mutable_values()->mutable_flat();
      flat->set_bits_per_value(64);
      flat->mutable_buffer()->set_buffer_index(0);
      EncodedPage out;
      out.buffers = {all->data()->buffers[1]};
      out.buffers[0] = arrow::SliceBuffer(out.buffers[0], 0, all->length() * 8);
      out.encoding = {v2_0::kArrayEncodingUrl, encoding.SerializeAsString()};
      out.num_rows = static_cast<uint64_t>(all->length());
      out.first_row = first;
      return std::vector<EncodedPage>{std::move(out)};
    };
    first_row_ += static_cast<uint64_t>(num_gathered_);
    num_gathered_ = 0;
    gathered_.clear();
    return page;
  }
  const std::vector<int32_t> ids_;
  const uint64_t page_bytes_;
  arrow::ArrayVector gathered_;
  int64_t num_gathered_ = 0;
  uint64_t first_row_ = 0;
};

/// Columns "a", "b" ... of int64, not nullable, of different values.
inline std::shared_ptr<arrow::RecordBatch> Int64Batch(int num_columns, int64_t num_rows,
                                                      int64_t first = 0) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (int column = 0; column < num_columns; ++column) {
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < num_rows; ++i) {
      EXPECT_TRUE(builder.Append((first + i) * 7919 + column).ok());
    }
    fields.push_back(arrow::field(std::string(1, static_cast<char>('a' + column)), arrow::int64(),
                                  /*nullable=*/false));
    arrays.push_back(builder.Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), num_rows, arrays);
}

/// The rows of every column, and every global buffer, so that every byte that matters is read.
inline arrow::Result<arrow::ArrayVector> ReadAll(const DataFileReader& file) {
  ARROW_ASSIGN_OR_RAISE(Schema schema, file.ReadSchema());
  ARROW_ASSIGN_OR_RAISE(FieldColumns columns, file.OwnFieldColumns(schema));
  for (int32_t i = 0; i < file.num_global_buffers(); ++i) {
    ARROW_RETURN_NOT_OK(file.ReadGlobalBuffer(i));
  }
  arrow::ArrayVector out;
  for (const Field& field : schema.fields) {
    ARROW_ASSIGN_OR_RAISE(auto arrow_field, ToArrow(field));
    ARROW_ASSIGN_OR_RAISE(auto reader, file.MakeFieldReader(field, arrow_field, columns));
    std::vector<std::unique_ptr<ReadTask>> tasks;
    const RowRange all{0, file.num_rows()};
    if (all.size() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Read({&all, 1}, arrow::default_memory_pool()));
    tasks.push_back(std::move(task));
    ARROW_RETURN_NOT_OK(RunTasks(*file.object(), tasks, {}));
    ARROW_ASSIGN_OR_RAISE(auto arrays, tasks[0]->Finish());
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::Concatenate(arrays));
    out.push_back(std::move(array));
  }
  return out;
}

/// Open the bytes and read everything.
inline arrow::Result<arrow::ArrayVector> ReadAll(std::string bytes, bool is_memory = true,
                                                 DataFileOptions options = {
                                                     .verify_checksums = true}) {
  ARROW_ASSIGN_OR_RAISE(
      auto file, DataFileReader::Open(std::make_shared<BytesReader>(std::move(bytes), is_memory),
                                      nullptr, options));
  return ReadAll(*file);
}

/// A file of plain int64 columns.
struct PlainFile {
  FileWriteOptions options{.format = FileFormat::k2_0};
  int num_columns = 2;
  int64_t num_rows = 1000;
  int64_t batch_rows = 100;
  std::vector<std::string> global_buffers;

  arrow::Result<WrittenFile> Write(const std::shared_ptr<WrittenBytes>& out) const {
    ARROW_ASSIGN_OR_RAISE(Schema schema, FromArrow(*Int64Batch(num_columns, 0)->schema()));
    ARROW_ASSIGN_OR_RAISE(auto writer,
                          DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema, options,
                                               PlainInt64Writer::Make));
    for (int64_t row = 0; row < num_rows; row += batch_rows) {
      ARROW_RETURN_NOT_OK(
          writer->Write(*Int64Batch(num_columns, std::min(batch_rows, num_rows - row), row)));
    }
    for (const std::string& bytes : global_buffers) {
      ARROW_RETURN_NOT_OK(writer->AddGlobalBuffer(arrow::Buffer::FromString(bytes)));
    }
    return writer->Finish();
  }
  std::string Bytes() const {
    auto out = std::make_shared<WrittenBytes>();
    auto written = Write(out);
    EXPECT_TRUE(written.ok()) << written.status();
    EXPECT_TRUE(out->finished);
    return out->bytes;
  }
};

}  // namespace lancea
