#include "lancea/exec/sorted_run.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "arrow/io/file.h"
#include "arrow/ipc/reader.h"
#include "arrow/ipc/writer.h"

namespace lancea {

SortedRun::~SortedRun() = default;

arrow::Result<std::unique_ptr<SortedRun>> SortedRun::Make(
    const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return arrow::Status::IOError("no folder for temporary files: ", error.message());
  std::string name = (folder / "lancea-sort-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) return arrow::Status::IOError("cannot create ", name, ": ", strerror(errno));
  ::unlink(name.c_str());
  const int for_writing = ::dup(file);
  std::unique_ptr<SortedRun> out(new SortedRun(pool));
  auto reading = arrow::io::ReadableFile::Open(file, pool);
  if (!reading.ok() || for_writing < 0) {
    ::close(file);
    return arrow::Status::IOError("cannot use ", name);
  }
  out->file_ = *std::move(reading);
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = pool;
  ARROW_ASSIGN_OR_RAISE(out->sink_, arrow::io::FileOutputStream::Open(for_writing));
  ARROW_ASSIGN_OR_RAISE(out->writer_, arrow::ipc::MakeStreamWriter(out->sink_, schema, options));
  return out;
}

arrow::Status SortedRun::Add(const arrow::RecordBatch& rows) {
  num_rows_ += static_cast<uint64_t>(rows.num_rows());
  return writer_->WriteRecordBatch(rows);
}

arrow::Status SortedRun::Finish() {
  ARROW_RETURN_NOT_OK(writer_->Close());
  writer_.reset();
  ARROW_ASSIGN_OR_RAISE(num_bytes_, sink_->Tell());
  ARROW_RETURN_NOT_OK(sink_->Close());
  sink_.reset();
  ARROW_RETURN_NOT_OK(file_->Seek(0));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool_;
  return arrow::ipc::RecordBatchStreamReader::Open(file_, options).Value(&reader_);
}

arrow::Status SortedRun::Next(std::shared_ptr<arrow::RecordBatch>* batch) {
  return reader_->ReadNext(batch);
}

}  // namespace lancea
