#include "readers.h"

#include <algorithm>
#include <cstring>

#include "arrow/csv/options.h"
#include "arrow/csv/reader.h"
#include "arrow/io/file.h"
#include "arrow/io/stdio.h"
#include "arrow/ipc/reader.h"
#include "arrow/json/options.h"
#include "arrow/json/reader.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#ifdef LANCEA_HAVE_PARQUET
#include "parquet/arrow/reader.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#endif

namespace lancea::cli {
namespace {

// Types of text are guessed from the first block, so it is larger than Arrow's 1 MiB.
constexpr int32_t kTextBlockBytes = 8 << 20;
constexpr char kArrowFileMagic[] = "ARROW1";

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

double Share(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
}

// A file, or standard input, whose size is not known.
struct Input {
  std::shared_ptr<arrow::io::InputStream> stream;
  std::shared_ptr<arrow::io::RandomAccessFile> file;  // nullptr: standard input
  int64_t size = 0;
};

arrow::Result<Input> OpenInput(const std::string& path) {
  Input input;
  if (path == "-") {
    input.stream = std::make_shared<arrow::io::StdinStream>();
    return input;
  }
  ARROW_ASSIGN_OR_RAISE(input.file, arrow::io::ReadableFile::Open(path));
  ARROW_ASSIGN_OR_RAISE(input.size, input.file->GetSize());
  input.stream = input.file;
  return input;
}

arrow::Result<RowSource> OpenCsv(const Input& input) {
  auto options = arrow::csv::ReadOptions::Defaults();
  options.block_size = kTextBlockBytes;
  ARROW_ASSIGN_OR_RAISE(
      auto reader, arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), input.stream,
                                                     options, arrow::csv::ParseOptions::Defaults(),
                                                     arrow::csv::ConvertOptions::Defaults()));
  return RowSource{reader, [=, size = input.size] { return Share(reader->bytes_read(), size); }};
}

arrow::Result<RowSource> OpenJsonLines(const Input& input) {
  auto options = arrow::json::ReadOptions::Defaults();
  options.block_size = kTextBlockBytes;
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::json::StreamingReader::Make(input.stream, options,
                                                           arrow::json::ParseOptions::Defaults()));
  return RowSource{reader,
                   [=, size = input.size] { return Share(reader->bytes_processed(), size); }};
}

class ArrowFileReader : public arrow::RecordBatchReader {
 public:
  explicit ArrowFileReader(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file)
      : file_(std::move(file)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    out->reset();
    if (next_ == file_->num_record_batches()) return arrow::Status::OK();
    return file_->ReadRecordBatch(next_++).Value(out);
  }
  double FractionRead() const { return Share(next_, file_->num_record_batches()); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

arrow::Result<RowSource> OpenArrow(const Input& input) {
  if (input.file != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto magic, input.file->ReadAt(0, sizeof(kArrowFileMagic) - 1));
    if (magic->ToString() == kArrowFileMagic) {
      ARROW_ASSIGN_OR_RAISE(auto file, arrow::ipc::RecordBatchFileReader::Open(input.file));
      auto reader = std::make_shared<ArrowFileReader>(std::move(file));
      return RowSource{reader, [=] { return reader->FractionRead(); }};
    }
    ARROW_RETURN_NOT_OK(input.file->Seek(0));
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(input.stream));
  return RowSource{reader, [=] { return Share(input.stream->Tell().ValueOr(0), input.size); }};
}

#ifdef LANCEA_HAVE_PARQUET
class ParquetReader : public arrow::RecordBatchReader {
 public:
  static arrow::Result<std::shared_ptr<ParquetReader>> Open(
      std::shared_ptr<arrow::io::RandomAccessFile> input) {
    ARROW_ASSIGN_OR_RAISE(auto file,
                          parquet::arrow::OpenFile(std::move(input), arrow::default_memory_pool()));
    ARROW_ASSIGN_OR_RAISE(auto batches, file->GetRecordBatchReader());
    return std::shared_ptr<ParquetReader>(new ParquetReader(std::move(file), std::move(batches)));
  }
  std::shared_ptr<arrow::Schema> schema() const override { return batches_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    ARROW_RETURN_NOT_OK(batches_->ReadNext(out));
    if (*out != nullptr) rows_read_ += (*out)->num_rows();
    return arrow::Status::OK();
  }
  double FractionRead() const {
    return Share(rows_read_, file_->parquet_reader()->metadata()->num_rows());
  }

 private:
  ParquetReader(std::unique_ptr<parquet::arrow::FileReader> file,
                std::unique_ptr<arrow::RecordBatchReader> batches)
      : file_(std::move(file)), batches_(std::move(batches)) {}
  std::unique_ptr<parquet::arrow::FileReader> file_;  // outlives the batches' reader
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  int64_t rows_read_ = 0;
};

arrow::Result<RowSource> OpenParquet(const Input& input) {
  if (input.file == nullptr) {
    return arrow::Status::Invalid("parquet cannot be read from standard input");
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, ParquetReader::Open(input.file));
  return RowSource{reader, [=] { return reader->FractionRead(); }};
}
#else
arrow::Result<RowSource> OpenParquet(const Input&) {
  return arrow::Status::NotImplemented("this build of lancea has no Parquet library");
}
#endif

arrow::Result<RowSource> OpenOne(const std::string& path, std::optional<Format> format) {
  if (!format.has_value()) format = FormatOf(path);
  if (!format.has_value()) {
    return arrow::Status::Invalid("cannot tell the format from \"", path,
                                  "\"; name one with --format: parquet, csv, jsonl, arrow");
  }
  ARROW_ASSIGN_OR_RAISE(const Input input, OpenInput(path));
  auto open = [&]() -> arrow::Result<RowSource> {
    switch (*format) {
      case Format::kCsv:
        return OpenCsv(input);
      case Format::kJsonLines:
        return OpenJsonLines(input);
      case Format::kArrow:
        return OpenArrow(input);
      case Format::kParquet:
        return OpenParquet(input);
    }
    return arrow::Status::NotImplemented("input format");
  };
  arrow::Result<RowSource> source = open();
  if (!source.ok()) {
    return source.status().WithMessage(path, ": ", source.status().message());
  }
  if (input.file == nullptr) source->fraction_read = nullptr;
  return source;
}

// Files one after another.
class FilesReader : public arrow::RecordBatchReader {
 public:
  FilesReader(std::vector<std::string> paths, std::optional<Format> format, RowSource first)
      : paths_(std::move(paths)),
        format_(format),
        schema_(first.reader->schema()),
        current_(std::move(first)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    while (true) {
      arrow::Status status = current_.reader->ReadNext(out);
      if (!status.ok()) return status.WithMessage(paths_[position_], ": ", status.message());
      if (*out != nullptr || position_ + 1 == paths_.size()) return status;
      ++position_;
      ARROW_ASSIGN_OR_RAISE(current_, OpenOne(paths_[position_], format_));
      const auto& found = current_.reader->schema();
      if (!found->Equals(*schema_, /*check_metadata=*/false)) {
        return arrow::Status::Invalid(paths_[position_], " has other columns than ", paths_[0],
                                      "\n", paths_[0], ":\n", schema_->ToString(), "\n",
                                      paths_[position_], ":\n", found->ToString());
      }
    }
  }

  double FractionRead() const {
    const double here = current_.fraction_read ? current_.fraction_read() : 0;
    return (static_cast<double>(position_) + here) / static_cast<double>(paths_.size());
  }

 private:
  std::vector<std::string> paths_;
  std::optional<Format> format_;
  std::shared_ptr<arrow::Schema> schema_;
  RowSource current_;
  size_t position_ = 0;
};

}  // namespace

arrow::Result<RowSource> OpenSource(std::vector<std::string> paths, std::optional<Format> format) {
  ARROW_ASSIGN_OR_RAISE(RowSource first, OpenOne(paths[0], format));
  if (paths.size() == 1) return first;
  auto reader = std::make_shared<FilesReader>(std::move(paths), format, std::move(first));
  return RowSource{reader, [=] { return reader->FractionRead(); }};
}

}  // namespace lancea::cli
