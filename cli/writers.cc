#include "writers.h"

#include "arrow/array/array_base.h"
#include "arrow/io/file.h"
#include "arrow/ipc/writer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "standard_output.h"
#include "value_text.h"
#ifdef LANCEA_HAVE_PARQUET
#include "arrow/util/compression.h"
#include "parquet/arrow/writer.h"
#include "parquet/properties.h"
#endif

namespace lancea::cli {
namespace {

using Sink = std::shared_ptr<arrow::io::OutputStream>;

constexpr size_t kFlushBytes = 1 << 20;

class TextWriter : public BatchWriter {
 public:
  explicit TextWriter(Sink sink) : sink_(std::move(sink)) {}
  arrow::Status Write(const arrow::RecordBatch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      AppendRow(batch, row, &text_);
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(Flush());
    }
    return Flush();
  }
  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(Flush());
    return sink_->Close();
  }

 protected:
  virtual void AppendRow(const arrow::RecordBatch& batch, int64_t row, std::string* out) = 0;
  std::string text_;

 private:
  arrow::Status Flush() {
    arrow::Status status = sink_->Write(text_.data(), static_cast<int64_t>(text_.size()));
    text_.clear();
    return status;
  }
  Sink sink_;
};

// RFC 4180: quotes only where the value needs them, so that null (nothing) and "" stay different.
void AppendCsv(std::string_view value, bool is_null, std::string* out) {
  if (is_null) return;
  if (!value.empty() && value.find_first_of(",\"\r\n") == std::string_view::npos) {
    *out += value;
    return;
  }
  *out += '"';
  for (char c : value) {
    if (c == '"') *out += '"';
    *out += c;
  }
  *out += '"';
}

class CsvWriter : public TextWriter {
 public:
  CsvWriter(Sink sink, const arrow::Schema& schema) : TextWriter(std::move(sink)) {
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (i > 0) text_ += ',';
      AppendCsv(schema.field(i)->name(), false, &text_);
    }
    text_ += '\n';
  }

 protected:
  void AppendRow(const arrow::RecordBatch& batch, int64_t row, std::string* out) override {
    for (int i = 0; i < batch.num_columns(); ++i) {
      if (i > 0) *out += ',';
      value_.clear();
      AppendPlain(*batch.column(i), row, &value_);
      AppendCsv(value_, batch.column(i)->IsNull(row), out);
    }
    *out += '\n';
  }

 private:
  std::string value_;
};

class JsonLinesWriter : public TextWriter {
 public:
  JsonLinesWriter(Sink sink, const arrow::Schema& schema) : TextWriter(std::move(sink)) {
    for (const auto& field : schema.fields()) {
      std::string key = keys_.empty() ? "{" : ",";
      AppendJsonString(field->name(), &key);
      keys_.push_back(key + ":");
    }
  }

 protected:
  void AppendRow(const arrow::RecordBatch& batch, int64_t row, std::string* out) override {
    if (keys_.empty()) *out += '{';
    for (int i = 0; i < batch.num_columns(); ++i) {
      *out += keys_[static_cast<size_t>(i)];
      AppendJson(*batch.column(i), row, out);
    }
    *out += "}\n";
  }

 private:
  std::vector<std::string> keys_;  // each with what stands before it
};

class ArrowWriter : public BatchWriter {
 public:
  static arrow::Result<std::unique_ptr<BatchWriter>> Make(
      Sink sink, bool is_stream, const std::shared_ptr<arrow::Schema>& schema) {
    auto writer = is_stream ? arrow::ipc::MakeStreamWriter(sink, schema)
                            : arrow::ipc::MakeFileWriter(sink, schema);
    ARROW_RETURN_NOT_OK(writer.status());
    return std::unique_ptr<BatchWriter>(new ArrowWriter(std::move(sink), *std::move(writer)));
  }
  arrow::Status Write(const arrow::RecordBatch& batch) override {
    return writer_->WriteRecordBatch(batch);
  }
  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(writer_->Close());
    return sink_->Close();
  }

 private:
  ArrowWriter(Sink sink, std::shared_ptr<arrow::ipc::RecordBatchWriter> writer)
      : sink_(std::move(sink)), writer_(std::move(writer)) {}
  Sink sink_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

#ifdef LANCEA_HAVE_PARQUET
class ParquetWriter : public BatchWriter {
 public:
  static arrow::Result<std::unique_ptr<BatchWriter>> Make(
      Sink sink, const std::shared_ptr<arrow::Schema>& schema) {
    auto properties =
        parquet::WriterProperties::Builder().compression(arrow::Compression::ZSTD)->build();
    auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(
        auto writer, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), sink,
                                                      properties, arrow_properties));
    return std::unique_ptr<BatchWriter>(new ParquetWriter(std::move(sink), std::move(writer)));
  }
  arrow::Status Write(const arrow::RecordBatch& batch) override {
    return writer_->WriteRecordBatch(batch);
  }
  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(writer_->Close());
    return sink_->Close();
  }

 private:
  ParquetWriter(Sink sink, std::unique_ptr<parquet::arrow::FileWriter> writer)
      : sink_(std::move(sink)), writer_(std::move(writer)) {}
  Sink sink_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};
#endif

arrow::Result<Sink> OpenSink(const std::string& path) {
  if (path.empty()) return MakeStandardOutput();
  return arrow::io::FileOutputStream::Open(path);
}

}  // namespace

std::vector<std::string> StreamFormatNames() { return {"csv", "jsonl", "arrow"}; }

std::optional<Format> FormatOf(const std::string& name) {
  const std::string word = name.substr(name.rfind('.') + 1);
  if (word == "csv") return Format::kCsv;
  if (word == "jsonl" || word == "ndjson") return Format::kJsonLines;
  if (word == "arrow" || word == "arrows" || word == "feather" || word == "ipc")
    return Format::kArrow;
  if (word == "parquet" || word == "pq") return Format::kParquet;
  return std::nullopt;
}

arrow::Result<std::unique_ptr<BatchWriter>> MakeWriter(
    Format format, const std::string& path, const std::shared_ptr<arrow::Schema>& schema) {
#ifndef LANCEA_HAVE_PARQUET
  if (format == Format::kParquet) {
    return arrow::Status::NotImplemented("this build of lancea has no Parquet library");
  }
#endif
  ARROW_ASSIGN_OR_RAISE(Sink sink, OpenSink(path));
  switch (format) {
    case Format::kCsv:
      return std::make_unique<CsvWriter>(std::move(sink), *schema);
    case Format::kJsonLines:
      return std::make_unique<JsonLinesWriter>(std::move(sink), *schema);
    case Format::kArrow:
      return ArrowWriter::Make(std::move(sink), path.empty(), schema);
    case Format::kParquet:
#ifdef LANCEA_HAVE_PARQUET
      return ParquetWriter::Make(std::move(sink), schema);
#else
      break;
#endif
  }
  return arrow::Status::NotImplemented("output format");
}

arrow::Result<int64_t> WriteAll(arrow::RecordBatchReader& reader, BatchWriter& writer) {
  int64_t rows = 0;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer.Write(*batch));
    rows += batch->num_rows();
  }
  ARROW_RETURN_NOT_OK(writer.Close());
  return rows;
}

}  // namespace lancea::cli
